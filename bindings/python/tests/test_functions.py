"""The functions against the command line (bit for bit), NumPy and bad input."""
import doctest
import importlib
import json
import os
import pathlib
import subprocess
import threading

import numpy as np
import pytest

import biascope

ROOT = pathlib.Path(__file__).resolve().parents[3]
GAUSSIAN = ROOT / "tests" / "data" / "gaussian-10x50.csv"
X = np.loadtxt(GAUSSIAN, delimiter=",")
ADAM = {"optimizer": "adam", "beta2": 0.95, "batch_size": 1}


@pytest.mark.parametrize("name", ["biascope", "biascope._functions", "biascope._estimators"])
def test_the_examples_of_the_documentation_are_true(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.skipif("BIASCOPE" not in os.environ, reason="needs the program")
def test_training_is_the_programs_to_the_bit_and_predictions_to_their_digits():
    flags = ["--optimizer", "adam", "--beta2", "0.95", "--batch-size", "1", "--json"]
    run = json.loads(subprocess.run([os.environ["BIASCOPE"], "train", GAUSSIAN, *flags, "--steps", "3000"], capture_output=True).stdout)
    trained = biascope.train(X, steps=3000, **ADAM)
    assert trained.log_loss == run["loss_log"]
    assert np.abs(trained.direction - run["direction"]).max() <= 2e-16
    limit = json.loads(subprocess.run([os.environ["BIASCOPE"], "predict", GAUSSIAN, *flags], capture_output=True).stdout)
    predicted = biascope.predict(X, **ADAM)
    assert predicted.direction == pytest.approx(limit["direction"], abs=1e-8)
    assert predicted.cosine == pytest.approx({norm: limit["cosine"][norm] for norm in ("l2", "linf", "l1")}, abs=1e-8)
    assert predicted.angle["l2"] == pytest.approx(np.arccos(limit["cosine"]["l2"]), abs=1e-7)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_labels_are_folded_in_and_names_kept(library):
    frames = pytest.importorskip(library)
    y = np.where(np.arange(10) % 3 == 0, "no", "yes")
    frame = frames.DataFrame(dict(zip([f"f{k}" for k in range(50)], (X * np.where(y == "yes", 1, -1)[:, None]).T)))
    solution = biascope.solve(frame, y)
    assert solution.feature_names_ == [f"f{k}" for k in range(50)] and list(solution.classes_) == ["no", "yes"]
    assert solution.margin_ == pytest.approx(biascope.solve(X).margin_, rel=1e-9)


def test_arrays_of_any_kind_are_read_alike():
    scipy = pytest.importorskip("scipy.sparse")
    rows = np.round(4 * X)
    whole = biascope.train(rows, optimizer="gd", steps=50).weights
    for other in (rows.astype(np.float32), rows.astype(int), np.asfortranarray(rows), rows[::-1][::-1], rows.tolist()):
        assert (biascope.train(other, optimizer="gd", steps=50).weights == whole).all()
    sparse = biascope.train(scipy.csr_matrix(rows), optimizer="gd", steps=50).weights
    assert sparse == pytest.approx(whole, rel=1e-12)
    frozen = rows.copy()
    frozen.setflags(write=False)
    assert (biascope.train(frozen, optimizer="gd", steps=50).weights == whole).all()


class Adam:
    """What torch.optim.Adam holds."""

    def __init__(self, **group):
        self.param_groups = [{"lr": 0.001, "betas": (0.8, 0.97), "eps": 1e-8, "weight_decay": 0, "amsgrad": False, **group}]


class AdamW(Adam):
    """The same with decoupled weight decay, here none, although torch's default is 0.01."""


class Parameter(np.ndarray):
    def detach(self):
        return self

    def ne(self, value):
        return self != value


def test_a_torch_optimizers_settings_are_taken():
    by_instance = biascope.train(X, optimizer=Adam(), batch_size=2, steps=200)
    by_name = biascope.train(X, optimizer="adam", torch=True, lr=0.001, betas=(0.8, 0.97), eps=1e-8, batch_size=2, steps=200)
    assert by_instance.optimizer == "adam" and (by_instance.weights == by_name.weights).all()
    with pytest.raises(ValueError, match="amsgrad"):
        biascope.train(X, optimizer=Adam(amsgrad=True))
    without = biascope.train(X, optimizer="adamw", torch=True, lr=0.001, betas=(0.8, 0.97), weight_decay=0, steps=200)
    assert (biascope.train(X, optimizer=AdamW(), steps=200).weights == without.weights).all()
    with pytest.warns(biascope.WeightsNotZero, match="starts from weights 0"):
        biascope.train(X, optimizer=Adam(params=[np.ones(50).view(Parameter)]), steps=10)


def test_predictions_say_how_they_are_confirmed():
    limit = biascope.predict(X, confirm="flow", **ADAM)
    assert limit.kind == "direction" and limit.confirmed and limit.confirmed_by


def test_what_is_not_confirmed_comes_with_a_warning():
    """Adam's signs of a random order: the flow does not come to the equilibrium that is found."""
    rows = np.loadtxt(ROOT / "tests" / "data" / "limits" / "s3_1.csv", delimiter=",")
    with pytest.warns(biascope.NotConfirmed, match="not confirmed"):
        limit = biascope.predict(rows, optimizer="ngd", batch_size=3, order="shuffle", confirm="flow")
    assert not limit.confirmed and limit.gap < 1e-9


def test_a_schedule_ends_with_the_run():
    run = biascope.train(X, optimizer="gd", schedule="cosine", steps=100)
    assert (run.weights == biascope.train(X, optimizer="gd", schedule="cosine", total_steps=100, steps=100).weights).all()


BAD = {
    "one dimension": lambda: biascope.solve(np.ones(3)),
    "no samples": lambda: biascope.solve(np.empty((0, 3))),
    "a NaN": lambda: biascope.solve([[1.0, np.nan]]),
    "objects": lambda: biascope.solve(np.array([["a", 1]], dtype=object)),
    "too few labels": lambda: biascope.solve(X, np.ones(3)),
    "one class": lambda: biascope.solve(X, np.ones(10)),
    "labels that are not finite": lambda: biascope.solve(X, np.full(10, np.nan)),
    "labels of several types": lambda: biascope.solve(X, np.array([1, "a"] * 5, dtype=object)),
    "masked entries": lambda: biascope.solve(np.ma.masked_less(X, 0)),
    "rows of several lengths": lambda: biascope.solve([[1, 2], [3]]),
    "complex numbers": lambda: biascope.solve(X.astype(complex)),
    "an intercept without labels": lambda: biascope.solve(X, intercept=True),
    "a norm": lambda: biascope.solve(X, norm="l0.5"),
    "a metric": lambda: biascope.solve(X, norm="mahalanobis", metric=[1.0]),
    "an option": lambda: biascope.predict(X, lrr=0.1),
    "a value": lambda: biascope.predict(X, beta2=2.0),
    "an optimizer": lambda: biascope.predict(X, optimizer="adamm"),
    "betas": lambda: biascope.predict(X, betas=(0.9,)),
    "steps": lambda: biascope.train(X, steps=0),
    "steps that are no number": lambda: biascope.train(X, steps="10"),
    "a tolerance": lambda: biascope.solve(X, tolerance=-1.0),
    "a loss": lambda: biascope.separable(X, loss="hinge"),
    "a way to confirm": lambda: biascope.predict(X, confirm="maybe"),
    "a batch": lambda: biascope.train(X, batch_size=11),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_in_words(name):
    with pytest.raises((ValueError, TypeError)) as caught:
        BAD[name]()
    assert len(str(caught.value)) > 20


def test_failures_carry_what_was_found():
    with pytest.raises(biascope.NotSeparable) as caught:
        biascope.solve([[1.0, 0.0], [-1.0, 0.0]])
    assert caught.value.result.dual @ [1, -1] == pytest.approx(0)
    with pytest.raises(biascope.NotConverged) as caught:
        biascope.solve(X, norm="l3", tolerance=1e-300)
    assert caught.value.result.gap < 1e-9


def test_threads_do_not_wait_for_each_other():
    """The counting thread goes on while the library trains, so the interpreter's lock was given back."""
    count, done = [0], threading.Event()

    def work():
        biascope.train(X, steps=300_000, record=0, **ADAM)
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    while not done.is_set():
        count[0] += 1
    thread.join()
    assert count[0] > 100


@pytest.mark.parametrize("intercept", [False, True])
def test_margins_are_those_of_the_rows(intercept):
    rng = np.random.default_rng(3)
    rows, y = rng.standard_normal((8, 30)), np.array(["a", "b"] * 4)
    solution = biascope.solve(rows, y, norm="l2", intercept=intercept)
    signs = np.where(y == "b", 1.0, -1.0)
    assert solution.margins == pytest.approx(signs * (rows @ solution.coef_[0] + solution.intercept_[0]), abs=1e-14)
    assert solution.margins.min() == pytest.approx(solution.margin_, rel=1e-9)


def test_a_free_intercept_does_not_count_in_the_norm():
    """The maximum over the intercept, one of a grid of which none has a larger margin."""
    rows, y = np.array([[2.0, 1.0], [3.0, -1.0], [5.0, 0.5], [7.0, 2.0]]), np.array([0, 0, 1, 1])
    found = biascope.solve(rows, y, intercept="free")
    w, b = found.coef_[0], found.intercept_[0]
    assert np.linalg.norm(w) == pytest.approx(1) and found.margins.min() == pytest.approx(found.margin_)
    assert found.margin_ > biascope.solve(rows, y, intercept=True).margin_
    for angle in np.linspace(0, 2 * np.pi, 721):
        scores = rows @ [np.cos(angle), np.sin(angle)]
        assert (scores[y == 1].min() - scores[y == 0].max()) / 2 <= found.margin_ * (1 + 1e-9)
    assert np.sign(rows @ w + b).tolist() == [-1, -1, 1, 1]


def test_results_are_drawn():
    pytest.importorskip("matplotlib")
    run, limit = biascope.train(X, steps=100, **ADAM), biascope.predict(X, **ADAM)
    for result in run, limit, biascope.solve(X):
        text = result._repr_html_()
        assert text.startswith("<code>") and "data:image/png;base64," in text and "<script" not in text
    assert [line.get_label() for line in run.plot().get_lines()] == ["l2", "linf", "l1"]
    assert "<img" not in biascope.separable(X)._repr_html_() and "margin" in repr(biascope.separable(X))


@pytest.mark.parametrize("torch", [False, True])
def test_the_run_is_predicted_as_it_is_trained(torch):
    options = {"optimizer": "adamw", "batch_size": 2, "torch": torch}
    trained, predicted = biascope.train(X, steps=20_000, **options), biascope.predict(X, steps=20_000, **options)
    assert trained.direction @ predicted.direction > 1 - 1e-4
    assert np.arccos(min(1.0, trained.direction @ predicted.direction)) < max(3 * predicted.error_estimate, 1e-6)
    assert predicted.trace["step"][-1] == 20_000 and predicted.trace["log_loss"][-1] == predicted.log_loss
    assert predicted.log_loss == pytest.approx(trained.log_loss, rel=0.02) and predicted.accuracy == 1.0
