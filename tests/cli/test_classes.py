"""Training with several classes, against a simulator in NumPy that shares no code with it."""
import json
import os
import subprocess

import numpy as np
import pytest

BIASCOPE = os.environ["BIASCOPE"]
ETA, DECAY = 0.1, 0.5


def generate(k, d, n, seed, margin=0.3):
    """Samples of k classes that a random matrix tells apart."""
    random = np.random.default_rng(seed)
    teacher = random.standard_normal((k, d))
    teacher /= np.linalg.norm(teacher, axis=1, keepdims=True)
    x, y = [], []
    while len(x) < n:
        sample = random.standard_normal(d)
        scores = teacher @ sample
        if np.diff(np.sort(scores))[-1] > margin:
            x.append(sample)
            y.append(int(np.argmax(scores)))
    return (np.array(x), np.array(y)) if len(set(y)) == k else generate(k, d, n, seed + 1000, margin)


def write_csv(path, x, y):
    lines = [",".join(f"x{i}" for i in range(x.shape[1])) + ",label"]
    lines += [",".join(repr(float(v)) for v in row) + f",class {label}" for row, label in zip(x, y)]
    path.write_text("\n".join(lines) + "\n")
    return path


def write_svm(path, x, y):
    path.write_text("".join(f"{label} " + " ".join(f"{i + 1}:{float(v)!r}" for i, v in enumerate(row) if v) + "\n"
                            for row, label in zip(x, y)))
    return path


def train(path, *flags, code=0, label=("--label-column", "label")):
    command = [BIASCOPE, "train", path, *label, "--references", "none", "--json", "--quiet", *map(str, flags)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == code, result.stderr
    return json.loads(result.stdout) if code == 0 else result.stderr


def weights(*arguments, **named):
    result = train(*arguments, **named)
    return np.array(result["direction"]) * result["weight_norm"]


def gradient(w, x, y, loss):
    """Of the mean of log sum_j e^(s_j - s_y), or of sum_(j != y) e^(s_j - s_y)."""
    scores = x @ w.T
    scores -= scores[np.arange(len(y)), y][:, None]
    part = np.exp(scores)
    part[np.arange(len(y)), y] = 0.0
    if loss == "logistic":
        part /= 1.0 + part.sum(axis=1, keepdims=True)
    part[np.arange(len(y)), y] = -part.sum(axis=1)
    return part.T @ x / len(y)


def ratio(m, v):
    return np.divide(m, np.sqrt(v), out=np.zeros_like(m), where=v > 0.0)


def polar(matrix, leading=False, sized=False):
    u, s, v = np.linalg.svd(matrix, full_matrices=False)
    kept = slice(1) if leading else s > 1e-13 * s[0]
    return (s.sum() if sized else 1.0) * u[:, kept] @ v[kept]


def newton_schulz(matrix, steps=5):
    x = matrix / np.linalg.norm(matrix)
    x = x.T if x.shape[0] > x.shape[1] else x
    for _ in range(steps):
        gram = x @ x.T
        x = 3.4445 * x + (-4.775 * gram + 2.0315 * gram @ gram) @ x
    return x if x.shape == matrix.shape else x.T


def inverse_root(matrix, power):
    s, q = np.linalg.eigh(matrix)
    return q * np.maximum(s, 1e-15 * s[-1]) ** -power @ q.T


def shampoo(left, sums):
    state = {"m": 0.0, "l": 0.0, "r": 0.0}

    def step(g):
        keep, add = (1.0, 1.0) if sums else (0.95, 0.05)
        state["m"] = 0.9 * state["m"] + 0.1 * g
        state["l"] = keep * state["l"] + add * g @ g.T
        state["r"] = keep * state["r"] + add * g.T @ g
        if left:
            return inverse_root(state["l"], 0.5) @ state["m"]
        return inverse_root(state["l"], 0.25) @ state["m"] @ inverse_root(state["r"], 0.25)

    return step


def step_of(optimizer):
    """The update direction as a function of the gradient, with its state."""
    state = {"m": 0.0, "v": 0.0}

    def average(name, beta, g):
        state[name] = beta * state[name] + (1.0 - beta) * g
        return state[name]

    def adagrad(g):
        state["v"] = state["v"] + g * g
        return ratio(g, state["v"])

    def lion(g):
        direction = np.sign(0.9 * state["m"] + 0.1 * g)
        average("m", 0.99, g)
        return direction

    return {"gd": lambda g: g, "ngd": lambda g: g / np.linalg.norm(g), "signgd": np.sign,
            "signum": lambda g: np.sign(average("m", 0.9, g)),
            "adam": lambda g: ratio(average("m", 0.9, g), average("v", 0.999, g * g)),
            "muon": lambda g: polar(average("m", 0.95, g)), "spectral": polar,
            "muon --nesterov": lambda g: polar(0.9 * average("m", 0.9, g) + 0.1 * g),
            "muon --newton-schulz 5": lambda g: newton_schulz(average("m", 0.95, g)),
            "nuclear": lambda g: polar(average("m", 0.9, g), leading=True),
            "polargrad": lambda g: polar(average("m", 0.9, g), sized=True),
            "shampoo": shampoo(False, False), "shampoo --sides left": shampoo(True, False),
            "shampoo --sums": shampoo(False, True), "shampoo --sides left --sums": shampoo(True, True),
            "rmsprop": lambda g: ratio(g, average("v", 0.99, g * g)), "adagrad": adagrad, "lion": lion}[optimizer]


def simulate(x, y, optimizer, loss, batch, steps, k):
    w, step, start = np.zeros((k, x.shape[1])), step_of(optimizer), 0
    for t in range(steps):
        rows = slice(start, start + batch)
        w = w - ETA * (t + 2.0) ** -DECAY * step(gradient(w, x[rows], y[rows], loss))
        start = 0 if start + batch >= len(y) else start + batch
    return w


@pytest.mark.parametrize("loss", ["logistic", "exp"])
@pytest.mark.parametrize("optimizer", ["gd", "ngd", "signgd", "signum", "adam", "rmsprop", "adagrad", "lion"])
def test_weights_are_those_of_the_simulator(tmp_path, optimizer, loss):
    for seed, (k, d, n, batch) in enumerate([(3, 5, 20, 3), (4, 7, 23, 23), (9, 17, 40, 8)]):
        x, y = generate(k, d, n, seed)
        path = write_csv(tmp_path / "data.csv", x, y)
        found = weights(path, "--optimizer", optimizer, "--loss", loss, "--batch-size", batch, "--steps", 200)
        expected = simulate(x, y, optimizer, loss, batch, 200, k)
        assert np.abs(found - expected).max() <= 1e-11 * np.abs(expected).max()


# Of those, the inverse powers of shampoo and the polynomial magnify rounding the most.
MATRIX_RULES = {"muon": 1e-10, "muon --nesterov": 1e-10, "muon --newton-schulz 5": 1e-9, "spectral": 1e-10, "nuclear": 1e-9,
                "polargrad": 1e-10, "shampoo": 1e-6, "shampoo --sides left": 1e-6, "shampoo --sums": 1e-6,
                "shampoo --sides left --sums": 1e-6}


@pytest.mark.parametrize("optimizer", MATRIX_RULES)
def test_matrix_rules_are_those_of_the_simulator(tmp_path, optimizer):
    beta = {"muon --nesterov": ["--beta1", "0.9"], "nuclear": ["--beta1", "0.9"], "polargrad": ["--beta1", "0.9"]}.get(optimizer, [])
    for seed, (k, d, n, batch) in enumerate([(3, 5, 20, 7), (4, 7, 23, 23), (6, 3, 40, 20)]):
        x, y = generate(k, d, n, seed)
        path = write_csv(tmp_path / "data.csv", x, y)
        found = weights(path, "--optimizer", *optimizer.split(), *beta, "--batch-size", batch, "--steps", 100)
        expected = simulate(x, y, optimizer, "logistic", batch, 100, k)
        assert np.abs(found - expected).max() <= MATRIX_RULES[optimizer] * np.abs(expected).max()


@pytest.mark.parametrize("rule, same", [("muon", "ngd"), ("spectral", "ngd"), ("nuclear", "ngd"), ("polargrad", "gd")])
def test_with_two_classes_a_matrix_is_a_row(tmp_path, rule, same):
    x, y = generate(2, 5, 30, 8)
    data = write_csv(tmp_path / "data.csv", x, y)
    beta = ["--beta1", "0.9"] if rule != "spectral" else ["--beta1", "0"]
    flags = ["--batch-size", "7", "--steps", "500"]
    of_rule = weights(data, "--optimizer", rule, *(beta if rule != "spectral" else []), *flags)
    assert of_rule.shape == (5,)
    assert np.allclose(of_rule, weights(data, "--optimizer", same, *beta, *flags), rtol=1e-12, atol=0)


def test_what_is_reported_is_of_the_weights(tmp_path):
    x, y = generate(4, 6, 30, 1)
    path = write_csv(tmp_path / "data.csv", x, y)
    trace = tmp_path / "trace.csv"
    result = train(path, "--optimizer", "gd", "--steps", 6, "--batch-size", 5, "--trace", trace)
    direction = np.array(result["direction"])
    assert np.linalg.norm(direction) == pytest.approx(1.0)
    scores = x @ direction.T
    margins = scores[np.arange(len(y)), y] - np.where(np.eye(4, dtype=bool)[y], -np.inf, scores).max(axis=1)
    assert result["accuracy"] == np.mean(margins > 0.0) < 1.0
    assert result["margin"]["l2"] == pytest.approx(margins.min())
    assert result["margin"]["linf"] == pytest.approx(margins.min() / np.abs(direction).max())
    assert result["margin"]["l1"] == pytest.approx(margins.min() / np.abs(direction).sum())
    losses = np.log(np.exp(result["weight_norm"] * (scores - scores[np.arange(len(y)), y][:, None])).sum(axis=1))
    assert result["log_loss"] == pytest.approx(np.log(losses.mean()))
    singular = np.linalg.svd(direction, compute_uv=False)
    parts = singular[singular > 1e-12] / singular.sum()
    assert np.allclose(result["singular_values"], singular, atol=1e-14)
    assert result["spectral_norm"] == pytest.approx(singular[0] * result["weight_norm"])
    assert result["nuclear_norm"] == pytest.approx(singular.sum() * result["weight_norm"])
    assert result["effective_rank"] == pytest.approx(np.exp(-(parts * np.log(parts)).sum()))
    assert result["margin"]["spectral"] == pytest.approx(margins.min() / singular[0])
    assert result["margin"]["nuclear"] == pytest.approx(margins.min() / singular.sum())
    assert np.allclose(result["class_margins"], [margins[y == j].min() for j in range(4)])
    header, *_, last = trace.read_text().splitlines()
    row = dict(zip(header.split(","), last.split(",")))
    assert float(row["margin_spectral"]) == result["margin"]["spectral"]
    assert float(row["effective_rank"]) == result["effective_rank"]
    assert float(row["accuracy"]) == result["accuracy"] and float(row["margin_l2"]) == result["margin"]["l2"]


def test_sparse_rows_train_as_dense_ones_do(tmp_path):
    x, y = generate(3, 6, 24, 2)
    x[np.abs(x) < 0.4] = 0.0
    dense, sparse = write_csv(tmp_path / "data.csv", x, y), write_svm(tmp_path / "data.svm", x, y)
    for flags in (["--optimizer", "adam"], ["--optimizer", "gd", "--clip", "0.1"], ["--optimizer", "ngd"], ["--optimizer", "adamproxy"]):
        flags += ["--steps", "300", "--batch-size", "full" if "adamproxy" in flags else "4"]
        assert np.allclose(weights(dense, *flags), weights(sparse, *flags, label=()), rtol=1e-10, atol=0)


@pytest.mark.parametrize("flags", [["adam"], ["ngd", "--order", "shuffle"], ["gd", "--batch-size", "full", "--noise", "0.5"],
                                   ["adam", "--torch", "--weight-decay", "0.1"], ["muon", "--nesterov"], ["shampoo"],
                                   ["shampoo", "--sums", "--sides", "left"]], ids=" ".join)
def test_a_resumed_run_goes_on_bit_for_bit(tmp_path, flags):
    path = write_csv(tmp_path / "data.csv", *generate(4, 6, 30, 3))
    batch = [] if "--batch-size" in flags else ["--batch-size", "7"]
    common = [path, "--optimizer", *flags, *batch]
    train(*common, "--steps", 3000, "--checkpoint", tmp_path / "whole")
    train(*common, "--steps", 1234, "--checkpoint", tmp_path / "half")
    train(*common, "--steps", 3000, "--resume", tmp_path / "half", "--checkpoint", tmp_path / "resumed")
    assert (tmp_path / "resumed").read_bytes() == (tmp_path / "whole").read_bytes()


def test_a_checkpoint_of_other_labels_is_refused(tmp_path):
    x, y = generate(3, 4, 12, 4)
    train(write_csv(tmp_path / "a.csv", x, y), "--steps", 5, "--checkpoint", tmp_path / "state")
    y[0] = (y[0] + 1) % 3
    assert "other data" in train(write_csv(tmp_path / "b.csv", x, y), "--steps", 9, "--resume", tmp_path / "state", code=2)


@pytest.mark.parametrize("optimizer", ["adam", "signum", "ngd", "muon", "nuclear", "shampoo"])
def test_nothing_underflows(tmp_path, optimizer):
    path = write_csv(tmp_path / "data.csv", *generate(3, 5, 20, 5))
    flags = ["--optimizer", optimizer, "--lr-decay", 0, "--lr", 1, "--batch-size", 5, "--beta2", "0.9"]
    flags = flags if optimizer == "adam" else flags[:-2]
    early, late = (train(path, *flags, "--steps", steps) for steps in (20000, 40000))
    assert late["accuracy"] == 1.0 and late["log_loss"] < -800.0  # e^-745 is 0 in doubles
    assert late["log_loss"] < 1.5 * early["log_loss"]


def test_what_is_not_offered_is_refused_in_words(tmp_path):
    path = write_csv(tmp_path / "data.csv", *generate(3, 4, 12, 6))
    assert "no form for 3 classes" in train(path, "--loss", "probit", code=1)
    for flags, said in ((["nuclear"], "singular values meet"), (["muon", "--newton-schulz", "5"], "Newton and Schulz"),
                        (["shampoo", "--sums"], "sums over the run")):
        result = subprocess.run([BIASCOPE, "predict", path, "--label-column", "label", "--optimizer", *flags], capture_output=True,
                                text=True, cwd=tmp_path)
        assert result.returncode == 1 and said in result.stderr


def test_test_data_and_written_classifiers_have_a_row_for_each_class(tmp_path):
    x, y = generate(3, 4, 40, 7)
    path, other = write_csv(tmp_path / "a.csv", x[:30], y[:30]), write_csv(tmp_path / "b.csv", x[30:], y[30:])
    result = train(path, "--steps", 2000, "--test", other, "--out", tmp_path / "w.json", "--intercept")
    assert np.shape(result["direction"]) == (3, 4) and np.shape(result["intercept"]) == (3,)
    assert result["classes"] == ["class 0", "class 1", "class 2"] and sum(result["counts"]) == 30
    applied = json.loads(subprocess.run([BIASCOPE, "apply", tmp_path / "w.json", other, "--label-column", "label", "--json"],
                                        capture_output=True, text=True, check=True).stdout)
    assert applied["accuracy"] == result["test_accuracy"] > 0.5


@pytest.mark.parametrize("kind", ["teacher", "mixture"])
@pytest.mark.parametrize("ending, label", [("csv", ["--label-column", "label"]), ("svm", []), ("npy", ["--label-column", "-1"])])
def test_generated_classes_read_back(tmp_path, kind, ending, label):
    path = tmp_path / f"data.{ending}"
    command = [BIASCOPE, "generate", kind, "--samples", "60", "--features", "5", "--classes", "3", "--out", path]
    subprocess.run(command, check=True, capture_output=True)
    info = json.loads(subprocess.run([BIASCOPE, "info", path, *label, "--json"], capture_output=True, text=True).stdout)
    assert info["samples"] == 60 and info["features"] == 5 and info["classes"] == ["0", "1", "2"]
    if kind == "teacher":
        assert info["separable"]
    else:
        assert info["counts"] == [20, 20, 20]


@pytest.mark.parametrize("flags, said", [(["teacher", "--samples", "3", "--classes", "30"], "has none of the 3 samples"),
                                         (["gaussian", "--samples", "9", "--classes", "3"], "only teacher and mixture"),
                                         (["teacher", "--samples", "9", "--classes", "3", "--nonzeros", "2"], "expected one of them"),
                                         (["mixture", "--samples", "9", "--classes", "1"], "from 2 to 1000"),
                                         (["teacher", "--samples", "9", "--distance", "1"], "is mixture's")])
def test_classes_that_cannot_be_generated_are_refused(tmp_path, flags, said):
    command = [BIASCOPE, "generate", *flags, "--features", "5", "--out", tmp_path / "data.csv"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 1 and said in result.stderr and not (tmp_path / "data.csv").exists()


BAD_LABELS = {
    "one class": ("x,label\n1,a\n2,a\n", "exactly two distinct values"),
    "a NaN": ("x,label\n1,1\n2,2\n3,3\n4,nan\n", "is not a finite number"),
    "too many classes": ("x,label\n" + "".join(f"1,{i}\n" for i in range(2000)), "expected at most 1000"),
}


@pytest.mark.parametrize("name", BAD_LABELS)
def test_bad_labels_are_refused(tmp_path, name):
    text, said = BAD_LABELS[name]
    (tmp_path / "data.csv").write_text(text)
    assert said in train(tmp_path / "data.csv", code=2)


def test_labels_and_rows_of_different_number_are_refused(tmp_path):
    np.save(tmp_path / "x.npy", np.ones((4, 2)))
    (tmp_path / "y.csv").write_text("a\nb\nc\n")
    assert "3 labels; expected 4" in train(tmp_path / "x.npy", "--labels", tmp_path / "y.csv", code=2, label=())


def test_matrices_are_compared_with_the_margins_of_their_norms(tmp_path):
    path = write_csv(tmp_path / "data.csv", *generate(3, 6, 24, 9))
    command = [BIASCOPE, "train", path, "--label-column", "label", "--optimizer", "muon", "--batch-size", "full", "--json", "--quiet"]
    result = json.loads(subprocess.run([*map(str, command), "--steps", "50000"], capture_output=True, text=True, check=True).stdout)
    assert 0.95 < result["ratio"]["spectral"] <= 1.0 and result["cosine"]["predicted"] > 0.95
    for norm in ("spectral", "nuclear"):
        solved = json.loads(subprocess.run([BIASCOPE, "solve", path, "--label-column", "label", "--norm", norm, "--json"],
                                           capture_output=True, text=True, check=True).stdout)
        a, b = np.array(result["direction"]), np.array(solved["direction"])
        assert result["ratio"][norm] == pytest.approx(result["margin"][norm] / solved["margin"])
        if solved["unique"]:
            assert result["cosine"][norm] == pytest.approx((a * b).sum() / np.linalg.norm(a) / np.linalg.norm(b), abs=1e-7)


@pytest.mark.parametrize("command", ["train", "predict"])
def test_norms_of_matrices_are_refused_for_two_classes(tmp_path, command):
    path = write_csv(tmp_path / "data.csv", *generate(2, 4, 12, 1))
    refused = subprocess.run([BIASCOPE, command, path, "--label-column", "label", "--references", "l2,spectral"], capture_output=True,
                             text=True)
    assert refused.returncode == 1 and "they are l2" in refused.stderr
    result = json.loads(subprocess.run([BIASCOPE, command, path, "--label-column", "label", "--references", "all", "--json", "--quiet"],
                                       capture_output=True, text=True).stdout)
    assert "spectral" not in result["cosine"]


def test_a_study_of_several_classes_is_stored_with_its_limits(tmp_path):
    path = write_csv(tmp_path / "data.csv", *generate(3, 5, 20, 3))
    (tmp_path / "study.toml").write_text(f"""name = "classes"
steps = 2000
optimizer = ["adam", "muon"]
batch_size = [4, "full"]

[[data]]
file = "{path}"
label_column = "label"

[[data]]
generate = "mixture"
classes = 3
samples = 12
features = 15
""")
    store = tmp_path / "runs.db"
    subprocess.run([BIASCOPE, "sweep", tmp_path / "study.toml", "--store", store, "--quiet"], check=True, capture_output=True)
    runs = json.loads(subprocess.run([BIASCOPE, "runs", store, "--json"], capture_output=True, text=True, check=True).stdout)
    assert len(runs) == 8 and all(run["result"]["effective_rank"] <= 3.0 + 1e-9 for run in runs)
    predicted = [run["result"] for run in runs if "limit" in run["result"]]  # where one is certified
    assert len(predicted) >= 4
    for result in predicted:
        assert result["limit"]["ratio"]["spectral"] <= 1.0 + 1e-9
    compared = 0
    for run in runs:  # trained and predicted alone, where the limit is a single direction
        spec, result = run["spec"], run["result"]
        if "file" not in spec["data"] or "limit" not in result or (spec["optimizer"], spec["batch_size"]) == ("adam", 20):
            continue
        flags = [path, "--label-column", "label", "--optimizer", spec["optimizer"], "--batch-size", str(spec["batch_size"]), "--references",
                 "none", "--json", "--quiet"]
        train, predict = (json.loads(subprocess.run([BIASCOPE, *more, *flags], capture_output=True, text=True, check=True).stdout)
                          for more in (["train", "--steps", "2000"], ["predict", "--confirm", "none", "--starts", "0"]))
        expected = np.vdot(train["direction"], predict["direction"])
        assert result["cosine"]["predicted"] == pytest.approx(expected, abs=1e-9) and expected < 1 - 1e-6
        compared += 1
    assert compared >= 2
    subprocess.run([BIASCOPE, "report", store, "--out", tmp_path / "report.html"], check=True, capture_output=True)
