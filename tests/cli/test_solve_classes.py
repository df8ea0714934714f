"""Max margins of several classes: published values, SciPy's solvers, and certificates evaluated here."""
import json
import os
import subprocess

import numpy as np
import pytest
from scipy.optimize import linprog, nnls

BIASCOPE = os.environ["BIASCOPE"]
ENTRYWISE = ("l2", "linf", "l1")
MATRIX = ("spectral", "nuclear")
NORMS = ENTRYWISE + MATRIX


def run(*arguments):
    return subprocess.run([BIASCOPE, *map(str, arguments)], capture_output=True, text=True)


def call(*arguments, code=0):
    result = run(*arguments, "--json")
    assert result.returncode == code, result.stderr
    return json.loads(result.stdout)


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
