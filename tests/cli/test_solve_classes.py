"""Max margins of several classes: published values, SciPy's solvers, and certificates evaluated here."""
import numpy as np
import pytest
from scipy.optimize import linprog, nnls

from command_line import call, run

ENTRYWISE = ("l2", "linf", "l1")
MATRIX = ("spectral", "nuclear")
NORMS = ENTRYWISE + MATRIX


def write(path, x, y):
    lines = [",".join(["label", *(f"f{k}" for k in range(x.shape[1]))])]
    lines += [",".join([str(label), *(repr(float(v)) for v in row)]) for row, label in zip(x, y)]
    path.write_text("\n".join(lines) + "\n")
    return path


def solve(path, norm, *arguments, code=0):
    return call("solve", path, "--label-column", "label", "--norm", norm, *arguments, code=code)


def teacher(classes, features, samples, seed, margin=0.5):
    """Standard normal samples labelled by a random teacher, those too near a boundary left out."""
    rng = np.random.default_rng(seed)
    weights = rng.standard_normal((classes, features))
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    x, y = [], []
    while len(x) < samples:
        sample = rng.standard_normal(features)
        scores = np.sort(weights @ sample)
        if scores[-1] - scores[-2] > margin:
            x.append(sample)
            y.append(int(np.argmax(weights @ sample)))
    return np.array(x), np.array(y)


def rows(x, y, classes):
    """The rows of (w_y - w_j).x, N (k - 1) by k d, and the sample and class j of each."""
    identity = np.eye(classes)
    where = [(i, j) for i in range(len(x)) for j in range(classes) if j != y[i]]
    return np.array([np.outer(identity[y[i]] - identity[j], x[i]).ravel() for i, j in where]), where


def norm_of(norm, w):
    if norm in ENTRYWISE:
        return np.linalg.norm(w.ravel(), {"l2": 2, "linf": np.inf, "l1": 1}[norm])
    return np.linalg.norm(w, {"spectral": 2, "nuclear": "nuc"}[norm])


DUAL = {"l2": "l2", "linf": "l1", "l1": "linf", "spectral": "nuclear", "nuclear": "spectral"}


def check(x, y, solution, norm, gap=1e-10):
    """The certificate, by nothing but NumPy: primal and dual feasible, their values as printed, the gap between them."""
    classes = len(np.unique(y))
    w, dual = np.array(solution["direction"]), np.array(solution["dual"])
    assert w.shape == (classes, x.shape[1]) and dual.shape == (len(x), classes)
    assert solution["norm"] == norm and len(solution["classes"]) == classes
    scores = x @ w.T
    own = scores[np.arange(len(x)), y]
    differences = own[:, None] - scores
    differences[np.arange(len(x)), y] = np.inf
    size = np.abs(x).max() * np.abs(w).sum()
    assert norm_of(norm, w) == pytest.approx(1, abs=1e-12)
    assert differences.min() == pytest.approx(solution["margin"], abs=1e-13 * size)
    assert (dual >= 0).all() and dual.sum() == pytest.approx(1, abs=1e-12)
    assert (dual[np.arange(len(x)), y] == 0).all()
    shares = -dual
    shares[np.arange(len(x)), y] = dual.sum(axis=1)
    assert norm_of(DUAL[norm], shares.T @ x) == pytest.approx(solution["upper_bound"], rel=1e-11)
    assert 0 <= solution["upper_bound"] - solution["margin"] <= gap * solution["upper_bound"] * (1 + 1e-12)
    assert solution["support"] == np.flatnonzero(dual.sum(axis=1) > 0).tolist()
    assert solution["unique"] == (solution["face_dimension"] == 0) or solution["face_dimension"] is None


def judge(norm, x, y):
    """The best margin of an entrywise norm by an independent solver."""
    a, _ = rows(x, y, len(np.unique(y)))
    n, d = a.shape
    if norm == "l2":  # the shortest point of the hull
        c, _ = nnls(np.vstack([a.T, np.full(n, 1e4)]), np.append(np.zeros(d), 1e4), maxiter=100000)
        return np.linalg.norm(a.T @ c) / c.sum()
    if norm == "linf":
        best = linprog(np.append(np.zeros(d), -1), np.hstack([-a, np.ones((n, 1))]), np.zeros(n),
                       bounds=[(-1, 1)] * d + [(None, None)], method="highs")
    else:
        best = linprog(np.append(np.zeros(2 * d), -1), np.hstack([-a, a, np.ones((n, 1))]), np.zeros(n),
                       A_eq=[[1] * (2 * d) + [0]], b_eq=[1], bounds=[(0, None)] * (2 * d) + [(None, None)], method="highs")
    return -best.fun


REFERENCES = {  # found by NumPy, polished; (classes, features, samples, seed)
    (3, 10, 40, 0): {"spectral": .7119227170, "nuclear": .3825669310, "l2": .5344942719, "linf": 1.9851027127},
    (4, 6, 60, 1): {"spectral": .5395445581, "nuclear": .2408609768, "l2": .3992341493, "linf": 1.3310409159},
}


@pytest.mark.parametrize("case", REFERENCES)
@pytest.mark.parametrize("norm", NORMS)
def test_published_margins(tmp_path, case, norm):
    x, y = teacher(*case)
    solution = solve(write(tmp_path / "d.csv", x, y), norm)
    check(x, y, solution, norm)
    if norm in REFERENCES[case]:
        assert abs(solution["margin"] - REFERENCES[case][norm]) < 1e-10


@pytest.mark.parametrize("seed", range(10))
def test_linear_and_quadratic_programmes_agree(tmp_path, seed):
    rng = np.random.default_rng(seed)
    classes, features = int(rng.integers(3, 6)), int(rng.integers(2, 9))
    x, y = teacher(classes, features, int(rng.integers(3 * classes, 60)), seed, margin=0.3)
    _, y = np.unique(y, return_inverse=True)  # a teacher may leave a class without samples
    if len(np.unique(y)) < 3:
        pytest.skip("fewer than three classes")
    path = write(tmp_path / "d.csv", x, y)
    for norm in ENTRYWISE:
        solution = solve(path, norm)
        check(x, y, solution, norm)
        assert solution["margin"] == pytest.approx(judge(norm, x, y), rel=1e-8)


@pytest.mark.parametrize("seed", range(10))
def test_matrix_norms_on_random_data(tmp_path, seed):
    rng = np.random.default_rng(100 + seed)
    x, y = teacher(int(rng.integers(3, 7)), int(rng.integers(2, 12)), int(rng.integers(12, 70)), 100 + seed, margin=0.2)
    _, y = np.unique(y, return_inverse=True)
    if len(np.unique(y)) < 3:
        pytest.skip("fewer than three classes")
    path = write(tmp_path / "d.csv", x, y)
    for norm in MATRIX:
        check(x, y, solve(path, norm), norm)


@pytest.mark.slow
@pytest.mark.parametrize("case", [(10, 64, 300, 0, .3), (10, 50, 1000, 0, .3)])
def test_larger_published_margins(tmp_path, case):
    x, y = teacher(*case)
    path = write(tmp_path / "d.csv", x, y)
    for norm in NORMS:
        solution = solve(path, norm)
        check(x, y, solution, norm)
        if norm == "spectral":
            assert abs(solution["margin"] - {300: .966130392506, 1000: .426158588640}[case[2]]) < 1e-11


def test_several_directions_are_said_to_be_so(tmp_path):
    x, y = teacher(3, 20, 30, 2)
    path = write(tmp_path / "d.csv", x, y)
    solution = solve(path, "spectral")
    check(x, y, solution, "spectral")
    assert solution["unique"] is False and solution["face_dimension"] > 0


def test_every_norm_at_once(tmp_path):
    x, y = teacher(3, 10, 40, 0)
    path = write(tmp_path / "d.csv", x, y)
    together = call("solve", path, "--label-column", "label", "--norm", "all")
    assert together["classes"] == ["0", "1", "2"] and together["counts"] == np.bincount(y).tolist()
    assert list(together["norms"]) == list(together["cosine"]) == list(NORMS)
    for norm in NORMS:
        alone = solve(path, norm)
        assert together["norms"][norm]["margin"] == pytest.approx(alone["margin"], rel=1e-12)
        assert together["cosine"][norm][norm] == pytest.approx(1, abs=1e-9)
    w = {norm: np.array(together["norms"][norm]["direction"]).ravel() for norm in NORMS}
    for a in NORMS:
        for b in NORMS:
            if together["norms"][b]["unique"]:
                cosine = w[a] @ w[b] / np.linalg.norm(w[a]) / np.linalg.norm(w[b])
                assert together["cosine"][a][b] == pytest.approx(cosine, abs=1e-9)
    result = run("solve", path, "--label-column", "label", "--norm", "all")
    assert result.returncode == 0 and result.stdout.count("nuclear") == 3
    result = run("solve", path, "--label-column", "label", "--norm", "all", "--out", tmp_path / "w.json")
    assert result.returncode == 1 and "--norm all" in result.stderr


def test_classes_that_cannot_be_told_apart(tmp_path):
    rng = np.random.default_rng(1)
    x = np.vstack([rng.standard_normal((30, 2)), rng.standard_normal((30, 2)), [20, 20] + rng.standard_normal((30, 2))])
    x = np.column_stack([x, np.ones(90)])
    y = np.repeat([0, 1, 2], 30)
    path = write(tmp_path / "d.csv", x, y)
    report = call("info", path, "--label-column", "label", code=3)
    assert report["separable"] is False and report["inseparable_classes"] == [["0", "1"]]
    assert report["counts"] == [30, 30, 30]
    a, _ = rows(x, y, 3)
    for certificate in (report["certificate"], *(solve(path, norm, code=3)["certificate"] for norm in NORMS)):
        dual = np.array(certificate["dual"])
        assert dual.shape == (90, 3) and (dual >= 0).all() and dual.sum() == pytest.approx(1)
        of_rows = np.array([dual[i, j] for i in range(90) for j in range(3) if j != y[i]])
        assert np.abs(of_rows @ a).max() <= 1e-13 * (of_rows @ np.abs(a)).max()
    assert "0 and 1 cannot be told apart" in run("info", path, "--label-column", "label").stdout


def test_many_classes_are_decided_by_their_pairs_or_left_out(tmp_path):
    y = np.repeat(np.arange(80), 10)
    angle = 2 * np.pi * (y + np.tile(np.linspace(0, 0.5, 10), 80)) / 80
    apart = np.column_stack([np.cos(angle), np.sin(angle)])
    mixed = apart.copy()
    mixed[y == 7] = apart[y == 3]
    report = call("info", write(tmp_path / "apart.csv", apart, y), "--label-column", "label", code=4)
    assert report["separable"] is None and report["certificate"] is None and report["inseparable_classes"] == []
    path = write(tmp_path / "mixed.csv", mixed, y)
    report = call("info", path, "--label-column", "label", code=3)
    assert report["separable"] is False and report["inseparable_classes"] == [["3", "7"]]
    assert "left out" in run("info", tmp_path / "apart.csv", "--label-column", "label").stdout
    assert "3 and 7 cannot be told apart" in run("info", path, "--label-column", "label").stdout
    many = write(tmp_path / "many.csv", np.random.default_rng(0).standard_normal((1000, 2)), np.arange(1000))
    assert call("info", many, "--label-column", "label", code=4)["inseparable_classes"] is None


def test_intercepts_stand_apart(tmp_path):
    x, y = teacher(3, 4, 30, 5)
    path = write(tmp_path / "d.csv", x + 3, y)
    solution = solve(path, "spectral", "--intercept")
    assert len(solution["intercept"]) == 3 and np.array(solution["direction"]).shape == (3, 4)
    w = np.column_stack([solution["direction"], solution["intercept"]])
    wide = np.column_stack([x + 3, np.ones(30)])
    scores = wide @ w.T
    own = scores[np.arange(30), y]
    scores[np.arange(30), y] = -np.inf
    assert (own - scores.max(axis=1)).min() == pytest.approx(solution["margin"], rel=1e-9)


def test_weights_are_written_and_applied(tmp_path):
    x, y = teacher(4, 5, 50, 7)
    path = write(tmp_path / "d.csv", x, y)
    solution = solve(path, "nuclear", "--out", tmp_path / "w.json", "--test", path)
    assert solution["test_accuracy"] == 1
    applied = call("apply", tmp_path / "w.json", path, "--label-column", "label")
    assert applied["accuracy"] == 1 and min(applied["margins"]) == pytest.approx(solution["margin"], rel=1e-12)


def test_bad_input_is_said(tmp_path):
    x, y = teacher(3, 4, 12, 3)
    one = write(tmp_path / "one.csv", x, np.zeros(12, dtype=int))
    assert run("solve", one, "--label-column", "label", "--norm", "spectral").returncode == 2
    path = write(tmp_path / "d.csv", x, y)
    result = run("solve", path, "--label-column", "label", "--norm", "mahalanobis")
    assert result.returncode != 0 and "classes" in result.stderr
    few = write(tmp_path / "few.csv", x[:3], [0, 1, 2])  # as many classes as samples
    check(x[:3], np.array([0, 1, 2]), solve(few, "spectral"), "spectral")


@pytest.mark.parametrize("norm", MATRIX)
def test_two_classes_have_l2_margins(tmp_path, norm):
    x, y = teacher(2, 4, 20, 3)
    path = write(tmp_path / "d.csv", x, y)
    matrix, vector = solve(path, norm), solve(path, "l2")
    assert {**matrix, "norm": "l2"} == vector


@pytest.mark.parametrize("norm", NORMS)
def test_one_sample_in_two_classes_is_a_proof(tmp_path, norm):
    x, y = np.random.default_rng(0).standard_normal((30, 5)), np.arange(30) % 3
    x[17] = x[4]  # of classes 1 and 2
    result = solve(write(tmp_path / "data.csv", x, y), norm, code=3)
    dual = np.array(result["certificate"]["dual"])
    combination = sum(c * np.outer(np.eye(3)[label] - np.eye(3)[other], sample)
                      for sample, label, row in zip(x, y, dual) for other, c in enumerate(row))
    assert dual.sum() == 1.0 and (dual >= 0.0).all() and not combination.any()
