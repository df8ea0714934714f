"""`biascope solve` from outside, against SciPy's solvers as independent judges."""
import json
import os
import subprocess

import numpy as np
import pytest
from scipy.optimize import linprog, minimize, nnls
from scipy.sparse import csr_matrix

BIASCOPE = os.environ["BIASCOPE"]
DATA = os.environ["BIASCOPE_TEST_DATA"]


def run(*arguments):
    return subprocess.run([BIASCOPE, "solve", *map(str, arguments)], capture_output=True, text=True)


def solve(path, norm, *arguments):
    result = run(path, "--norm", norm, "--json", *arguments)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def save(tmp_path, x, name="data.npy"):
    path = tmp_path / name
    np.save(path, np.asarray(x, dtype=float))
    return path


def separable(seed, samples=12, features=6, margin=0.2):
    rng = np.random.default_rng(seed)
    w = rng.standard_normal(features)
    w /= np.linalg.norm(w)
    x = rng.standard_normal((samples, features))
    z = x @ w
    return np.sign(z)[:, None] * (x + np.outer(np.sign(z) * margin, w))


def norm_of(norm, w, metric=None):
    if norm == "mahalanobis":
        return np.sqrt(np.sum(metric * w * w))
    return np.linalg.norm(w, ord=np.inf if norm == "linf" else float(norm[1:]))


def judge(norm, x, metric=None):
    """The best margin by an independent solver."""
    n, d = x.shape
    if norm in ("l2", "mahalanobis"):  # the shortest point of the hull
        scaled = x / np.sqrt(metric) if norm == "mahalanobis" else x
        weight = 1e4
        c, _ = nnls(np.vstack([scaled.T, np.full(n, weight)]), np.append(np.zeros(d), weight), maxiter=10000)
        return np.linalg.norm(scaled.T @ c) / c.sum()
    if norm == "linf":
        best = linprog(np.append(np.zeros(d), -1), np.hstack([-x, np.ones((n, 1))]), np.zeros(n),
                       bounds=[(-1, 1)] * d + [(None, None)], method="highs")
        return -best.fun
    if norm == "l1":
        best = linprog(np.append(np.zeros(2 * d), -1), np.hstack([-x, x, np.ones((n, 1))]), np.zeros(n),
                       A_eq=[[1] * (2 * d) + [0]], b_eq=[1], bounds=[(0, None)] * (2 * d) + [(None, None)], method="highs")
        return -best.fun
    p = float(norm[1:])
    start = np.linalg.lstsq(x, np.ones(n), rcond=None)[0]
    best = minimize(lambda w: np.sum(np.abs(w) ** p) / p, start, jac=lambda w: np.sign(w) * np.abs(w) ** (p - 1), method="SLSQP",
                    constraints={"type": "ineq", "fun": lambda w: x @ w - 1, "jac": lambda w: x},
                    options={"maxiter": 1000, "ftol": 1e-14})
    return np.min(x @ best.x) / norm_of(norm, best.x)


def check_certificate(report, x, metric=None, tolerance=1e-10):
    """min x_i.w / ||w|| <= best <= ||X'c||_dual, recomputed here."""
    norm, w, c = report["norm"], np.array(report["direction"]), np.array(report["dual"])
    u = x.T @ c
    dual = {"l2": 2, "linf": 1, "l1": np.inf}.get(norm)
    if norm == "mahalanobis":
        bound = np.sqrt(np.sum(u * u / metric))
    else:
        p = float(norm[1:]) if dual is None else None
        bound = np.linalg.norm(u, ord=dual if dual is not None else p / (p - 1))
    assert np.min(x @ w) / norm_of(norm, w, metric) == pytest.approx(report["margin"], rel=1e-12)
    assert bound == pytest.approx(report["upper_bound"], rel=1e-12)
    assert norm_of(norm, w, metric) == pytest.approx(1, rel=1e-14)
    assert 0 <= report["gap"] <= tolerance
    assert np.all(c >= 0) and c.sum() == pytest.approx(1, abs=1e-14)
    assert report["support"] == list(np.flatnonzero(c > 0))


def test_reference_margins():
    reference = json.load(open(f"{DATA}/gaussian-10x50.reference.json"))
    path = f"{DATA}/gaussian-10x50.csv"
    l2, linf = solve(path, "l2"), solve(path, "linf")
    assert l2["margin"] == pytest.approx(reference["l2_margin"], rel=1e-9)
    assert linf["margin"] == pytest.approx(reference["linf_margin"], rel=1e-9)
    cosine = np.dot(l2["direction"], linf["direction"]) / np.linalg.norm(linf["direction"])
    assert cosine == pytest.approx(reference["cos_l2_linf"], abs=1e-9)


@pytest.mark.parametrize("norm", ["l2", "linf", "l1", "l1.5", "l3", "l4.2"])
@pytest.mark.parametrize("shape", [(12, 6), (6, 12), (1, 4), (5, 1)])
def test_margins_agree_with_scipy(norm, shape, tmp_path):
    for seed in range(3):
        x = separable(seed, *shape)
        report = solve(save(tmp_path, x), norm)
        check_certificate(report, x)
        # SLSQP stops earlier than its tolerance says; it can only find less
        best = judge(norm, x)
        assert report["margin"] == pytest.approx(best, rel=1e-6 if norm[1:2] in "134" and norm != "l1" else 1e-8)


def test_mahalanobis_agrees_with_scipy(tmp_path):
    for seed in range(5):
        x, metric = separable(seed), np.exp(np.random.default_rng(seed).standard_normal(6))
        report = solve(save(tmp_path, x), "mahalanobis", "--metric", save(tmp_path, metric[None, :], "metric.npy"))
        check_certificate(report, x, metric)
        assert report["margin"] == pytest.approx(judge("mahalanobis", x, metric), rel=1e-8)


def test_mahalanobis_takes_the_metric_of_adamproxys_fixed_point(tmp_path):
    path = f"{DATA}/gaussian-10x50.csv"
    reference = json.load(open(f"{DATA}/gaussian-10x50.reference.json"))
    report = solve(path, "mahalanobis")
    x, metric, c = np.loadtxt(path, delimiter=","), np.array(report["metric"]), np.array(report["dual"])
    check_certificate(report, x, metric)
    # M(c) = sqrt(sum_j c_j^2 x_j^2) of the solution's own dual, up to scale: it is a fixed point
    own = np.sqrt((c**2) @ (x**2))
    assert np.allclose(own / own[0], metric / metric[0], rtol=1e-6)
    l2 = np.array(solve(path, "l2")["direction"])
    w = np.array(report["direction"])
    assert w @ l2 / np.linalg.norm(w) == pytest.approx(reference["cos_proxy_l2"], abs=1e-9)


def test_mahalanobis_without_a_fixed_point_gives_the_farkas_certificate(tmp_path):
    result = run(save(tmp_path, [[1, 2], [-1, -2]]), "--norm", "mahalanobis", "--json")
    assert result.returncode == 3 and json.loads(result.stdout)["certificate"]["kind"] == "farkas"


def test_a_face_of_solutions_is_reported():
    report = solve(f"{DATA}/rademacher-4x4.csv", "linf")
    assert report["unique"] is False and report["face_dimension"] == 1
    assert solve(f"{DATA}/rademacher-4x4.csv", "l2")["unique"] is True


@pytest.mark.parametrize("norm", ["l2", "linf", "l1", "l3"])
def test_not_separable_is_exit_3_with_a_certificate(norm, tmp_path):
    for seed in range(5):
        x = np.random.default_rng(seed).standard_normal((15, 4)) * 1e3
        result = run(save(tmp_path, x), "--norm", norm, "--json")
        assert result.returncode == 3 and "not separable" in result.stderr
        report = json.loads(result.stdout)
        assert report["norm"] == norm and report["separable"] is False and report["certificate"]["kind"] == "farkas"
        c = np.array(report["certificate"]["dual"])
        assert np.all(c >= 0) and c.sum() == pytest.approx(1, abs=1e-14)
        assert np.abs(x.T @ c).max() <= 1e-14 * np.abs(x).max()
        assert report["certificate"]["residual"] <= 1e-14


def test_not_converged_is_exit_4_with_the_best_pair(tmp_path):
    result = run(save(tmp_path, separable(0)), "--norm", "l3", "--tolerance", "1e-300", "--json")
    assert result.returncode == 4 and "relative gap" in result.stderr
    assert json.loads(result.stdout)["gap"] <= 1e-10


def test_a_gap_of_no_digit_is_no_certificate(tmp_path):
    (tmp_path / "data.csv").write_text("1e20,1\n-1e20,1\n")
    for norm in ["l2", "linf", "l1"]:
        result = run(tmp_path / "data.csv", "--norm", norm)
        assert result.returncode == 4 and "certified to a relative gap" in result.stderr


def test_the_direction_is_written(tmp_path):
    path = save(tmp_path, separable(1))
    for ending in ("npy", "csv"):
        report = solve(path, "linf", "--out", tmp_path / f"w.{ending}")
        w = np.load(tmp_path / "w.npy") if ending == "npy" else np.loadtxt(tmp_path / "w.csv", delimiter=",")
        assert np.array_equal(np.ravel(w), report["direction"])


def test_the_table_for_people(tmp_path):
    result = run(save(tmp_path, separable(2)), "--norm", "l2")
    assert result.returncode == 0 and result.stderr == ""
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["norm", "margin", "upper", "gap", "support", "unique"]


@pytest.mark.parametrize("arguments,words", [
    ((), "--norm is missing"),
    (("--norm", "l0.5"), "l0.5"),
    (("--norm", "l1.0"), "l1.0"),
    (("--norm", "linfinity"), "linfinity"),
    (("--norm", "l2x"), "l2x"),
    (("--norm", "lnan"), "lnan"),
    (("--norm", "l2", "--metric", "m.npy"), "--metric"),
    (("--norm", "l2", "--tolerance", "0"), "--tolerance"),
    (("--norm", "l2", "--tolerance", "nan"), "--tolerance"),
])
def test_usage_errors_name_the_flag(arguments, words, tmp_path):
    result = run(save(tmp_path, separable(0)), *arguments)
    assert result.returncode == 1 and words in result.stderr and result.stdout == ""


@pytest.mark.parametrize("metric,words", [
    (np.ones((1, 5)), "1 x 6"),
    (np.ones((2, 6)), "1 x 6"),
    (np.array([[1, 1, 0, 1, 1, 1.0]]), "positive"),
    (np.array([[1, 1, -1, 1, 1, 1.0]]), "positive"),
])
def test_bad_metrics_are_refused(metric, words, tmp_path):
    result = run(save(tmp_path, separable(0)), "--norm", "mahalanobis", "--metric", save(tmp_path, metric, "m.npy"))
    assert result.returncode in (1, 2) and words in result.stderr


@pytest.mark.slow
def test_large_sparse_data_in_little_memory(tmp_path):
    path = tmp_path / "sparse.svm"
    subprocess.run([BIASCOPE, "generate", "teacher", "--samples", "20000", "--features", "47000", "--nonzeros", "75",
                    "--quiet", "--out", path], check=True)
    report = solve(path, "l2", "--tolerance", "1e-6")
    assert 0 < report["margin"] <= report["upper_bound"] and report["gap"] <= 1e-6


def too_large_to_factor(path, order=17000, seed=0):
    """A separable sparse sample a feature: that feature, and smaller entries of two others."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(order):
        entries = {int(k): rng.uniform(-0.4, 0.4) for k in rng.integers(0, order, 2)}
        entries[i] = rng.uniform(1, 3)
        rows.append(entries)
    path.write_text("".join("1 " + " ".join(f"{k + 1}:{v!r}" for k, v in sorted(row.items())) + "\n" for row in rows))
    at = np.array([(i, k, v) for i, row in enumerate(rows) for k, v in row.items()])
    return csr_matrix((at[:, 2], (at[:, 0].astype(int), at[:, 1].astype(int))), shape=(order, order))


@pytest.mark.parametrize("norm", ["linf", "l1"])
def test_what_is_too_large_to_factor_is_certified_by_first_order_steps(norm, tmp_path):
    x = too_large_to_factor(tmp_path / "data.svm")
    report = solve(tmp_path / "data.svm", norm, "--tolerance", "1e-6")
    check_certificate(report, x, tolerance=1e-6)


def test_lp_too_large_to_factor_is_exit_4_with_the_best_pair(tmp_path):
    x = too_large_to_factor(tmp_path / "data.svm")
    result = run(tmp_path / "data.svm", "--norm", "l3", "--json")
    assert result.returncode == 4
    check_certificate(json.loads(result.stdout), x, tolerance=1)


@pytest.mark.slow
@pytest.mark.parametrize("norm", ["l2", "linf", "l1"])
def test_a_thousand_samples_agree_with_highs(norm, tmp_path):
    x = separable(0, 400, 150, 0.3)
    report = solve(save(tmp_path, x), norm)
    check_certificate(report, x)
    assert report["margin"] == pytest.approx(judge(norm, x), rel=1e-7)
