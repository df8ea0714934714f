"""predict --steps beside the run itself, taken step by step."""
import csv
import json
import os
import subprocess

import numpy as np
import pytest

BIASCOPE = os.environ["BIASCOPE"]
DATA = os.environ["BIASCOPE_TEST_DATA"]
GAUSSIAN = os.path.join(DATA, "gaussian-10x50.csv")
DIGITS = [os.path.join(DATA, "real", "digits-3-8.csv")]
ADAMW = ["--optimizer", "adamw", "--eps", 1e-8, "--lr", 1e-3, "--lr-decay", 0]


def result_of(command, *arguments, code=0):
    result = subprocess.run([BIASCOPE, command, *map(str, arguments), "--json"], capture_output=True, text=True)
    assert result.returncode == code, result.stderr
    return json.loads(result.stdout)


def angle(a, b):
    a, b = np.array(a), np.array(b)
    return 2 * np.arcsin(min(1, np.linalg.norm(a - b) / 2))


@pytest.mark.parametrize("flags, most, length", [
    ([*ADAMW, "--batch-size", 1], 3e-3, 0.005),
    ([*ADAMW, "--batch-size", "full"], 3e-3, 0.005),
    ([*ADAMW, "--batch-size", 3], 3e-3, 0.005),
    (["--optimizer", "adam", "--eps", 1e-6, "--lr", 0.01, "--lr-decay", 0.5, "--batch-size", 2], 3e-3, 0.005),
    (["--optimizer", "rmsprop", "--eps", 1e-6, "--lr", 1e-3, "--lr-decay", 0, "--batch-size", 2], 3e-3, 0.005),
    (["--optimizer", "gd", "--lr", 0.1, "--lr-decay", 0, "--batch-size", 5], 3e-3, 0.005),
    (["--optimizer", "adagrad", "--lr", 0.1, "--lr-decay", 0, "--eps", 1e-8, "--batch-size", 5], 3e-3, 0.005),
    ([*ADAMW, "--batch-size", 2, "--loss", "exp"], 3e-3, 0.005),
    (["--optimizer", "adamw", "--torch", "--batch-size", 2], 3e-3, 0.005),
    (["--optimizer", "adamw", "--torch", "--batch-size", 2, "--lr", 1e-2, "--schedule", "cosine", "--warmup", 1000], 3e-3, 0.005),
    (["--optimizer", "gd", "--torch", "--momentum", 0.9, "--batch-size", 5, "--schedule", "linear"], 3e-3, 0.005),
    ([*ADAMW, "--batch-size", 2, "--order", "shuffle"], 3e-2, 0.02),
    ([*ADAMW, "--batch-size", 2, "--order", "replacement"], 3e-2, 0.02),
])
def test_a_forecast_is_where_the_run_is(flags, most, length):
    found, trained = result_of("predict", GAUSSIAN, *flags, "--steps", 50003), result_of("train", GAUSSIAN, *flags, "--steps", 50003)
    assert found["steps_taken"] <= 5000 and "averaged" in found["method"]
    assert angle(found["direction"], trained["direction"]) < min(most, 3 * found["error_estimate"])
    assert found["weight_norm"] == pytest.approx(np.exp(trained["weight_norm_log"]), rel=length)
    assert found["log_loss"] == pytest.approx(trained["loss_log"], abs=0.02 + length * abs(trained["loss_log"]))
    for norm in ("l2", "linf", "l1"):
        assert found["margin"][norm] == pytest.approx(trained["margin"][norm], rel=0.02)


WINE = [os.path.join(DATA, "tables", "wine_data.csv"), "--label-column", "-1", "--standardize"]


@pytest.mark.parametrize("flags, most", [
    (["--optimizer", "adamw", "--torch", "--batch-size", 32], 2e-3),
    (["--optimizer", "adamw", "--torch", "--batch-size", 16, "--order", "shuffle"], 1e-2),
    (["--optimizer", "adam", "--batch-size", 16], 2e-3),
    (["--optimizer", "gd", "--lr", 0.1, "--lr-decay", 0, "--batch-size", 1], 2e-3),
])
def test_a_forecast_of_several_classes_is_where_the_run_is(flags, most):
    found, trained = (result_of(command, *WINE, *flags, "--steps", 50003) for command in ("predict", "train"))
    assert "averaged" in found["method"] and found["classes"] == trained["classes"]
    assert angle(found["direction"], trained["direction"]) < min(most, 3 * found["error_estimate"])
    assert found["weight_norm"] == pytest.approx(np.exp(trained["weight_norm_log"]), rel=0.005)
    assert found["log_loss"] == pytest.approx(trained["loss_log"], rel=0.005)
    for norm in ("l2", "linf", "l1", "spectral", "nuclear"):
        assert found["margin"][norm] == pytest.approx(trained["margin"][norm], rel=0.02)


def test_features_of_zeros_change_nothing_however_many_the_steps(tmp_path):
    x = np.loadtxt(GAUSSIAN, delimiter=",")
    np.savetxt(tmp_path / "zeros.csv", np.hstack([x, np.zeros((len(x), 2))]), delimiter=",", fmt="%.17g")
    flags = ["--optimizer", "adamw", "--torch", "--batch-size", 1, "--steps", 1e9]
    found, without = (result_of("predict", path, *flags) for path in (tmp_path / "zeros.csv", GAUSSIAN))
    assert found["method"] == without["method"] and found["direction"][-2:] == [0, 0]
    assert angle(found["direction"][:-2], without["direction"]) < 3 * found["error_estimate"]


def test_what_is_said_of_the_weights_is_what_numpy_makes_of_them():
    x = np.loadtxt(GAUSSIAN, delimiter=",")
    found = result_of("predict", GAUSSIAN, *ADAMW, "--batch-size", 1, "--steps", 1e9)
    z = x @ np.array(found["direction"]) * found["weight_norm"]
    assert found["log_loss"] == pytest.approx(np.log(np.mean(np.log1p(np.exp(-z)))), rel=1e-9)
    assert found["margin"]["l2"] == pytest.approx(z.min() / found["weight_norm"]) and found["accuracy"] == 1
    assert found["steps"] == 10 ** 9 and found["steps_taken"] < 1000


def test_short_runs_and_updates_that_jump_are_stepped():
    for flags, steps in (([*ADAMW, "--batch-size", 1], 1000), (["--optimizer", "signgd", "--batch-size", 2], 20000), (["--optimizer", "nadam", "--torch", "--batch-size", 2], 20000),
                         (["--optimizer", "adam", "--torch", "--weight-decay", 0.1, "--batch-size", 2], 20000)):
        found, trained = result_of("predict", GAUSSIAN, *flags, "--steps", steps), result_of("train", GAUSSIAN, *flags, "--steps", steps)
        assert found["direction"] == trained["direction"] and found["error_estimate"] == 0 and found["steps_taken"] == steps
        assert "exact steps" in found["method"]


def test_the_trace_has_the_columns_of_the_runs_and_its_values(tmp_path):
    flags = [GAUSSIAN, *ADAMW, "--batch-size", 2, "--steps", 100000, "--record", "log:3"]
    result_of("predict", *flags, "--trace", tmp_path / "predicted.csv")
    result_of("train", *flags, "--trace", tmp_path / "trained.csv")
    rows = [list(csv.DictReader(open(tmp_path / name, newline=""))) for name in ("predicted.csv", "trained.csv")]
    assert rows[0][0].keys() == rows[1][0].keys() and len(rows[0]) == len(rows[1])
    for predicted, trained in zip(*rows):
        assert predicted["step"] == trained["step"] and predicted["lr"] == trained["lr"]
        assert float(predicted["weight_norm"]) == pytest.approx(float(trained["weight_norm"]), rel=0.01)
        assert float(predicted["cosine_l2"]) == pytest.approx(float(trained["cosine_l2"]), abs=1e-3)


def test_until_is_the_step_at_which_the_run_gets_there():
    flags = [GAUSSIAN, "--optimizer", "adam", "--eps", 1e-6, "--lr", 1e-2, "--lr-decay", 0, "--batch-size", 1]
    for until, value in (("margin=linf:0.5", lambda r: r["margin_ratio"]["linf"] - 0.5), ("cosine=0.98", lambda r: r["cosine"]["predicted"] - 0.98)):
        steps = result_of("predict", *flags, "--until", until)["steps"]
        before, after = (value(result_of("train", *flags, "--steps", round(steps * f))) for f in (0.9, 1.1))
        assert before < 0 < after
    never = result_of("predict", *flags, "--until", "margin=l1:1.0", code=4)
    assert never["steps"] is None


@pytest.mark.parametrize("wrong", ["cosine", "cosine=2", "margin=0.5", "margin=l3:0.5", "margin=linf:x", "loss=1"])
def test_a_wrong_until_is_a_usage_error(wrong):
    result = subprocess.run([BIASCOPE, "predict", GAUSSIAN, "--until", wrong], capture_output=True, text=True)
    assert result.returncode == 1 and wrong.split("=")[0] in result.stderr and result.stdout == ""


def test_data_that_no_direction_separates_have_a_run_too(tmp_path):
    path = tmp_path / "noisy.csv"
    random = np.random.default_rng(1)
    np.savetxt(path, random.standard_normal((40, 5)) + 0.5, delimiter=",")
    flags = [path, *ADAMW, "--batch-size", 8, "--steps", 50000]
    found, trained = result_of("predict", *flags, code=3), result_of("train", *flags, code=3)
    assert angle(found["direction"], trained["direction"]) < 3e-3
    assert 0.5 < found["accuracy"] < 1 and found["cosine"]["l2"] is None


@pytest.mark.parametrize("flags", [["--batch-size", 1], ["--batch-size", "full"]])
def test_the_two_plateaus_are_the_runs(flags):
    flags = [GAUSSIAN, "--optimizer", "adam", "--eps", 1e-2, "--lr", 1e-2, "--schedule", "constant", *flags]
    found = result_of("predict", *flags)
    two, late = found["plateaus"], np.array(found["direction"])
    assert two["between"] == pytest.approx(late @ two["first"]) and two["first_cosine"]["l2"] == pytest.approx(two["between"], abs=1e-6)
    nearest = result_of("train", *flags, "--steps", int(two["nearest_first_step"]))["direction"]
    assert np.array(two["first"]) @ nearest == pytest.approx(two["nearest_first_cosine"], abs=1e-3)
    if two["end_step"] is None or two["end_step"] > 3e5:
        assert two["last_step"] == 1e15
        return
    before, after = (late @ result_of("train", *flags, "--steps", int(two["end_step"] * f))["direction"] for f in (0.75, 1.05))
    assert before < 0.99 < after and not two["end_beyond_training"]


@pytest.mark.plain_build
def test_without_eps_or_with_weight_decay_there_are_no_plateaus():
    assert result_of("predict", GAUSSIAN, "--optimizer", "adam")["plateaus"] is None
    assert result_of("predict", GAUSSIAN, "--optimizer", "adamw", "--eps", 1e-6, "--weight-decay", 0.1, "--batch-size", 2)["plateaus"] is None


@pytest.mark.parametrize("flags", [
    ["--eps", 1e-8, "--lr", 1e-2, "--weight-decay", 0.1, "--schedule", "constant", "--batch-size", 1],
    ["--eps", 1e-4, "--lr", 1e-2, "--weight-decay", 0.1, "--schedule", "constant", "--batch-size", 5],
    ["--eps", 1e-6, "--weight-decay", 0.1, "--lr-decay", 0.5, "--batch-size", 2],
    ["--eps", 1e-4, "--lr", 1e-3, "--weight-decay", 0.1, "--schedule", "constant", "--batch-size", "full"],
    ["--torch", "--lr", 1e-2, "--weight-decay", 0.1, "--schedule", "constant", "--batch-size", 1, "--loss", "exp"],
])
def test_weight_decay_with_eps_rests_where_the_run_does(flags):
    found = result_of("predict", GAUSSIAN, "--optimizer", "adamw", *flags)
    assert found["kind"] == "rest" and found["confirmed"] and found["confirmed_by"] == "run" and (found["gap"] is None or found["gap"] < 1e-6)
    run = result_of("train", GAUSSIAN, "--optimizer", "adamw", *flags, "--steps", 300000 if "--lr-decay" not in flags else 3000000)
    assert angle(found["direction"], run["direction"]) < 1e-2
    assert sum(found["dual"]) == pytest.approx(1)


def test_a_schedule_that_ends_has_no_point_of_rest():
    result = subprocess.run([BIASCOPE, "predict", GAUSSIAN, "--optimizer", "adamw", "--torch", "--schedule", "cosine", "--total-steps", "1000", "--batch-size", "2"], capture_output=True, text=True)
    assert result.returncode == 1 and "finite sum" in result.stderr and result.stdout == ""


def test_only_the_named_references_are_compared_with():
    flags = [GAUSSIAN, *ADAMW, "--batch-size", 2, "--steps", 5000]
    said = subprocess.run([BIASCOPE, "predict", *map(str, flags), "--references", "l1"], capture_output=True, text=True).stdout
    assert "l1         cosine" in said and "l2  " not in said and "linf" not in said
    assert set(result_of("predict", *flags, "--references", "none")["cosine"].values()) <= {None} | {
        result_of("predict", *flags)["cosine"]["predicted"]}
    reached = result_of("predict", *flags[:-2], "--references", "none", "--until", "margin=linf:0.3")
    assert reached["steps"] and reached["ratio"]["linf"] >= 0.3
