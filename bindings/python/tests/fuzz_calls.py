#!/usr/bin/env python3
"""Calls every function with random arguments, most of them wrong. What is raised must be one of the package's exceptions
with a sentence of its own, and what is returned must be finite. usage: fuzz_calls.py CALLS [SEED]; prints the counts."""
import collections
import random
import sys
import warnings

import numpy as np

import biascope

MEANT = (ValueError, TypeError, MemoryError, biascope.NotConverged)
#: sentences that are Python's or nanobind's, not for a user of the package
FOREIGN = ("incompatible function arguments", "object is not", "has no attribute", "not supported between", "has no len",
           "Invoked with", "cannot unpack", "unhashable", "ufunc")


class Wrong:
    def __array__(self, *arguments, **named):
        raise RuntimeError("no array")


class Optimizer:
    def __init__(self, group):
        self.param_groups = group


def matrices(pick):
    n, d = pick.randint(1, 6), pick.randint(1, 8)
    values = np.random.default_rng(pick.randrange(2**32)).standard_normal((n, d))
    broken = values.copy()
    broken[pick.randrange(n), pick.randrange(d)] = pick.choice([np.nan, np.inf, -np.inf, 1e308, -1e-308, 5e-324])
    if pick.random() < 0.6:
        return pick.choice([values, values, sparse(pick, values), values.astype(np.float32)])
    return pick.choice([
        broken, values.astype(np.float32), np.asfortranarray(values), values[::-1],
        values.tolist(), np.round(values).astype(int), values.astype(complex), values.astype(str), values.astype(object),
        values[0], values[None], np.empty((0, d)), np.empty((n, 0)), np.zeros((n, d)), values * 1e300, values * 1e-300,
        None, 3, "X", {}, [[1, 2], [3]], np.ma.masked_less(values, 0), values > 0, np.array("2020", dtype="M8[D]"),
        values.astype(np.longdouble), values.astype(np.float16), values.astype("V8"), memoryview(values), b"abc", [], [[]],
        np.repeat(values[:1], n, axis=0), sparse(pick, values)])


def sparse(pick, values):
    try:
        import scipy.sparse as scipy
    except ImportError:
        return values
    kept = np.where(np.abs(values) > 0.7, values, 0.0)
    matrix = pick.choice([scipy.csr_matrix, scipy.csc_matrix, scipy.coo_matrix, scipy.lil_matrix])(kept)
    if pick.random() < 0.2:
        matrix = scipy.csr_matrix((np.append(kept.ravel(), np.nan), (np.append(np.repeat(np.arange(len(kept)), kept.shape[1]), 0),
                                   np.append(np.tile(np.arange(kept.shape[1]), len(kept)), 0))), shape=kept.shape)
    return matrix


def labels(pick, X):
    rows = X.shape[0] if getattr(X, "shape", ()) else len(X) if isinstance(X, list) else 3
    n = pick.choice([rows] * 4 + [pick.randint(0, 7)])
    k = pick.choice([2, 2, 2, 1, 3, 4])
    whole = np.array([(i if i < k else pick.randrange(k)) for i in range(n)], dtype=int)
    if pick.random() < 0.6:
        return pick.choice([None, whole, whole.astype(str)])
    return pick.choice([
        whole.astype(str), whole.astype(float), whole.astype(bool), whole - 1, whole.tolist(),
        whole[:, None], np.where(whole == 0, np.nan, whole), whole.astype(object), np.array([None, "a", 1] * 3, dtype=object)[:n],
        "y", 1, {}, np.ones((n, 2)), np.random.default_rng(n).standard_normal(n), [[]], whole.astype(complex), iter(whole),
        np.ma.masked_less(whole, 1)])


VALUES = [0, 1, 2, 3, -1, 0.5, 0.9, 0.95, 1.0, 1e-8, 1e300, -0.1, float("nan"), float("inf"), None, "", "full", "cyclic", "shuffle",
          "replacement", "logistic", "exp", "probit", "constant", "cosine", True, False, [], (0.9, 0.95), (1, 2, 3), "0.5", "x",
          2**63, 2**70, -2**63, np.float32(0.5), np.int64(2), np.array(0.25), np.array([1, 2]), b"1", "\0", "ü", 1j, object(), Wrong()]
NAMES = list(biascope._options.TABLE) + ["betas", "lrr", "Optimizer", "starts"]
OPTIMIZERS = ["adam", "gd", "signgd", "adamw", "lion", "muon", "adamm", "", None, 3, b"adam", "ü", "\0", Optimizer([]), Optimizer([{}]),
              Optimizer([{"lr": 0.1}] * 2), Optimizer(None)]


def options(pick):
    return {pick.choice(NAMES): pick.choice(VALUES) for _ in range(pick.choice([0, 0, 0, 0, 0, 1, 1, 2, 3]))}


def maybe(pick, **values):
    return {name: pick.choice(of) for name, of in values.items() if pick.random() < 0.25}


def call(pick):
    """(name, call) of one random call; what would take long is kept short."""
    X = matrices(pick)
    y = labels(pick, X)
    common = maybe(pick, intercept=[True, False, 1, None, "yes"], progress=[None, False])
    optimizer = pick.choice(OPTIMIZERS[:4] * 15 + OPTIMIZERS)
    few = {"steps": pick.choice([0, 1, 7, 50] * 8 + [-1, 1.5, None, "10", True, 2**64])}
    name = pick.choice(["predict", "train", "solve", "separable", "doctor"])
    if name == "solve":
        named = maybe(pick, norm=["l2", "linf", "l1", "l3", "l0.5", "l1e3", "mahalanobis", "spectral", "nuclear", 3, None, "l٣"],
                      metric=[None, [1.0], np.ones(3), "m", np.zeros(2)], tolerance=VALUES)
        return name, lambda: biascope.solve(X, y, **common, **named)
    if name == "separable":
        return name, lambda: biascope.separable(X, y, **common, **maybe(pick, loss=["logistic", "exp", "hinge", None, 3]))
    if name == "train":
        return name, lambda: biascope.train(X, y, optimizer, **few, **common, **maybe(pick, record=VALUES), **options(pick))
    if name == "doctor":
        return name, lambda: biascope.doctor(X, y, optimizer, **{**few, **common, **maybe(pick, want=["l2", "l7", 3], fraction=VALUES)},
                                             **options(pick))
    named = {"starts": pick.choice([0, 1] * 5 + [-1, "a"]), "confirm": pick.choice(["flow", "none"] * 5 + ["maybe", None])}
    return name, lambda: biascope.predict(X, y, optimizer, **few, **common, **{**options(pick), **named}, **maybe(pick, tolerance=VALUES))


def is_finite(result):
    direction = getattr(result, "direction", np.zeros(1))
    return bool(np.isfinite(direction).all())


def attempt(seed):
    """What became of the call: the name of a result or of an exception; raises AssertionError for what is not meant."""
    pick = random.Random(seed)
    name, function = call(pick)
    try:
        result = function()
    except MEANT as error:
        said = str(error)
        assert len(said) > 20 and not any(words in said for words in FOREIGN), (seed, name, type(error), said)
        return type(error).__name__
    except RuntimeError as error:
        assert "no array" in str(error), (seed, name, error)
        return "RuntimeError of the argument"
    assert is_finite(result), (seed, name, result)
    repr(result)
    return type(result).__name__


def main(calls, seed=0):
    counts = collections.Counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(calls):
            counts[attempt(seed * 10**9 + number)] += 1
    for what, count in counts.most_common():
        print(f"{count:8d} {what}")
    return counts


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
