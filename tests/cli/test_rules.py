"""Rules and schedules whose limit is not known are refused in words; schedules are what docs/training.md says."""
import json
import math
import os
import pathlib
import subprocess

import pytest

BIASCOPE = os.environ["BIASCOPE"]
DATA = pathlib.Path(os.environ["BIASCOPE_TEST_DATA"]) / "gaussian-10x50.csv"


def run(*arguments):
    return subprocess.run([BIASCOPE, *map(str, arguments)], capture_output=True, text=True)


REFUSED = {
    "--optimizer adamax": "no limit is predicted for adamax",
    "--optimizer nuclear": "no limit is predicted for nuclear",
    "--optimizer muon --newton-schulz 5": "predict newton_schulz 0",
    "--optimizer shampoo --sums": "predict its averages",
    "--optimizer adam --torch --eps 0 --weight-decay 0.1": "has a minimiser",
    "--optimizer gd --torch --weight-decay 0.1": "predict adamw",
    "--optimizer adam --schedule cosine --total-steps 100": "finite sum",
    "--optimizer gd --schedule step --step-every 10": "finite sum",
    "--optimizer amsgrad": "remembers the first gradients for ever",
}


@pytest.mark.parametrize("command", ["predict", "doctor"])
@pytest.mark.parametrize("flags", REFUSED)
def test_what_has_no_known_limit_is_refused_in_words(command, flags):
    result = run(command, DATA, *flags.split())
    assert result.returncode == 1 and not result.stdout
    assert REFUSED[flags] in result.stderr and ("rain" in result.stderr)


CONTRADICTIONS = {
    "--schedule constant --lr-decay 0.5": "reads it only where schedule is inverse-power",
    "--optimizer gd --nesterov": "reads it only where momentum is above 0",
    "--optimizer gd --momentum 0.9 --beta1 0.9": "expected one of them",
    "--optimizer adam --momentum 0.9": "these optimizers do: gd",
    "--optimizer lion --torch": "torch.optim has no optimizer",
    "--optimizer signum --bias-correction": "does not read it",
    "--schedule cosine --warmup 50 --steps 50": "less than total_steps",
    "--total-steps 50": "reads it only where schedule is cosine or linear",
}


@pytest.mark.parametrize("flags", CONTRADICTIONS)
def test_options_that_contradict_each_other(flags):
    result = run("train", DATA, "--steps", 10, *flags.split())
    assert result.returncode == 1 and CONTRADICTIONS[flags] in result.stderr


def cosine(t, total):
    return 0.5 * (1.0 + math.cos(math.pi * t / total)) if t < total else 0.0


SCHEDULES = {
    "constant": lambda t: 1.0,
    "inverse-power --lr-decay 0.25": lambda t: (t + 2.0) ** -0.25,
    "inverse-power --warmup 7": lambda t: (t + 1) / 7 if t < 7 else (t - 7 + 2.0) ** -0.5,
    "cosine": lambda t: cosine(t, 40),
    "cosine --total-steps 20": lambda t: cosine(t, 20),
    "cosine --warmup 10": lambda t: (t + 1) / 10 if t < 10 else cosine(t - 10, 30),
    "linear --total-steps 25": lambda t: max(0.0, 1.0 - t / 25),
    "step --step-every 6 --step-factor 0.5": lambda t: 0.5 ** (t // 6),
}


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_sign_moves_a_weight_by_the_sum_of_the_step_sizes(schedule, tmp_path):
    """One sample of one feature: signgd moves by eta_t in every step."""
    (tmp_path / "one.csv").write_text("1\n")
    result = run("train", tmp_path / "one.csv", "--optimizer", "signgd", "--lr", 0.3, "--steps", 40, "--json", "--quiet",
                 "--references", "none", "--schedule", *schedule.split())
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    weight = found["weight_norm"] if "weight_norm" in found else math.exp(found["weight_norm_log"])
    assert weight == pytest.approx(0.3 * sum(SCHEDULES[schedule](t) for t in range(40)), rel=1e-13)


def test_a_constant_schedule_is_the_power_0():
    one, other = (run("predict", DATA, "--lr", 0.001, "--batch-size", 2, "--json", *flags)
                  for flags in (["--schedule", "constant"], ["--lr-decay", 0]))
    assert one.returncode == 0 and one.stdout == other.stdout


def test_nesterovs_momentum_finds_the_l2_margin():
    result = json.loads(run("predict", DATA, "--optimizer", "gd", "--momentum", 0.9, "--nesterov", "--json").stdout)
    assert result["cosine"]["l2"] == pytest.approx(1.0, abs=1e-9)
