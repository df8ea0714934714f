"""`biascope predict` from outside."""
import json
import os
import subprocess

import numpy as np
import pytest

BIASCOPE = os.environ["BIASCOPE"]
DATA = os.environ["BIASCOPE_TEST_DATA"]
GAUSSIAN = os.path.join(DATA, "gaussian-10x50.csv")

with open(os.path.join(DATA, "gaussian-10x50.reference.json")) as file:
    REFERENCE = json.load(file)


def run(*arguments):
    return subprocess.run([BIASCOPE, "predict", *map(str, arguments)], capture_output=True, text=True)


def predict(*arguments):
    result = run(*arguments, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize("row", REFERENCE["predict"], ids=lambda row: "{beta1}-{beta2}-{batch_size}".format(**row))
def test_reference_rows(row):
    found = predict(GAUSSIAN, "--beta1", row["beta1"], "--beta2", row["beta2"], "--batch-size", row["batch_size"],
                    "--order", row["order"])
    assert found["gap"] <= 1e-12
    for norm in ("l2", "linf", "proxy"):
        assert abs(found["cosine"][norm] - row["cos_" + norm]) <= 1e-6
    assert found["support"] == list(range(10))
    assert abs(np.linalg.norm(found["direction"]) - 1) <= 1e-12


def test_the_answer_certifies_itself():
    x = np.loadtxt(GAUSSIAN, delimiter=",")
    found = predict(GAUSSIAN, "--beta1", 0.9, "--beta2", 0.95, "--batch-size", 1)
    c, margins = np.array(found["dual"]), x @ np.array(found["direction"])
    assert abs(c.sum() - 1) <= 1e-12 and (c >= 0).all()
    assert (c @ margins - margins.min()) / (c @ margins) <= 1e-12


@pytest.mark.plain_build
def test_special_cases_name_their_norm():
    proxy = predict(GAUSSIAN, "--optimizer", "adamproxy")
    assert abs(proxy["cosine"]["l2"] - REFERENCE["cos_proxy_l2"]) <= 1e-9
    assert abs(proxy["cosine"]["linf"] - REFERENCE["cos_proxy_linf"]) <= 1e-9
    assert predict(GAUSSIAN, "--optimizer", "adam")["cosine"]["linf"] >= 1 - 1e-12
    assert predict(GAUSSIAN, "--optimizer", "gd", "--batch-size", 3)["cosine"]["l2"] >= 1 - 1e-12


def test_data_without_a_separating_direction_exit_3(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("1,2\n-1,-2\n")
    for optimizer, batch_size in (("gd", 1), ("adam", 1), ("adamproxy", "full")):
        result = run(path, "--optimizer", optimizer, "--batch-size", batch_size, "--json")
        assert result.returncode == 3, (optimizer, result.stdout, result.stderr)


def test_a_batch_larger_than_the_data_is_refused():
    result = run(GAUSSIAN, "--batch-size", 11)
    assert result.returncode == 1 and "11" in result.stderr and "1 to 10, the number of samples" in result.stderr


def test_short_sequences_of_a_random_order():
    """Of a short memory a total makes more sequences of whole length than are ever taken."""
    result = run(GAUSSIAN, "--optimizer", "ngd", "--beta1", 0, "--batch-size", 2, "--order", "shuffle",
                 "--sample-length", 95, "--confirm", "none")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("flags", [
    pytest.param(("--optimizer", "signum", "--batch-size", 5), marks=pytest.mark.plain_build),
    ("--beta2", 0.95, "--batch-size", 2)])
def test_threads_that_share_the_sequences_of_a_random_order_change_no_bit(flags):
    one, more = [run(GAUSSIAN, *flags, "--order", "shuffle", "--confirm", "none", "--json", "--threads", threads)
                 for threads in (1, 3)]
    assert one.returncode == 0 and json.loads(one.stdout)["standard_error"] > 0
    assert one.stdout == more.stdout


# ---- Random data: the epoch map written out, and training itself, as judges ---------------------------

def generate(folder, samples, features, seed, kind="gaussian", *options):
    path = os.path.join(folder, f"{kind}-{samples}x{features}-{seed}.csv")
    subprocess.run([BIASCOPE, "generate", kind, "--samples", str(samples), "--features", str(features), "--seed",
                    str(seed), *map(str, options), "--out", path], check=True, capture_output=True)
    return path


def periodic_average(inputs, beta):
    """The moving average of a sequence that repeats, after so many repetitions that the start is forgotten."""
    state = np.zeros_like(inputs[0])
    outputs = np.empty_like(inputs)
    for _ in range(2 + int(40 / len(inputs) / -np.log(beta)) if beta > 0 else 1):
        for t, value in enumerate(inputs):
            state = beta * state + (1 - beta) * value
            outputs[t] = state
    return outputs


def mean_update(x, c, batch_size, update, beta1, beta2):
    """D(c) of the cyclic order, as theory states it: the mean of m / sqrt(v) over an epoch of frozen weights."""
    starts = range(0, len(x), batch_size)
    gradients = np.array([c[s:s + batch_size] @ x[s:s + batch_size] / len(c[s:s + batch_size]) for s in starts])
    m = periodic_average(gradients, beta1)
    if update == "ratio":
        return (m / np.sqrt(periodic_average(gradients ** 2, beta2))).mean(axis=0)
    return (m / np.linalg.norm(m, axis=1, keepdims=True)).mean(axis=0)


RULES = [("adam", "ratio", 0.9, 0.95), ("adam", "ratio", 0.5, 0.9), ("adam", "ratio", 0.0, 0.5),
         ("adam", "ratio", 0.9, 0.999), ("rmsprop", "ratio", 0.0, 0.9), ("ngd", "normalised", 0.9, 0.0)]


@pytest.mark.plain_build
@pytest.mark.parametrize("optimizer, update, beta1, beta2", RULES)
@pytest.mark.parametrize("seed", range(4))
def test_equilibria_of_random_data(tmp_path, seed, optimizer, update, beta1, beta2):
    """No more samples than features, or twice as many; the reported dual is an equilibrium of the map written out."""
    kind, features = ("gaussian", 17 + 5 * seed) if seed % 2 == 0 else ("teacher", 6 + seed)
    samples = 5 + 2 * seed if kind == "gaussian" else 2 * features
    path = generate(tmp_path, samples, features, seed, kind)
    x = np.loadtxt(path, delimiter=",")
    for batch_size in (1, 2, samples // 2):
        found = predict(path, "--optimizer", optimizer, "--beta1", beta1, "--beta2", beta2, "--batch-size", batch_size)
        c = np.array(found["dual"])
        d = mean_update(x, c, batch_size, update, beta1, beta2)
        growth = x @ d
        assert (c @ growth - growth.min()) / (c @ growth) <= 1e-9, (batch_size, found["gap"])
        assert found["rate"] == pytest.approx(c @ growth, rel=1e-9)
        assert np.allclose(found["direction"], d / np.linalg.norm(d), atol=1e-9)


def train(path, *flags):
    result = subprocess.run([BIASCOPE, "train", path, *map(str, flags), "--json"], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def weights(path, *flags):
    end = train(path, *flags)
    return np.array(end["direction"]) * np.exp(end["weight_norm_log"])


@pytest.mark.plain_build
@pytest.mark.parametrize("flags", [
    ("--optimizer", "adam", "--beta2", 0.95, "--batch-size", 2),
    ("--optimizer", "adam", "--beta2", 0.95, "--batch-size", 1, "--order", "shuffle"),
    ("--optimizer", "adam", "--beta2", 0.95, "--batch-size", 3, "--order", "replacement"),
    ("--optimizer", "rmsprop", "--beta2", 0.9, "--batch-size", 1),
    ("--optimizer", "signum", "--beta1", 0.5, "--batch-size", 2),
    ("--optimizer", "signgd", "--batch-size", 2),
    ("--optimizer", "ngd", "--beta1", 0.5, "--batch-size", 1),
    ("--optimizer", "adamproxy"),
], ids=lambda flags: "-".join(map(str, flags[1::2])))
def test_training_goes_there(tmp_path, flags):
    """Its direction of motion, which forgets the start, late in the run."""
    for seed in range(2):
        path = generate(tmp_path, 6 + seed, 20, 100 + seed)
        moved = weights(path, *flags, "--steps", 1000000) - weights(path, *flags, "--steps", 500000)
        cosine = moved @ np.array(predict(path, *flags)["direction"]) / np.linalg.norm(moved)
        assert cosine >= 0.9999, (seed, cosine)


def test_weight_decay_comes_to_rest(tmp_path):
    path = generate(tmp_path, 6, 30, 100)
    flags = ["--optimizer", "adamw", "--beta2", 0.95, "--batch-size", 2, "--weight-decay", 0.01, "--lr-decay", 0.5]
    assert train(path, *flags, "--steps", 2000000)["cosine"]["predicted"] >= 0.99999


@pytest.mark.plain_build
def test_special_cases_agree_with_solve(tmp_path):
    """gd and ngd over the full batch: l2; sign updates over the full batch: linf; to 1e-9, on random data."""
    for seed in range(3):
        path = generate(tmp_path, 8, 25, seed)
        x = np.loadtxt(path, delimiter=",")
        for norm, order, optimizers in (("l2", 2, ("gd", "ngd")), ("linf", np.inf, ("adam", "signum", "rmsprop"))):
            solved = subprocess.run([BIASCOPE, "solve", path, "--norm", norm, "--json"], capture_output=True, text=True)
            margin = json.loads(solved.stdout)["margin"]
            for optimizer in optimizers:
                w = np.array(predict(path, "--optimizer", optimizer)["direction"])
                assert (x @ w).min() / np.linalg.norm(w, order) == pytest.approx(margin, rel=1e-9)


def test_the_fixed_point_of_adamproxy(tmp_path):
    """c = T(c): the direction is the max margin of the norm with metric sqrt(sum_j c_j^2 x_j^2), c its dual."""
    path = generate(tmp_path, 8, 25, 5)
    x = np.loadtxt(path, delimiter=",")
    found = predict(path, "--optimizer", "adamproxy")
    c = np.array(found["dual"])
    metric = np.sqrt((c ** 2) @ x ** 2)
    w = (c @ x) / metric
    assert np.allclose(w / np.linalg.norm(w), found["direction"], atol=1e-9)
    margins = x @ w
    assert (c >= 0).all() and np.allclose(margins[c > 0], margins.min(), rtol=1e-9)


def test_the_rate_is_the_margins_growth(tmp_path):
    path = generate(tmp_path, 7, 25, 3)
    flags, steps = ["--batch-size", 2, "--beta2", 0.95, "--lr-decay", 0.5], (1000000, 4000000)
    x = np.loadtxt(path, delimiter=",")
    margins = [(x @ weights(path, *flags, "--steps", count)).min() for count in steps]
    sums = [(0.1 * (np.arange(count) + 2.0) ** -0.5).sum() for count in steps]
    measured = (margins[1] - margins[0]) / (sums[1] - sums[0])
    assert measured == pytest.approx(predict(path, *flags)["rate"], rel=5e-3)


def test_the_direction_after_a_number_of_steps():
    flags = ["--batch-size", 1, "--beta2", 0.95, "--lr-decay", 0.5]
    for steps in (3000, 100000):
        found, trained = predict(GAUSSIAN, *flags, "--steps", steps), train(GAUSSIAN, *flags, "--steps", steps)
        cosine = np.dot(found["direction"], trained["direction"])
        assert np.arccos(min(1, cosine)) <= 3 * found["error_estimate"] + 1e-7
        assert found["log_loss"] == pytest.approx(trained["loss_log"], rel=0.01)
        assert found["weight_norm"] == pytest.approx(trained["weight_norm"], rel=0.01)
        assert found["steps"] == steps and found["error_estimate"] < 0.01


def test_a_run_that_no_average_follows_is_where_the_path_of_small_steps_is():
    """A full batch without eps, too long to step: v follows the gradient closely."""
    flags = ["--batch-size", "full", "--beta2", 0.9, "--beta1", 0, "--lr-decay", 0.5]
    found = predict(GAUSSIAN, *flags, "--steps", 10**9)
    assert found["error_estimate"] is None and found["cosine"]["linf"] == pytest.approx(1, abs=1e-4)


def test_constant_steps_have_a_limit_of_their_own():
    """So large that gradients fade within the averages' memory: the limit depends on lr, and training goes there."""
    flags = ["--batch-size", 2, "--beta1", 0.5, "--beta2", 0.9, "--lr-decay", 0]
    small, large = (np.array(predict(GAUSSIAN, *flags, "--lr", lr)["direction"]) for lr in (1e-4, 0.005))
    assert small @ large < 0.99999
    assert train(GAUSSIAN, *flags, "--lr", 0.005, "--steps", 300000)["cosine"]["predicted"] > 0.99999


def test_eps_hands_over_to_gradient_descent():
    """Before the predicted step the loss falls as Adam's does, exponentially in sum eta; after it, it hardly falls."""
    flags = ["--beta1", 0.5, "--beta2", 0.9, "--eps", 1e-8, "--lr", 0.001]
    for more in (["--batch-size", "full", "--lr-decay", 0], ["--batch-size", 2, "--lr-decay", 0]):
        found = predict(GAUSSIAN, *flags, *more)
        assert found["cosine"]["l2"] == pytest.approx(1)
        losses = [train(GAUSSIAN, *flags, *more, "--steps", int(found["eps_handover_step"] * k))["loss_log"]
                  for k in (0.4, 0.8, 2, 2.4)]
        assert losses[0] - losses[1] > 4 and losses[2] - losses[3] < 0.5, losses


@pytest.mark.plain_build
def test_support_in_one_batch_gives_the_linf_margin():
    """Iris has its linf support among the first hundred samples: the other batch's gradients vanish beside theirs, and
    updates of columns that such a batch alone decides slide."""
    iris = os.path.join(DATA, "real", "iris.csv")
    flags = ["--optimizer", "adam", "--beta2", 0.95, "--batch-size", 100, "--lr-decay", 0.25]
    found = predict(iris, *flags)
    assert found["gap"] <= 1e-10 and found["cosine"]["linf"] == pytest.approx(1, abs=1e-12)
    moved = weights(iris, *flags, "--steps", 400000) - weights(iris, *flags, "--steps", 200000)
    assert moved @ np.array(found["direction"]) / np.linalg.norm(moved) > 0.9999


def test_what_is_not_certified_says_so():
    """A constant step size at which the momentum only ever holds old gradients."""
    result = run(GAUSSIAN, "--optimizer", "signum", "--batch-size", 1, "--beta1", 0.999, "--lr-decay", 0, "--json")
    assert result.returncode == 4 and "too large for beta1 0.999" in result.stderr


@pytest.mark.plain_build
def test_other_equilibria_are_listed(tmp_path):
    """More samples than features: a large first step size throws training into the basin of another equilibrium."""
    path = generate(tmp_path, 14, 7, 1, "teacher")
    flags = ["--beta2", 0.95, "--batch-size", 7, "--lr-decay", 0.25]
    found = predict(path, *flags, "--starts", 20)
    directions = np.array([found["direction"]] + [other["direction"] for other in found["others"]])
    assert found["starts"] == 20 and len(directions) >= 3
    x = np.loadtxt(path, delimiter=",")
    for direction in directions:  # each with several samples on its margin
        margins = x @ direction
        assert (margins < margins.min() * (1 + 1e-9)).sum() >= 3
    assert (directions @ directions.T)[np.triu_indices(len(directions), 1)].max() < 1 - 1e-9
    cosines = {}
    for lr in (0.1, 0.01):
        moved = weights(path, *flags, "--lr", lr, "--steps", 2000000) - weights(path, *flags, "--lr", lr, "--steps", 1000000)
        cosines[lr] = directions @ moved / np.linalg.norm(moved)
    assert cosines[0.01].argmax() == 0 and cosines[0.01][0] > 0.999999
    assert cosines[0.1].argmax() != 0 and cosines[0.1].max() > 0.999999
    assert predict(path, *flags, "--starts", 0)["others"] == []


def test_the_same_prediction_for_the_same_seed(tmp_path):
    path = generate(tmp_path, 6, 20, 1)
    flags = [path, "--batch-size", 1, "--order", "shuffle", "--json"]
    assert run(*flags, "--seed", 3).stdout == run(*flags, "--seed", 3).stdout != run(*flags, "--seed", 4).stdout


# ---- Wide data, faces, and rules without memory ---------------------------------------------------------

@pytest.mark.plain_build
@pytest.mark.parametrize("rank", (5, 12))
def test_wide_data_of_low_rank(tmp_path, rank):
    """As microarrays are: few samples on the support, Jacobians of low rank; certified by the map written out."""
    random = np.random.default_rng(rank)
    labels = np.where(np.arange(38) < 27, -1.0, 1.0)
    factors = random.standard_normal((38, rank))
    factors[:, 0] += 2 * labels
    x = labels[:, None] * (factors @ random.standard_normal((rank, 400)) + 0.3 * random.standard_normal((38, 400)))
    path = tmp_path / "wide.npy"
    np.save(path, x)
    for batch_size in (1, 4, 19):
        found = predict(path, "--beta1", 0.9, "--beta2", 0.95, "--batch-size", batch_size, "--starts", 0)
        c = np.array(found["dual"])
        growth = x @ mean_update(x, c, batch_size, "ratio", 0.9, 0.95)
        assert (c @ growth - growth.min()) / (c @ growth) <= 1e-9
        assert found["rate"] == pytest.approx(c @ growth, rel=1e-9)
    assert predict(path, "--optimizer", "signum", "--beta1", 0.9, "--batch-size", 4, "--starts", 0)["gap"] <= 1e-12


def test_signs_without_memory_compare_weights_within_a_batch_and_a_column():
    """A chain: in the second batch column 3 alone is contested, and column 2 moves at full speed however faint."""
    path = os.path.join(DATA, "limits", "s4_0.csv")
    x = np.loadtxt(path, delimiter=",")
    found = predict(path, "--beta1", 0, "--beta2", 0, "--batch-size", 2)
    # of sample 2, -2/3 x[2, 2] + u x[2, 3], and of sample 3, u x[3, 3]: equal
    slide = 2 / 3 * x[2, 2] / (x[2, 3] - x[3, 3])
    assert found["rate"] == pytest.approx(slide * x[3, 3], rel=1e-9) and found["gap"] <= 1e-10


@pytest.mark.plain_build
@pytest.mark.parametrize("file, flags", [
    ("s3_1.csv", ("--optimizer", "ngd", "--beta1", 0, "--batch-size", 3, "--order", "shuffle")),
    ("s3_1.csv", ("--optimizer", "ngd", "--beta1", 0, "--batch-size", 3, "--order", "replacement")),
    ("s1_3.csv", ("--optimizer", "signgd")),
], ids=("shuffle", "replacement", "face"))
def test_training_goes_where_one_population_of_weights_or_a_vertex_would_not(file, flags):
    path = os.path.join(DATA, "limits", file)
    flags = [*flags, "--lr", 0.02, "--lr-decay", 0.25]
    moved = weights(path, *flags, "--steps", 400000) - weights(path, *flags, "--steps", 200000)
    assert moved @ np.array(predict(path, *flags)["direction"]) / np.linalg.norm(moved) > 0.9998


# ---- Random orders ------------------------------------------------------------------------------------------

@pytest.mark.parametrize("beta1, beta2", [(0.9, 0.95), (0.0, 0.5), (0.5, 0.9)])
def test_the_mean_of_single_draws_is_exact(tmp_path, beta1, beta2):
    """Without a standard error; the mean update at the reported dual, by a thousand runs of the moments beside it."""
    path = generate(tmp_path, 6, 12, 3)
    x, random = np.loadtxt(path, delimiter=","), np.random.default_rng(0)
    found = predict(path, "--beta1", beta1, "--beta2", beta2, "--batch-size", 1, "--order", "replacement", "--confirm",
                    "none")
    assert found["gap"] <= 1e-10 and found["standard_error"] == 0
    c, runs, forgotten = np.array(found["dual"]), 1000, 150
    m, v, means = np.zeros((runs, 12)), np.zeros((runs, 12)), np.zeros((runs, 12))
    for t in range(forgotten + 150):
        g = (c[:, None] * x)[random.integers(0, len(x), runs)]
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g ** 2
        if t >= forgotten:
            means += m / np.sqrt(v) / 150
    error = means.std(axis=0) / np.sqrt(runs)
    expected = np.array(found["direction"]) * found["rate"] / (c @ (x @ np.array(found["direction"])))
    assert (abs(means.mean(axis=0) - expected) < 5 * error).all() and error.max() < 0.02


@pytest.mark.plain_build
@pytest.mark.parametrize("beta1", (0.9, 0.99))
def test_signs_of_random_orders_that_few_samples_decide(tmp_path, beta1):
    """Nearly collinear: the mean of the signs over a random sequence is a staircase, and what is solved is smoothed."""
    random = np.random.default_rng(71)
    x = abs(random.normal(size=(27, 1))) * random.normal(size=9) + 0.05 * random.normal(size=(27, 9))
    plane = random.normal(size=9)
    path = tmp_path / "collinear.npy"
    np.save(path, x * np.sign(x @ plane)[:, None])
    flags = ["--optimizer", "signum", "--beta1", beta1, "--batch-size", 1, "--order", "shuffle", "--starts", 0]
    found = predict(path, *flags)
    assert found["confirmed"] and found["gap"] <= 1e-10 and found["standard_error"] <= 2e-3
