"""`solve --intercept=free`: the intercept's weight is left out of the norm, as in support vector machines. The judges are
scikit-learn's SVC for l2, and SciPy's HiGHS for the linear programs of linf and l1."""
import json
import os
import pathlib
import subprocess

import numpy
import pytest
import scipy.optimize
import scipy.sparse
import sklearn.datasets
import sklearn.svm

BIASCOPE, DATA = os.environ["BIASCOPE"], pathlib.Path(os.environ["BIASCOPE_TEST_DATA"])


def solve(path, norm, *words):
    result = subprocess.run([BIASCOPE, "solve", path, "--norm", norm, "--intercept=free", *words, "--json"],
                            capture_output=True, text=True)
    return json.loads(result.stdout) if result.stdout else None, result.returncode, result.stderr


def clouds(seed, samples, features, distance):
    random = numpy.random.default_rng(seed)
    y = numpy.where(numpy.arange(samples) % 3 == 0, 1, -1)
    centre = random.standard_normal(features)
    return random.standard_normal((samples, features)) + numpy.outer(y, distance * centre) + 5, y


def write(path, x, y):
    numpy.savetxt(path, numpy.column_stack([x, y]), delimiter=",", fmt="%.17g")
    return ["--label-column", "-1"]


def largest_margin(x, y, norm):
    """max min y (x.w + b) over ||w|| <= 1 by a linear program, w being split into its signs for l1."""
    n, d = x.shape
    parts = numpy.hstack([x, -x]) * y[:, None]
    constraints = numpy.hstack([-parts, -y[:, None], numpy.ones((n, 1))])
    sums = numpy.hstack([numpy.ones(2 * d), [0, 0]])[None]
    bounds = [(0, 1)] * (2 * d) + [(None, None), (None, None)]
    found = scipy.optimize.linprog(-numpy.eye(2 * d + 2)[-1],
                                   A_ub=numpy.vstack([constraints, sums]) if norm == "l1" else constraints,
                                   b_ub=[0] * n + ([1] if norm == "l1" else []), bounds=bounds)
    return -found.fun


def check(answer, x, y, norm):
    w, b, dual = map(numpy.array, (answer["direction"], answer["intercept"], answer["dual"]))
    order = {"l2": 2, "linf": numpy.inf, "l1": 1}[norm]
    conjugate = {"l2": 2, "linf": 1, "l1": numpy.inf}[norm]
    assert abs(numpy.linalg.norm(w, order) - 1) < 1e-12
    assert abs((y * (x @ w + b)).min() - answer["margin"]) < 1e-9 * (1 + abs(b))
    assert abs(dual @ y) < 1e-12 and (dual >= 0).all()
    assert numpy.linalg.norm((dual * y) @ x, conjugate) < answer["upper_bound"] * (1 + 1e-9) + 1e-9 * abs(x).max()
    assert answer["gap"] <= 1e-10


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("norm", ["l2", "linf", "l1"])
def test_the_margin_is_that_of_independent_solvers(tmp_path, norm, seed):
    # the second half has more pairs than are taken at once
    x, y = clouds(seed, 40 if seed % 2 else 150, 8, 1.5)
    words = write(tmp_path / "clouds.csv", x, y)
    answer, code, message = solve(tmp_path / "clouds.csv", norm, *words)
    assert code == 0, message
    check(answer, x, y, norm)
    if norm == "l2":
        judge = sklearn.svm.SVC(kernel="linear", C=1e12, tol=1e-9).fit(x, y)
        assert abs(answer["margin"] * numpy.linalg.norm(judge.coef_) - 1) < 1e-5
    else:
        assert abs(answer["margin"] / largest_margin(x, y, norm) - 1) < 1e-7


@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_real_and_sparse_data(tmp_path, norm):
    data = sklearn.datasets.load_iris()
    x, y = data.data, numpy.where(data.target == 0, 1, -1)
    words = write(tmp_path / "iris.csv", x, y)
    dense, code, message = solve(tmp_path / "iris.csv", norm, *words)
    assert code == 0, message
    check(dense, x, y, norm)
    sklearn.datasets.dump_svmlight_file(x, y, str(tmp_path / "iris.svm"), zero_based=False)
    sparse, code, message = solve(tmp_path / "iris.svm", norm)
    assert code == 0, message
    assert abs(sparse["margin"] / dense["margin"] - 1) < 1e-9
    # the same data far away: their intercept alone changes
    words = write(tmp_path / "far.csv", x + 100, y)
    far, code, message = solve(tmp_path / "far.csv", norm, *words)
    assert code == 0 and abs(far["margin"] / dense["margin"] - 1) < 1e-9


def test_what_no_intercept_separates_is_proved(tmp_path):
    words = write(tmp_path / "line.csv", numpy.array([[0.0], [1.0], [2.0]]), numpy.array([1, -1, 1]))
    answer, code, message = solve(tmp_path / "line.csv", "l2", *words)
    dual = numpy.array(answer["certificate"]["dual"])
    assert code == 3 and "with any intercept" in message
    assert abs(dual @ [1, -1, 1]) < 1e-12 and abs(dual @ [0, -1, 2]) < 1e-12 and dual.sum() == pytest.approx(1)


def test_a_direction_with_a_free_intercept_classifies_new_data(tmp_path):
    x, y = clouds(9, 60, 3, 2.0)
    words = write(tmp_path / "clouds.csv", x, y)
    _, code, message = solve(tmp_path / "clouds.csv", "l2", *words, "--out", tmp_path / "direction.json")
    assert code == 0, message
    result = subprocess.run([BIASCOPE, "apply", tmp_path / "direction.json", tmp_path / "clouds.csv", *words, "--json"],
                            capture_output=True, text=True, check=True)
    assert json.loads(result.stdout)["accuracy"] == 1.0


@pytest.mark.parametrize("words, code, sentence", [
    (["solve", "{data}", "--norm", "spectral", "--intercept=free"], 1, "l2, linf, l1 and lP, not spectral"),
    (["solve", "{data}", "--norm", "all", "--intercept=free"], 1, "not all"),
    (["solve", "{data}", "--norm", "l2", "--intercept=no"], 1, "expected --intercept or --intercept=free"),
    (["solve", "{data}", "--norm", "l2", "--intercept", "free"], 1, "with a '='"),
    (["predict", "{data}", "--optimizer", "gd", "--intercept=free"], 1, "it is for solve"),
    (["solve", "{one}", "--norm", "l2", "--intercept=free"], 2, "one class"),
])
def test_what_makes_no_sense_is_refused(tmp_path, words, code, sentence):
    x, y = clouds(1, 9, 2, 3.0)
    write(tmp_path / "data.csv", x, y)
    write(tmp_path / "one.csv", x, abs(y))
    words = [word.format(data=tmp_path / "data.csv", one=tmp_path / "one.csv") for word in words]
    result = subprocess.run([BIASCOPE, *words, "--label-column", "-1"], capture_output=True, text=True)
    assert result.returncode == code and sentence in result.stderr, result.stderr
