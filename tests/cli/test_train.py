"""Training from the command line: traces, checkpoints, interruptions, odd data, terminals."""
import csv
import json
import math
import os
import pty
import re
import signal
import subprocess
import time

import numpy
import pytest

BIASCOPE = os.environ["BIASCOPE"]
GAUSSIAN = os.path.join(os.environ["BIASCOPE_TEST_DATA"], "gaussian-10x50.csv")
FLOWERS = os.path.join(os.path.dirname(__file__), "../../examples/flowers.csv")
ADAM = ["--optimizer", "adam", "--batch-size", "1", "--beta2", "0.95"]


def run(*arguments, **options):
    return subprocess.run([BIASCOPE, "train", *map(str, arguments)], capture_output=True, text=True, **options)


def result_of(*arguments):
    result = run(*arguments, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_the_result_is_what_numpy_makes_of_the_direction():
    x = numpy.loadtxt(GAUSSIAN, delimiter=",")
    result = result_of(GAUSSIAN, *ADAM, "--steps", 20000)
    w = numpy.array(result["direction"])
    assert numpy.linalg.norm(w) == pytest.approx(1, abs=1e-14)
    for norm, order in (("l2", 2), ("linf", numpy.inf), ("l1", 1)):
        assert result["margin"][norm] == pytest.approx((x @ w).min() / numpy.linalg.norm(w, order), rel=1e-12)
        assert result["angle"][norm] == pytest.approx(numpy.arccos(result["cosine"][norm]))
    z = x @ w * numpy.exp(result["weight_norm_log"])
    loss = numpy.logaddexp.reduce(numpy.log(numpy.logaddexp(0, -z))) - numpy.log(len(z))
    assert result["loss_log"] == pytest.approx(loss, rel=1e-9)


def test_a_few_steps_are_the_papers_algorithm_in_numpy():
    """Inc-Adam (Algorithm 2 of the paper), written out: no bias correction, eps = 0."""
    x = numpy.loadtxt(GAUSSIAN, delimiter=",")
    w, m, v = numpy.zeros((3, 50))
    for t in range(500):
        g = -x[t % 10] / (1 + numpy.exp(x[t % 10] @ w))
        m, v = 0.9 * m + 0.1 * g, 0.95 * v + 0.05 * g * g
        w -= 0.1 * (t + 2) ** -0.5 * m / numpy.sqrt(v)
    result = result_of(GAUSSIAN, *ADAM, "--steps", 500)
    assert numpy.array(result["direction"]) == pytest.approx(w / numpy.linalg.norm(w), abs=1e-9)
    assert result["weight_norm_log"] == pytest.approx(numpy.log(numpy.linalg.norm(w)), abs=1e-9)


@pytest.mark.plain_build
def test_wide_sparse_data_train_without_what_is_too_large_to_find(tmp_path):
    """700 samples of 3000 features: no linf cosine, no limit, and a warning of either; the margins' ratios stand."""
    random = numpy.random.default_rng(1)
    path = tmp_path / "wide.svm"
    path.write_text("".join(f"+1 {' '.join(f'{k}:{random.uniform(0.5, 1):.3f}' for k in sorted(random.choice(3000, 4, False) + 1))}\n"
                            for _ in range(700)))
    result = result_of(path, "--optimizer", "adam", "--batch-size", "1", "--steps", "2000")
    assert result["cosine"]["linf"] is None and result["cosine"]["predicted"] is None
    assert 0 < result["margin_ratio"]["linf"] <= 1 and 0 < result["cosine"]["l2"] < 1
    assert any("no linf cosine" in text for text in result["warnings"])
    assert any("an equilibrium of 700 samples" in text for text in result["warnings"])


def test_the_trace_is_log_spaced_and_ends_with_the_result(tmp_path):
    path = tmp_path / "trace.csv"
    result = result_of(GAUSSIAN, *ADAM, "--steps", 30000, "--record", "log:5", "--trace", path)
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    steps = [int(row["step"]) for row in rows]
    assert steps[:6] == [1, 2, 3, 4, 6, 10] and steps[-1] == 30000 and 20 <= len(steps) <= 25
    last = rows[-1]
    assert float(last["epoch"]) == 3000 and float(last["lr"]) == pytest.approx(0.1 * 30002 ** -0.5)
    assert float(last["log_loss"]) == pytest.approx(result["loss_log"])
    for norm in ("l2", "linf", "l1"):
        assert float(last[f"cosine_{norm}"]) == pytest.approx(result["cosine"][norm])
        assert float(last[f"margin_{norm}"]) == pytest.approx(result["margin"][norm])
        assert float(last[f"ratio_{norm}"]) == pytest.approx(result["margin_ratio"][norm])
    assert float(last["cosine_predicted"]) == pytest.approx(result["cosine"]["predicted"])


@pytest.mark.parametrize("order", ("cyclic", "shuffle", "replacement"))
def test_a_run_in_two_parts_is_the_run_in_one(order, tmp_path):
    flags = [GAUSSIAN, "--optimizer", "adam", "--batch-size", 3, "--order", order, "--seed", 5,
             "--references", "none"]
    whole = result_of(*flags, "--steps", 7000)
    result_of(*flags, "--steps", 3333, "--checkpoint", tmp_path / "run.state")
    assert result_of(*flags, "--steps", 7000, "--resume", tmp_path / "run.state") == whole
    # a checkpoint at the end is the result again
    result_of(*flags, "--steps", 7000, "--checkpoint", tmp_path / "run.state")
    assert result_of(*flags, "--steps", 7000, "--resume", tmp_path / "run.state")["direction"] == whole["direction"]


def interrupt(*arguments, after=0.7):
    process = subprocess.Popen([BIASCOPE, "train", *map(str, arguments)], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    time.sleep(after)
    process.send_signal(signal.SIGINT)
    output, message = process.communicate(timeout=60)
    return process.returncode, output, message


def test_an_interrupted_run_leaves_a_checkpoint_that_resumes_bit_for_bit(tmp_path):
    path = tmp_path / "run.state"
    flags = [GAUSSIAN, *ADAM]
    code, output, message = interrupt(*flags, "--steps", 10 ** 12, "--checkpoint", path, "--trace", tmp_path / "t.csv")
    assert code == 130 and output == "" and str(path) in message
    assert sorted(os.listdir(tmp_path)) == ["run.state", "t.csv"]
    step = int(state_of(path)["step"][0])
    assert 0 < step < 10 ** 12
    with open(tmp_path / "t.csv", newline="") as file:
        assert [row["step"] for row in csv.DictReader(file)][:3] == ["1", "2", "3"]
    resumed = result_of(*flags, "--steps", step + 1000, "--resume", path)
    assert resumed == result_of(*flags, "--steps", step + 1000)


def test_an_interrupt_after_the_last_step_ends_the_comparison(tmp_path):
    path = tmp_path / "run.state"
    words = [FLOWERS, "--label-column", "setosa", "--optimizer", "shampoo", "--batch-size", "7", "--order", "shuffle"]
    process = subprocess.Popen([BIASCOPE, "train", *words, "--steps", "10", "--checkpoint", path],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not path.exists():
        time.sleep(0.01)
    time.sleep(0.2)  # its limit takes seconds
    process.send_signal(signal.SIGTERM)
    output, message = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGTERM and output == "" and "lost" not in message
    assert os.listdir(tmp_path) == ["run.state"]


def test_an_interrupted_run_without_a_checkpoint_says_that_it_is_lost():
    code, output, message = interrupt(GAUSSIAN, *ADAM, "--steps", 10 ** 12)
    assert code == 130 and output == "" and "--checkpoint" in message


def test_a_terminal_gets_progress_and_an_eta():
    try:
        parent, child = pty.openpty()
    except OSError:
        pytest.skip("no pseudo-terminal to be had here")
    process = subprocess.Popen([BIASCOPE, "train", GAUSSIAN, *ADAM, "--steps", "3000000"], stdout=subprocess.DEVNULL,
                               stderr=child)
    os.close(child)
    shown = b""
    while True:
        try:
            piece = os.read(parent, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    assert process.wait() == 0 and b"ETA" in shown and b"steps/s" in shown and shown.endswith(b"\x1b[K")


def test_the_eta_of_ten_billion_steps_is_a_number_of_seconds():
    try:
        parent, child = pty.openpty()
    except OSError:
        pytest.skip("no pseudo-terminal to be had here")
    process = subprocess.Popen([BIASCOPE, "train", GAUSSIAN, *ADAM, "--steps", str(10 ** 10)], stdout=subprocess.DEVNULL,
                               stderr=child)
    os.close(child)
    shown = b""
    while shown.count(b"ETA") < 30:
        shown += os.read(parent, 4096)
    process.send_signal(signal.SIGINT)
    assert process.wait() == 130
    done, speed, left = re.findall(rb"([0-9.]+)%  ([0-9.e+]+) steps/s  ETA ([0-9]+) s", shown)[-1]
    assert float(done) < 50 and float(left) == pytest.approx((1 - float(done) / 100) * 1e10 / float(speed), rel=0.02)


WRONG = [
    (["--resume", "absent.state"], 2, "absent.state"),
    (["--resume", GAUSSIAN], 2, "expected a checkpoint"),
    (["--checkpoint", "absent/run.state"], 2, "absent/run.state"),
    (["--trace", "absent/trace.csv"], 2, "absent/trace.csv"),
    (["--steps", "0"], 1, "--steps"),
    (["--record", "5"], 1, "log:K"),
    (["--record", "log:0"], 1, "--record"),
    (["--record", "log:x"], 1, "--record"),
]


@pytest.mark.parametrize("flags,code,fragment", WRONG)
def test_wrong_files_and_flags_are_refused_in_words(flags, code, fragment, tmp_path):
    result = run(GAUSSIAN, "--steps", 10, *flags, cwd=tmp_path)
    assert result.returncode == code and fragment in result.stderr and result.stdout == ""
    assert os.listdir(tmp_path) == []


def test_a_checkpoint_beyond_the_steps_or_of_another_run_is_refused(tmp_path):
    path = tmp_path / "run.state"
    result_of(GAUSSIAN, *ADAM, "--steps", 100, "--checkpoint", path)
    result = run(GAUSSIAN, *ADAM, "--steps", 50, "--resume", path)
    assert result.returncode == 1 and "step 100" in result.stderr
    result = run(GAUSSIAN, *ADAM, "--lr", "0.2", "--steps", 200, "--resume", path)
    assert result.returncode == 2 and "lr '0.1'" in result.stderr and "'0.2'" in result.stderr


ODD = {
    "one sample": "3,4\n",
    "one sample and feature": "2\n",
    "one feature": "1\n2\n3\n",
    "duplicated samples": "1,2\n1,2\n2,1\n2,1\n",
    "a zero column": "1,0,2\n2,0,1\n",
    "tiny": "1e-150,2e-150\n2e-150,1e-150\n",
    "huge": "1e10,2e10\n2e10,1e10\n",
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("optimizer", ("gd", "ngd", "signum", "adam", "adagrad", "adamproxy"))
def test_odd_data_train(name, optimizer, tmp_path):
    path = tmp_path / "odd.csv"
    path.write_text(ODD[name])
    x = numpy.loadtxt(path, delimiter=",", ndmin=2)
    lr = {"gd": 0.5 / numpy.abs(x).max() ** 2}.get(optimizer, 0.1 / numpy.abs(x).max())
    result = result_of(path, "--optimizer", optimizer, "--steps", 3000, "--lr", lr)
    assert (x @ result["direction"]).min() > 0, "separates"
    if x.shape[1] == 3:
        assert result["direction"][1] == 0, "a zero column is not learnt"


def test_data_beyond_the_range_that_can_be_followed_is_refused(tmp_path):
    path = tmp_path / "huge.csv"
    path.write_text("1e150,2e150\n2e150,1e150\n")
    result = run(path, "--optimizer", "adam", "--steps", 1000)
    assert result.returncode == 4 and "smaller scale" in result.stderr and result.stdout == ""


def test_non_separable_data_are_refused_with_exit_3(tmp_path):
    path = tmp_path / "opposed.csv"
    path.write_text("1,2\n-2,-4\n3,1\n")
    result = run(path, "--steps", 10, "--json")
    assert result.returncode == 3 and "not separable" in result.stderr


def test_training_on_non_separable_data_tells_where_both_parts_go(tmp_path):
    """The second feature's sample separates; on the first feature l(z) + l(-2z) has its minimum."""
    path = tmp_path / "parts.csv"
    path.write_text("1,0\n-2,0\n1,3\n")
    flags = [path, "--optimizer", "gd", "--lr", "0.5", "--lr-decay", "0", "--steps", 200000]
    result = run(*flags, "--json", "--trace", tmp_path / "trace.csv")
    report = json.loads(result.stdout)
    parts = report["parts"]
    assert result.returncode == 3 and "not separable" in result.stderr and report["steps"] == 200000
    assert parts["separable"] == [2] and parts["inseparable"] == [0, 1]
    v = parts["minimiser"][0]  # 1 / (1 + e^v) = 2 / (1 + e^-2v)
    assert parts["minimiser"][1] == 0 and 1 / (1 + numpy.exp(v)) == pytest.approx(2 / (1 + numpy.exp(-2 * v)), abs=1e-12)
    assert parts["minimiser_distance"] < 1e-3 and parts["cosine"] > 0.999999
    w = numpy.array(report["direction"]) * numpy.exp(report["weight_norm_log"])
    assert abs(w[0] - v) == pytest.approx(parts["minimiser_distance"], rel=1e-6) and w[1] > 2
    assert any("not separable" in warning for warning in report["warnings"])
    assert len((tmp_path / "trace.csv").read_text().splitlines()) > 20
    text = run(*flags)
    assert text.returncode == 3 and "distance" in text.stdout and "nan" not in text.stdout


def test_a_sign_update_on_non_separable_data_has_a_trace_without_a_guarantee(tmp_path):
    (tmp_path / "opposed.csv").write_text("1,1\n-1,-1\n1,0\n")
    path = tmp_path / "trace.csv"
    result = run(tmp_path / "opposed.csv", "--optimizer", "signum", "--steps", 50, "--trace", path)
    assert result.returncode == 3 and "not separable" in result.stderr
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(row["guaranteed_linf"] == "" and float(row["misalignment"]) >= 0 for row in rows) and len(rows) > 10


def test_stale_momentum_is_told_with_its_numbers():
    flags = [GAUSSIAN, "--optimizer", "signum", "--batch-size", 1, "--steps", 100000]
    warnings = result_of(*flags, "--beta1", "0.999")["warnings"]
    assert len(warnings) == 1 and "stale momentum until step 100000" in warnings[0] and "--beta1" in warnings[0]
    assert result_of(*flags, "--beta1", "0.9")["warnings"] == []


@pytest.mark.slow
def test_ten_million_steps_end_where_predicted():
    result = result_of(GAUSSIAN, *ADAM, "--steps", 10 ** 7)
    assert result["cosine"]["predicted"] >= 0.999999 and result["loss_log"] < -2000


def state_of(path):
    """The step and the weights of a checkpoint."""
    lines = [line.split() for line in path.read_text().splitlines()]
    return {key: [float(value) for value in values] for key, *values in lines if key in ("step", "w")}


@pytest.mark.slow
def test_ten_billion_steps_are_counted_and_added_exactly(tmp_path):
    """Of positive data every sign is +1, and multiples of 2^-10 add without rounding: w = steps / 1024, to the bit."""
    (tmp_path / "positive.csv").write_text("2,0.5\n0.25,1\n")
    flags = [tmp_path / "positive.csv", "--optimizer", "signgd", "--batch-size", 1, "--loss", "exp", "--lr-decay", 0,
             "--lr", 2.0 ** -10, "--record", "log:1", "--checkpoint", tmp_path / "run.state"]
    result, state = result_of(*flags, "--steps", 10 ** 10), state_of(tmp_path / "run.state")
    assert state["step"] == [result["steps"]] == [10 ** 10] and state["w"] == [10 ** 10 / 1024] * 2
    assert result["loss_log"] == pytest.approx(-1.25 * 10 ** 10 / 1024 - math.log(2), rel=1e-14)
    assert result["cosine"]["predicted"] >= 1 - 1e-15
    result_of(*flags, "--steps", 10 ** 10 + 3, "--resume", tmp_path / "run.state")
    state = state_of(tmp_path / "run.state")
    assert state["step"] == [10 ** 10 + 3] and state["w"] == [(10 ** 10 + 3) / 1024] * 2


def test_a_squared_hinge_says_that_it_has_stopped():
    result = result_of(GAUSSIAN, "--optimizer", "ngd", "--loss", "squared-hinge", "--steps", 20000)
    assert result["loss_log"] is None and any("no gradient" in warning for warning in result["warnings"])
    assert numpy.exp(result["weight_norm_log"]) * result["margin"]["l2"] >= 1


def test_losses_whose_limit_is_not_predicted_train_and_say_why():
    for loss, flags in (("polynomial", []), ("squared-hinge", []), ("probit", ["--lr-decay", "0.5"])):
        result = result_of(GAUSSIAN, *ADAM, "--loss", loss, *flags, "--steps", 200)
        assert result["cosine"]["predicted"] is None
        assert any("no prediction" in warning and loss in warning for warning in result["warnings"])
        predicted = subprocess.run([BIASCOPE, "predict", GAUSSIAN, *ADAM, "--loss", loss, *flags], capture_output=True,
                                   text=True)
        assert predicted.returncode == 1 and predicted.stdout == "" and loss in predicted.stderr


def test_noise_is_seeded_resumed_to_the_bit_and_for_the_full_batch(tmp_path):
    flags = [GAUSSIAN, "--optimizer", "adam", "--noise", "0.5", "--noise-shape", "isotropic", "--seed", 3]
    whole = result_of(*flags, "--steps", 3000)
    result_of(*flags, "--steps", 1000, "--checkpoint", tmp_path / "half.state")
    assert result_of(*flags, "--steps", 3000, "--resume", tmp_path / "half.state")["direction"] == whole["direction"]
    assert result_of(*flags[:-1], 4, "--steps", 3000)["direction"] != whole["direction"]
    assert any("noise" in warning for warning in whole["warnings"]) and whole["cosine"]["predicted"] is None
    batches = run(*flags, "--batch-size", 1, "--steps", 10)
    assert batches.returncode == 1 and "noise" in batches.stderr


def wide_sparse(folder, samples, features, entries):
    random = numpy.random.default_rng(0)
    path = folder / "wide.svm"
    rows = []
    for _ in range(samples):
        columns = numpy.sort(random.choice(features, entries, replace=False)) + 1
        rows.append("+1 " + " ".join(f"{k}:{x:.4f}" for k, x in zip(columns, random.standard_normal(entries))))
    path.write_text("\n".join(rows) + "\n")
    return path


def test_references_that_would_take_long_are_left_out_and_said(tmp_path):
    result = result_of(wide_sparse(tmp_path, 2500, 300000, 10), "--optimizer", "adam", "--batch-size", "100", "--steps", "20")
    assert result["cosine"]["l2"] is not None
    for norm in ("linf", "l1"):
        assert result["margin_ratio"][norm] is None and result["margin"][norm] is not None
        assert any(f"--references {norm}" in text for text in result["warnings"])


def test_references_are_what_is_chosen(tmp_path):
    everything = result_of(GAUSSIAN, *ADAM, "--steps", 1000)
    assert result_of(GAUSSIAN, *ADAM, "--steps", 1000, "--references", "all") == everything
    one = result_of(GAUSSIAN, *ADAM, "--steps", 1000, "--references", "linf", "--trace", tmp_path / "t.csv")
    assert one["cosine"]["linf"] == everything["cosine"]["linf"] and one["cosine"]["l2"] is None and one["cosine"]["l1"] is None
    with open(tmp_path / "t.csv", newline="") as file:
        row = list(csv.DictReader(file))[-1]
    assert float(row["cosine_linf"]) == one["cosine"]["linf"] and row["cosine_l2"] == ""
    none = result_of(GAUSSIAN, *ADAM, "--steps", 1000, "--references", "none")
    assert none["margin"] == everything["margin"] and set(none["cosine"].values()) == {None} and none["direction"] == everything["direction"]
    for wrong in ("l3", "l2,x", "l" * 100):
        refused = run(GAUSSIAN, "--references", wrong)
        assert refused.returncode == 1 and wrong[:3] in refused.stderr


def huge_constant(folder):
    path = folder / "huge.csv"
    path.write_text("a,b,y\n1,99999,0\n2,99999,1\n")
    return path


def test_steps_too_large_for_the_data_are_warned_of(tmp_path):
    flags = [huge_constant(tmp_path), "--label-column", "2", "--optimizer", "gd", "--steps", 10000]
    warnings = result_of(*flags)["warnings"]
    for text in ("loss ends above that of w = 0", "has not separated the data"):
        assert any(text in warning for warning in warnings), warnings
    back_and_forth = tmp_path / "back_and_forth.csv"
    back_and_forth.write_text("1,-0.9\n-0.9,1\n")
    resting = result_of(back_and_forth, "--optimizer", "signgd", "--batch-size", 1, "--lr-decay", 0, "--steps", 10000, "--record", "log:1")
    assert any("has hardly grown" in warning for warning in resting["warnings"])
    for text in ("loss ends above", "not separated", "hardly grown"):
        assert not any(text in warning for warning in result_of(GAUSSIAN, "--optimizer", "gd", "--steps", 10000)["warnings"])


def test_a_terminal_is_told_what_is_compared():
    try:
        parent, child = pty.openpty()
    except OSError:
        pytest.skip("no pseudo-terminal to be had here")
    process = subprocess.Popen([BIASCOPE, "train", GAUSSIAN, *ADAM, "--steps", "10"], stdout=subprocess.DEVNULL, stderr=child)
    os.close(child)
    shown = b""
    while piece := read_or_nothing(parent):
        shown += piece
    assert process.wait() == 0 and b"computing the l1 margin" in shown and b"computing the predicted limit" in shown
    assert shown.endswith(b"\x1b[K")


def read_or_nothing(terminal):
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


def test_a_clipped_gradient_is_as_long_as_said():
    """A step of gradient descent from w = 0 is lr / sqrt(2) times the gradient."""
    flags = ("--optimizer", "gd", "--lr", 1, "--steps", 1)
    whole, clipped, short = (result_of(GAUSSIAN, *flags, *clip) for clip in ((), ("--clip", 0.01), ("--clip", 100)))
    assert clipped["weight_norm"] == pytest.approx(0.01 / math.sqrt(2), rel=1e-15)
    assert clipped["direction"] == pytest.approx(whole["direction"], abs=1e-15)
    assert short["weight_norm"] == whole["weight_norm"] > 0.1


def test_a_forecast_of_a_clipped_run_is_clipped():
    """Over so many steps an unclipped one is an average, which knows no clipping."""
    flags = (GAUSSIAN, "--optimizer", "gd", "--steps", 200000, "--clip", 0.0001)
    found = subprocess.run([BIASCOPE, "predict", *map(str, flags), "--json"], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["log_loss"] == pytest.approx(result_of(*flags)["log_loss"], rel=1e-9)
