"""Variance reduction: training against loops in NumPy, predictions against training, and refusals."""
import json
import os

import numpy as np
import pytest

from command_line import call, run

GAUSSIAN = os.path.join(os.environ["BIASCOPE_TEST_DATA"], "gaussian-10x50.csv")


def write(path, x, y):
    path.write_text("".join(",".join([str(label), *(repr(float(v)) for v in row)]) + "\n" for row, label in zip(x, y)))
    return path


def data(k, d, n, seed):
    draw = np.random.default_rng(seed)
    teacher, x, y = draw.standard_normal((k, d)), [], []
    while len(x) < n:
        sample = draw.standard_normal(d)
        ordered = np.sort(teacher @ sample)
        if ordered[-1] - ordered[-2] > 0.4:
            x.append(sample)
            y.append(int(np.argmax(teacher @ sample)))
    return np.array(x), np.array(y)


def gradient(w, x, y, classes):
    """Of the mean loss: softmax cross-entropy, or of two classes the logistic loss of one row of weights."""
    if classes == 2:
        sign = 2.0 * y - 1.0
        slope = -sign / (1 + np.exp(sign * (x @ w[0])))
        return (slope[None, :] @ x) / len(x)
    p = np.exp(x @ w.T - (x @ w.T).max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(y)), y] -= 1.0
    return p.T @ x / len(x)


def polar(m):
    u, s, v = np.linalg.svd(m, full_matrices=False)
    kept = s > 1e-13 * s[0]
    return u[:, kept] @ v[kept]


def root(a, power):
    values, vectors = np.linalg.eigh(a)
    return vectors @ np.diag(np.maximum(values, 1e-15 * values.max()) ** power) @ vectors.T


def direction(rule, g, state):
    m, v, left, right = state["m"], state["v"], state["left"], state["right"]
    momentum = 0.0 if rule in ("signgd", "rmsprop", "spectral") else 0.5 if rule in ("gd", "ngd", "nuclear") else 0.9
    m[:] = momentum * m + (1 - momentum) * g
    v[:] = 0.95 * v + 0.05 * g * g
    left[:] = 0.95 * left + 0.05 * g @ g.T
    right[:] = 0.95 * right + 0.05 * g.T @ g
    if rule == "gd":
        return m
    if rule == "ngd":
        return m / np.linalg.norm(m)
    if rule in ("signgd", "signum"):
        return np.sign(m)
    if rule in ("adam", "rmsprop"):
        return m / np.sqrt(v)
    if rule == "nuclear":
        u, _, w = np.linalg.svd(m)
        return np.outer(u[:, 0], w[0])
    if rule == "shampoo":
        return root(left, -0.5) @ m
    return polar(m)


def loop(rule, x, y, batch, steps, lr, decay):
    """Weights after the steps; every epoch starts from a full gradient."""
    classes = len(set(y))
    w = np.zeros((1 if classes == 2 else classes, x.shape[1]))
    k, d = w.shape
    state = {"m": np.zeros((k, d)), "v": np.zeros((k, d)), "left": np.zeros((k, k)), "right": np.zeros((d, d))}
    batches = -(-len(x) // batch)
    for t in range(steps):
        if t % batches == 0:
            noted, full = w.copy(), gradient(w, x, y, classes)
        here = slice(t % batches * batch, min(len(x), (t % batches + 1) * batch))
        g = gradient(w, x[here], y[here], classes) - gradient(noted, x[here], y[here], classes) + full
        w -= lr * (t + 2.0) ** -decay * direction(rule, g, state)
    return w


RULES = {"gd": ["--beta1", 0.5], "ngd": ["--beta1", 0.5], "signgd": [], "signum": ["--beta1", 0.9],
         "adam": ["--beta1", 0.9, "--beta2", 0.95], "rmsprop": ["--beta2", 0.95], "muon": ["--beta1", 0.9], "spectral": [],
         "nuclear": ["--beta1", 0.5], "shampoo": ["--beta1", 0.9, "--beta2", 0.95, "--sides", "left"]}


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("rule", RULES)
def test_weights_are_those_of_a_loop_in_numpy(tmp_path, rule, classes):
    if rule == "shampoo" and classes == 2:
        pytest.skip("the loop has no L of one row apart from rounding")
    x, y = data(classes, 6, 23, 7 + classes)
    path = write(tmp_path / "data.csv", x, y)
    answer = call("train", path, "--label-column", 0, "--optimizer", rule, *RULES[rule], "--batch-size", 4, "--order", "cyclic",
                  "--variance-reduction", "--lr", 0.05, "--lr-decay", 0.5, "--steps", 100, "--references", "none")
    w = loop(rule, x, y, 4, 100, 0.05, 0.5)
    found = np.array(answer["direction"]).reshape(w.shape)
    assert answer["weight_norm"] == pytest.approx(np.linalg.norm(w), rel=1e-9)
    assert np.allclose(found, w / np.linalg.norm(w), atol=1e-9)


def cosine(a, b):
    """Of several classes without the vector common to all, which neither margins nor the search decide."""
    a, b = (np.array(answer["direction"]) for answer in (a, b))
    if a.ndim == 2:
        a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    return np.vdot(a, b) / np.linalg.norm(a) / np.linalg.norm(b)


# Rule, whether the data have several classes, and the norm whose max margin the full batch goes to.
LIMITS = [("adam", False, "linf"), ("signum", False, "linf"), ("ngd", False, "l2"), ("adam", True, "linf"), ("muon", True, "spectral"),
          ("shampoo", True, "spectral")]


@pytest.mark.parametrize("rule, several, norm", LIMITS)
def test_it_restores_the_limit_of_the_full_batch(tmp_path, rule, several, norm):
    path, flags = GAUSSIAN, []
    if several:
        path, flags = write(tmp_path / "data.csv", *data(3, 8, 24, 4)), ["--label-column", 0]
    flags += ["--optimizer", rule, "--order", "cyclic"]
    flags += ["--beta2", 0.95] if rule in ("adam", "shampoo") else []
    plain = call("predict", path, *flags, "--batch-size", 2, "--references", "none", "--confirm", "none")
    reduced = call("predict", path, *flags, "--batch-size", 2, "--variance-reduction", "--references", norm)
    full = call("predict", path, *flags, "--references", "none", "--confirm", "none")
    assert reduced["confirmed"] and reduced["confirmed_by"] in ("run", "path") and reduced["kind"] == "direction"
    assert reduced["cosine"][norm] >= 1 - (1e-4 if several and norm == "linf" else 1e-8)
    assert cosine(reduced, full) >= 1 - 1e-9
    assert cosine(plain, full) <= 0.998


@pytest.mark.plain_build
def test_random_orders_are_corrected_too():
    for order in ("shuffle", "replacement"):
        answer = call("predict", GAUSSIAN, "--optimizer", "adam", "--beta2", 0.95, "--batch-size", 1, "--order", order,
                      "--variance-reduction", "--references", "linf")
        assert answer["confirmed"] and answer["cosine"]["linf"] == pytest.approx(1, abs=1e-8)


@pytest.mark.parametrize("command, flags, message", [
    ("train", [], "batch size below 10"), ("train", ["--batch-size", 10], "batch size below 10"),
    ("train", ["--batch-size", 2, "--clip", 1], "expected one of them"), ("predict", ["--batch-size", 2, "--lr-decay", 0], "constant step"),
    ("predict", ["--batch-size", 2, "--optimizer", "adagrad"], "remembers the first steps"),
    ("train", ["--optimizer", "adamproxy", "--batch-size", 2], "full batch only"), ("doctor", ["--batch-size", 2], "without variance reduction")])
def test_where_it_cannot_be_it_is_refused_in_words(command, flags, message):
    steps = ["--steps", 10] if command == "train" else []
    result = run(command, GAUSSIAN, "--variance-reduction", *steps, *flags)
    assert result.returncode == 1 and message in result.stderr, result.stderr
    assert result.stdout == ""


def test_a_point_after_steps_is_that_of_the_steps():
    flags = [GAUSSIAN, "--optimizer", "adam", "--batch-size", 2, "--variance-reduction", "--steps", 1000]
    assert call("predict", *flags)["direction"] == call("train", *flags, "--references", "none")["direction"]


def test_a_study_sweeps_it(tmp_path):
    spec = tmp_path / "study.toml"
    spec.write_text(f"""name = "reduced"
steps = 2000
optimizer = "adam"
batch_size = [1, 5]
variance_reduction = [false, true]

[[data]]
file = "{GAUSSIAN}"
""")
    result = run("sweep", spec, "--store", tmp_path / "runs.db", "--jobs", 1, "--quiet")
    assert result.returncode == 0, result.stderr
    runs = json.loads(run("runs", tmp_path / "runs.db", "--json").stdout)
    assert len(runs) == 4
    for one in runs:
        assert (one["result"]["limit"]["cosine"]["linf"] > 0.99999) == one["spec"].get("variance_reduction", False)
