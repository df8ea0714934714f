"""Several classes: the program's answers, and the definitions written out with NumPy."""
import json
import os
import subprocess

import numpy as np
import pytest

import biascope

needs_program = pytest.mark.skipif("BIASCOPE" not in os.environ, reason="needs the program")
RNG = np.random.default_rng(5)
CENTRES = 4.0 * RNG.standard_normal((3, 8))
INDEX = np.arange(18) % 3
X = CENTRES[INDEX] + RNG.standard_normal((18, 8))
Y = np.array(["ash", "birch", "cedar"])[INDEX]


def leads(weights):
    """(w_y - w_j).x of each sample and each other class j in order, N x (k - 1)."""
    scores = X @ weights.T
    return np.array([[scores[i, y] - scores[i, j] for j in range(3) if j != y] for i, y in enumerate(INDEX)])


@pytest.mark.parametrize("norm", ["l2", "linf", "l1", "spectral", "nuclear"])
def test_max_margins_are_certified(norm):
    found = biascope.solve(X, Y, norm=norm)
    size = {"l2": lambda w: np.linalg.norm(w), "linf": lambda w: np.abs(w).max(), "l1": lambda w: np.abs(w).sum(),
            "spectral": lambda w: np.linalg.norm(w, 2), "nuclear": lambda w: np.linalg.norm(w, "nuc")}[norm](found.coef_)
    assert found.coef_.shape == (3, 8) and list(found.classes_) == ["ash", "birch", "cedar"] and found.intercept_.shape == (3,)
    assert found.margin_ == pytest.approx(leads(found.coef_).min() / size, rel=1e-9) and found.gap < 1e-8
    assert found.margins == pytest.approx(leads(found.coef_).min(axis=1))
    assert found.dual.shape == (18, 2) and found.dual.sum() == pytest.approx(1)
    assert set(found.support) == {i for i in range(18) if found.dual[i].max() > 0}


def test_an_intercept_is_a_column_of_the_weights():
    found = biascope.solve(X, Y, intercept=True)
    scores = X @ found.coef_.T + found.intercept_
    assert (scores.argmax(axis=1) == INDEX).all() and found.direction.shape == (3, 9)


def test_the_limit_of_gradient_descent_is_the_l2_max_margin():
    limit = biascope.predict(X, Y, "gd")
    assert limit.coef_.shape == (3, 8) and limit.dual.shape == (18, 2) and limit.confirmed
    assert leads(limit.coef_).min() / np.linalg.norm(limit.coef_) == pytest.approx(biascope.solve(X, Y).margin_, rel=1e-8)
    assert limit.margins == pytest.approx(leads(limit.coef_).min(axis=1))


@needs_program
@pytest.mark.parametrize("optimizer", ["adam", "muon"])
def test_training_is_the_programs_to_the_bit(optimizer, tmp_path):
    np.savetxt(tmp_path / "trees.csv", np.column_stack([X, INDEX]), delimiter=",", fmt="%.17g")
    done = subprocess.run([os.environ["BIASCOPE"], "train", tmp_path / "trees.csv", "--label-column", "8", "--optimizer", optimizer,
                           "--batch-size", "5", "--steps", "2000", "--json"], capture_output=True, text=True)
    run = json.loads(done.stdout)
    trained = biascope.train(X, Y, optimizer, batch_size=5, steps=2000)
    assert trained.log_loss == run["loss_log"] and trained.weights.shape == (3, 8)
    assert np.abs(trained.direction - run["direction"]).max() <= 2e-16
    assert trained.cosine == pytest.approx({norm: run["cosine"][norm] for norm in ("l2", "linf", "l1")}, abs=1e-7)
    assert trained.accuracy == 1.0


def test_which_classes_cannot_be_told_apart_is_said():
    assert biascope.separable(X, Y).inseparable_pairs == [] and biascope.separable(X, Y)
    mixed = X.copy()
    mixed[INDEX == 1] = 0.5 * (X[INDEX == 2] + X[INDEX == 2][::-1])  # birches among the cedars
    found = biascope.separable(mixed, Y)
    assert not found and found.inseparable_pairs == [("birch", "cedar")] and "birch" in repr(found)
    with pytest.raises(biascope.NotSeparable) as caught:
        biascope.solve(mixed, Y)
    assert caught.value.result.dual.sum() == pytest.approx(1)


def test_sparse_rows_are_the_same_rows():
    scipy = pytest.importorskip("scipy.sparse")
    rows = np.where(np.abs(X) > 1, X, 0.0)
    dense, sparse = biascope.solve(rows, Y), biascope.solve(scipy.csr_array(rows), Y)
    assert sparse.margin_ == pytest.approx(dense.margin_, rel=1e-9)


def test_what_is_for_two_classes_says_so():
    with pytest.raises(ValueError, match="two classes"):
        biascope.solve(X, Y, intercept="free")


def test_doctor_wants_the_norm_of_the_optimizers_steps():
    found = biascope.doctor(X, Y, "muon", steps=20000)
    assert set(found.fraction) == {"l2", "linf", "l1", "spectral", "nuclear"}
    assert found.fraction["spectral"] == pytest.approx(1, abs=1e-6) and found.expected > 0.5


def test_a_forecast_is_where_the_run_is():
    found = biascope.predict(X, Y, batch_size=5, steps=5000)
    trained = biascope.train(X, Y, batch_size=5, steps=5000)
    chord = np.linalg.norm(found.direction - trained.weights / np.linalg.norm(trained.weights))
    assert found.weights.shape == (3, 8) and found.steps_taken < 5000 and found.accuracy == trained.accuracy
    assert 0 < found.error_estimate < 0.01 and chord <= 3 * found.error_estimate
