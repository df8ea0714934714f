"""Limits of several classes: against runs of a simulator that shares no code with the library (bench/simulate_classes.c),
and against values that another program, in NumPy, gave."""
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
import study_classes as judge  # noqa: E402

BIASCOPE = os.environ["BIASCOPE"]


def generate(k, d, n, seed):
    """Standard normal samples, the label the largest of k random products, left out where the second is within 0.5."""
    draw = np.random.default_rng(seed)
    teacher = draw.standard_normal((k, d))
    teacher /= np.linalg.norm(teacher, axis=1, keepdims=True)
    x, y = [], []
    while len(x) < n:
        sample = draw.standard_normal(d)
        ordered = np.sort(teacher @ sample)
        if ordered[-1] - ordered[-2] > 0.5:
            x.append(sample)
            y.append(int(np.argmax(teacher @ sample)))
    return np.array(x), np.array(y)


def predict(path, *flags, code=0):
    command = [BIASCOPE, "predict", path, "--label-column", "-1", "--references", "none", "--starts", "0", "--json",
               "--quiet", *map(str, flags)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == code, result.stderr
    return json.loads(result.stdout) if result.stdout.startswith("{") else result.stderr


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    folder, sets = tmp_path_factory.mktemp("classes"), {"B": generate(3, 10, 40, 0), "C": generate(4, 6, 60, 1)}
    for name, (x, y) in sets.items():
        judge.write(folder / f"{name}.csv", x, y)
    return folder


# The least margin of the mean step, and the first weights of the direction, by a homotopy and a polish in NumPy.
POLISHED = [("B", 0.9, 4, 0.6284283156, [0.00727861, -0.13696499, 0.21375887]),
            ("B", 0.9, 1, 0.3650860461, [0.04088299, -0.12978817, 0.25083265]), ("B", 0.99, 1, 0.6890560063, None),
            ("C", 0.9, 6, 0.5168192109, [0.31096396, 0.11919445, -0.09000405])]


@pytest.mark.parametrize("name, beta, batch, rate, first", POLISHED)
def test_limits_of_muon_are_those_of_another_program(sets, name, beta, batch, rate, first):
    answer = predict(sets / f"{name}.csv", "--optimizer", "muon", "--beta1", beta, "--batch-size", batch, "--confirm", "none")
    assert answer["gap"] <= 1e-10 and answer["rate"] == pytest.approx(rate, abs=1e-9)
    if first:
        assert np.allclose(answer["direction"][0][:3], first, atol=2e-8)


@pytest.mark.parametrize("flags, rate, spectral", [(["shampoo", "--sides", "left"], 0.12962, 0.9385), (["shampoo"], 0.21786, 0.9679),
                                                   (["muon"], 0.62843, 0.9720)])
def test_limits_of_shampoo_are_those_of_another_program(sets, flags, rate, spectral):
    flags = ["--optimizer", *flags, "--beta1", 0.9, *([] if flags == ["muon"] else ["--beta2", 0.95]), "--batch-size", 4]
    answer = predict(sets / "B.csv", *flags, "--references", "spectral", "--confirm", "none")
    assert answer["gap"] <= 1e-10 and answer["rate"] == pytest.approx(rate, abs=5e-6)
    assert answer["cosine"]["spectral"] == pytest.approx(spectral, abs=5e-5)


@pytest.mark.parametrize("name, rate", [("B", 0.7119227170), ("C", 0.5395445581)])
def test_full_batch_muon_goes_to_the_spectral_margin(sets, name, rate):
    answer = predict(sets / f"{name}.csv", "--optimizer", "muon", "--batch-size", "full", "--confirm", "none")
    assert answer["gap"] <= 1e-10 and answer["rate"] == pytest.approx(rate, abs=1e-9)
    assert "spectral max-margin" in answer["method"]


@pytest.fixture(scope="module")
def simulator(tmp_path_factory):
    return judge.build_simulator(tmp_path_factory.mktemp("simulator"))


def options(optimizer, batch, beta1, beta2=0.0):
    return {"optimizer": optimizer, "batch": batch, "order": "cyclic", "beta1": beta1, "beta2": beta2, "nesterov": False, "seed": 1}


# Trials of bench/study_classes.py that settle soon.
@pytest.mark.plain_build
@pytest.mark.parametrize("number", [108, 110, 114])
def test_what_is_confirmed_is_where_the_simulator_goes(tmp_path, simulator, number):
    row = judge.trial(simulator, tmp_path, number, 3e8)
    assert row["confirmed"] and row["confirmed_by"] == "run" and row["gap"] <= 1e-10
    assert row["cosine"] >= 0.9999, row


@pytest.mark.parametrize("chosen", [options("adam", 5, 0.9, 0.95), options("signum", 5, 0.9), options("muon", 5, 0.9),
                                    options("ngd", 5, 0.0), options("shampoo left", 5, 0.9, 0.95)], ids=lambda o: o["optimizer"])
def test_the_point_after_steps_is_that_of_the_simulator(tmp_path, simulator, chosen):
    x, y = judge.teacher(4, 7, 25, np.random.default_rng(5))
    judge.write(tmp_path / "data.csv", x, y)
    flags = [*judge.flags(chosen), "--lr", 0.02, "--lr-decay", 0.5, "--steps", 20000]
    command = [BIASCOPE, "predict", tmp_path / "data.csv", "--label-column", "-1", *flags, "--references", "none", "--json"]
    answer = json.loads(subprocess.run([*map(str, command)], capture_output=True, text=True, check=True).stdout)
    w = judge.simulate(simulator, x, y, chosen, 0.02, 0.5, [20000])[0]
    assert judge.cosine(np.array(answer["direction"]), w) >= 0.9999
    assert answer["weight_norm"] == pytest.approx(np.linalg.norm(w), rel=0.01)
    scores = x @ w.T
    log_loss = np.log(np.mean(np.log1p(np.exp(scores - scores[np.arange(25), y][:, None]).sum(axis=1) - 1.0)))
    assert answer["log_loss"] == pytest.approx(log_loss, rel=0.02)


def test_one_row_of_weights_makes_muon_normalised_descent(tmp_path):
    x, y = generate(2, 6, 20, 3)
    judge.write(tmp_path / "data.csv", x, y)
    muon, ngd = (predict(tmp_path / "data.csv", "--optimizer", name, "--beta1", 0.9, "--batch-size", 3, "--confirm", "none")
                 for name in ("muon", "ngd"))
    assert np.allclose(muon["direction"], ngd["direction"], atol=1e-9) and muon["rate"] == pytest.approx(ngd["rate"], abs=1e-9)


# Where full-batch Adam is after 2 10^7 steps and a least margin of 1,970, by another program: the first and last rows.
FAR_ON_WINE = [[0.2266, 0.0805, 0.1075, -0.2266, 0.1563, -0.0867, 0.2266, -0.0802, 0.0230, 0.0090, 0.1426, 0.1597, 0.2266],
               [0.2166, 0.0376, 0.2266, -0.0064, -0.1085, 0.0298, -0.2266, -0.1396, -0.0345, 0.2266, -0.2266, -0.0319, 0.2266]]


@pytest.mark.slow
def test_the_nearest_of_several_optimal_directions_is_the_answer_for_signs():
    """Up to a least margin of 75 the run looks settled at cosine 0.97 with its limit."""
    path = os.path.join(os.environ["BIASCOPE_TEST_DATA"], "tables", "wine_data.csv")
    answer = predict(path, "--standardize", "--optimizer", "adam", "--batch-size", "full")
    assert answer["kind"] == "direction" and answer["confirmed_by"] == "run" and not answer["unique"]
    assert answer["gap"] < 1e-10 and answer["increment_cosine"] > 0.9999
    table = np.genfromtxt(path, delimiter=",", skip_header=1)
    x, y = (table[:, :-1] - table[:, :-1].mean(0)) / table[:, :-1].std(0), table[:, -1].astype(int)
    w = np.array(answer["direction"])
    assert judge.margin(x, y, w) / abs(w).max() == pytest.approx(1.53839126116376, rel=1e-9)
    assert np.allclose(w[[0, 2]], FAR_ON_WINE, atol=5e-3)


@pytest.mark.plain_build
def test_shampoo_in_a_random_order_has_a_limit_of_its_own(tmp_path):
    values = np.array([[3, 0, 1, -2, 3, 1], [1, 0, 2, 3, -1, 1], [2, 1, -1, -1, 2, 1], [1, 2, 0, 1, 1, 1]], float)[:, :4]
    np.savetxt(tmp_path / "data.csv", values, delimiter=",")
    words = ["--optimizer", "shampoo", "--batch-size", 2, "--order", "replacement", "--references", "none"]
    answer = predict(tmp_path / "data.csv", *words)
    assert answer["kind"] == "direction" and answer["confirmed"] and answer["standard_error"] < 1e-2


# Features that repeat others leave several optimal directions; what smoothed signs come to is 1e-3 off.
@pytest.mark.slow
@pytest.mark.plain_build
@pytest.mark.parametrize("chosen", [options("signgd", 0, 0.0), options("adam", 0, 0.9, 0.99)], ids=lambda o: o["optimizer"])
def test_which_of_several_optimal_directions_is_that_of_the_simulator(tmp_path, simulator, chosen):
    draw = np.random.default_rng(3)
    x, y = judge.teacher(*(int(draw.integers(*within)) for within in ((3, 6), (3, 10), (8, 31))), draw)
    x = np.c_[x, -0.5 * x[:, :2], x[:, 2] - x[:, 0]]
    judge.write(tmp_path / "data.csv", x, y)
    chosen = {**chosen, "batch": len(y)}
    answer = predict(tmp_path / "data.csv", *judge.flags(chosen))
    steps = 400000
    lr = judge.step_size(simulator, x, y, chosen, steps, 0.25, 600.0)
    w = judge.simulate(simulator, x, y, chosen, lr, 0.25, [steps // 4, steps // 2, steps])
    assert judge.margin(x, y, w[2]) > 300 and judge.cosine(w[2] - w[1], w[1] - w[0]) > 0.99999
    assert not answer["unique"] and answer["confirmed_by"] == "run" and answer["gap"] < 1e-10
    assert judge.cosine(w[2] - w[1], np.array(answer["direction"])) > 0.99999


@pytest.mark.slow
def test_a_point_to_which_a_run_comes_is_the_answer_where_singular_values_fade(simulator, tmp_path):
    row = judge.trial(simulator, tmp_path, 411, 3e8)
    assert row["confirmed"] and row["confirmed_by"] == "run" and 1e-9 < row["gap"] < 1e-3 and row["cosine"] > 0.99999, row


@pytest.mark.slow
def test_signs_that_a_run_shows_to_slide_are_solved_for(simulator, tmp_path):
    row = judge.trial(simulator, tmp_path, 474, 3e8)
    assert row["confirmed"] and row["confirmed_by"] == "run" and row["gap"] <= 1e-10 and row["cosine"] >= 0.9999, row


@pytest.mark.slow
def test_what_a_run_did_is_said_where_no_limit_is_found():
    path = os.path.join(os.environ["BIASCOPE_TEST_DATA"], "tables", "wine_data.csv")
    command = [BIASCOPE, "predict", path, "--label-column", "-1", "--standardize", "--optimizer", "muon", "--batch-size", "16",
               "--references", "l2,spectral", "--starts", "0"]
    words = subprocess.run(command, capture_output=True, text=True)
    found = json.loads(subprocess.run([*command, "--json"], capture_output=True, text=True).stdout)
    assert words.returncode == 4 and "its direction still changes" in words.stdout and "of the best" in words.stdout
    assert found["kind"] == "unsettled" and found["run"]["settled"] < 0.999
    assert 0.9 < found["run"]["ratio"]["spectral"] < 1 and 0.9 < found["run"]["cosine"]["l2"] < 1


@pytest.mark.slow
def test_of_several_optimal_directions_the_answer_is_the_one_that_a_run_nears():
    """Full-batch Muon on wine, beside the same training in NumPy."""
    path = os.path.join(os.environ["BIASCOPE_TEST_DATA"], "tables", "wine_data.csv")
    answer = predict(path, "--standardize", "--optimizer", "muon", "--batch-size", "full")
    assert answer["kind"] == "direction" and answer["confirmed_by"] == "run" and not answer["unique"]
    assert answer["gap"] < 2e-3 and "several optimal directions" in answer["method"]
    table = np.genfromtxt(path, delimiter=",", skip_header=1)
    x, y = (table[:, :-1] - table[:, :-1].mean(0)) / table[:, :-1].std(0), table[:, -1].astype(int)
    rows, w, m, unit = np.arange(len(y)), np.zeros((3, 13)), np.zeros((3, 13)), 0.0
    kept = []
    for t in range(40000):
        margins = (x @ w.T)[rows, y][:, None] - x @ w.T
        margins[rows, y] = np.inf
        least = margins.min()
        slopes = np.exp(least - margins) / (1 + np.exp(-margins).sum(1))[:, None]
        slopes[rows, y] = -slopes.sum(1)
        m, unit = 0.95 * m * np.exp(least - unit) - 0.05 * slopes.T @ x, least
        u, s, v = np.linalg.svd(m, full_matrices=False)
        w += 0.05 * (t + 2) ** -0.25 * u[:, s > 1e-13 * s[0]] @ v[s > 1e-13 * s[0]]
        kept += [w.copy()] if t + 1 in (20000, 40000) else []
    increment = kept[1] - kept[0]
    assert judge.cosine(increment, np.array(answer["direction"])) > 0.999
    assert judge.margin(x, y, increment) / np.linalg.norm(increment, 2) > 0.98 * 0.532963203483
