"""The command line's contract: the keys of every --json object, exit codes, where messages go, every flag's range."""
import json
import math
import os
import re
import subprocess

import pytest

BIASCOPE = os.environ["BIASCOPE"]
DATA = os.environ["BIASCOPE_TEST_DATA"]
GAUSSIAN = os.path.join(DATA, "gaussian-10x50.csv")
USAGE, BAD_INPUT, NOT_SEPARABLE = 1, 2, 3

TRAINING = ["--optimizer", "adam", "--batch-size", "1", "--beta2", "0.95"]
# An ordinary call of each command and the keys its object has at least. OUT stands for a path in a fresh folder.
COMMANDS = {
    "info": ([GAUSSIAN], {"samples", "features", "nonzeros", "separable", "certificate"}),
    "solve": ([GAUSSIAN, "--norm", "linf"],
              {"norm", "margin", "upper_bound", "gap", "support", "unique", "direction"}),
    "train": ([GAUSSIAN, *TRAINING, "--steps", "1000"],
              {"steps", "direction", "weight_norm_log", "loss_log", "margin", "cosine", "warnings"}),
    "predict": ([GAUSSIAN, *TRAINING], {"direction", "gap", "rate", "support", "method", "cosine"}),
    "generate": (["gaussian", "--samples", "4", "--features", "6", "--out", "OUT.csv"], {"samples", "features"}),
    "reproduce": (["fig2", "--out", "OUT"], {"claims"}),
    "explore": (["--out", "OUT.html"], {"out"}),
    "doctor": ([GAUSSIAN, *TRAINING], {"stale_momentum", "eps_handover_step", "misalignment", "recommended"}),
}
READING = ["info", "solve", "train", "predict", "doctor"]
TRAINED = ["train", "predict", "doctor"]


def run(*arguments, **options):
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, **options}
    return subprocess.run([BIASCOPE, *map(str, arguments)], text=True, **options)


LISTED = re.findall(r"^  (\w+) ", run("--help").stdout, re.MULTILINE)


def known(commands):
    return [command for command in commands if command in LISTED]


LONG = ["reproduce", "doctor"]


def known_and_long(commands):
    """With the sanitizers the long ones go only where `known` is asked."""
    return [pytest.param(command, marks=pytest.mark.plain_build) if command in LONG else command
            for command in known(commands)]


def arguments_of(command, folder):
    return [argument.replace("OUT", str(folder / "out")) for argument in COMMANDS[command][0]]


def leaves(value):
    if isinstance(value, dict):
        for member in value.values():
            yield from leaves(member)
    elif isinstance(value, list):
        for member in value:
            yield from leaves(member)
    else:
        yield value


@pytest.mark.parametrize("command", known(COMMANDS))
def test_json_is_one_object_with_the_promised_keys_and_nothing_else_is_printed(command, tmp_path):
    result = run(command, *arguments_of(command, tmp_path), "--json")
    assert result.returncode == 0, result.stderr
    assert result.stderr == "", "notes belong on a terminal"
    object_ = json.loads(result.stdout)  # refuses anything after the object
    assert isinstance(object_, dict) and COMMANDS[command][1] <= set(object_)
    assert all(math.isfinite(leaf) for leaf in leaves(object_) if isinstance(leaf, float)), "JSON has no NaN"


@pytest.mark.parametrize("command", known_and_long(COMMANDS))
def test_without_json_a_pipe_gets_the_results_alone(command, tmp_path):
    result = run(command, *arguments_of(command, tmp_path))
    assert result.returncode == 0, result.stderr
    assert result.stderr == "" and result.stdout.strip()
    assert "\r" not in result.stdout and "\x1b" not in result.stdout and "nan" not in result.stdout.lower().split()


@pytest.mark.parametrize("command", LISTED)
def test_help_goes_to_stdout_and_names_the_common_flags(command):
    result = run(command, "--help")
    assert result.returncode == 0 and result.stderr == ""
    assert f"biascope {command}" in result.stdout
    for flag in ("--json", "--seed", "--quiet", "--help"):
        assert flag in result.stdout


@pytest.mark.parametrize("command", LISTED)
def test_short_help_help_of_a_command_and_version_are_known_everywhere(command):
    help = run(command, "--help").stdout
    for arguments in ((command, "-h"), ("help", command), ("--help", command)):
        result = run(*arguments)
        assert result.returncode == 0 and result.stderr == "" and result.stdout == help
    for flag in ("-V", "--version"):
        assert run(command, flag).stdout == run("--version").stdout == run("-V").stdout != ""


def test_help_of_an_unknown_command_is_a_usage_error():
    result = run("help", "frobnicate")
    assert result.returncode == USAGE and "frobnicate" in result.stderr and result.stdout == ""


@pytest.mark.parametrize("command", known(COMMANDS))
@pytest.mark.parametrize("wrong", (["--frobnicate"], ["--seed", "-1"], ["--seed", "x"], ["--seed"], ["--json=1"]))
def test_wrong_common_flags_are_usage_errors(command, wrong, tmp_path):
    result = run(command, *arguments_of(command, tmp_path), *wrong)
    assert result.returncode == USAGE and result.stdout == ""
    assert result.stderr.startswith(f"biascope {command}: ")


@pytest.mark.parametrize("command", known(COMMANDS))
def test_a_superfluous_argument_is_a_usage_error_that_names_it(command, tmp_path):
    result = run(command, *arguments_of(command, tmp_path), "superfluous")
    assert result.returncode == USAGE and "superfluous" in result.stderr and result.stdout == ""


@pytest.mark.parametrize("command", known(COMMANDS))
def test_no_argument_at_all_is_a_usage_error(command):
    result = run(command)
    assert result.returncode == USAGE and result.stderr and result.stdout == ""


def test_no_command_prints_the_help_on_stderr():
    result = run()
    assert result.returncode == USAGE and "Usage: biascope" in result.stderr and result.stdout == ""


@pytest.mark.parametrize("command", known(READING))
def test_a_missing_file_is_bad_input_that_names_it(command, tmp_path):
    path = tmp_path / "absent.csv"
    result = run(command, path, *COMMANDS[command][0][1:], "--json")
    assert result.returncode == BAD_INPUT and str(path) in result.stderr and result.stdout == ""


@pytest.mark.parametrize("command", known(READING))
def test_data_that_are_not_separable_exit_with_3_and_a_certificate(command, tmp_path):
    path = tmp_path / "opposed.csv"
    path.write_text("1,2\n-2,-4\n3,1\n")
    result = run(command, path, *COMMANDS[command][0][1:], "--json")
    assert result.returncode == NOT_SEPARABLE
    if command in ("info", "solve"):  # the certificate: 2 x_1 + x_2 = 0
        certificate = json.loads(result.stdout)["certificate"]
        dual = certificate["dual"] if isinstance(certificate, dict) else certificate
        assert dual == pytest.approx([2 / 3, 1 / 3, 0], abs=1e-9)


@pytest.mark.parametrize("command", known_and_long(COMMANDS))
def test_a_full_disk_behind_stdout_is_reported(command, tmp_path):
    with open("/dev/full", "w") as full:
        result = run(command, *arguments_of(command, tmp_path), "--json", stdout=full)
    assert result.returncode == BAD_INPUT and "standard output" in result.stderr


OUT_OF_RANGE = {
    "--optimizer": ["adadelta", "", "ADAM"],
    "--loss": ["hinge", ""],
    "--order": ["random", ""],
    "--batch-size": ["0", "-1", "1.5", "11", "all", "", "1e30"],
    "--beta1": ["1", "1.5", "-0.1", "nan", "", "0.9x"],
    "--beta2": ["1", "2", "-1e-9", "inf", "abc"],
    "--eps": ["-1", "nan", "inf", ""],
    "--weight-decay": ["-1", "nan", "x"],
    "--lr": ["0", "-0.1", "nan", "inf", ""],
    "--lr-decay": ["-0.5", "1.1", "nan", "half"],
    "--noise": ["-1", "nan", "inf", "much"],
    "--noise-shape": ["white", ""],
}


@pytest.mark.parametrize("command", known(TRAINED))
@pytest.mark.parametrize("flag,value", [(flag, value) for flag, values in OUT_OF_RANGE.items() for value in values])
def test_optimizer_flags_out_of_range_name_the_flag_and_the_value(command, flag, value):
    optimizer = ["--optimizer", "adamw"] if flag == "--weight-decay" else []
    steps = ["--steps", "10"] if command == "train" else []
    result = run(command, GAUSSIAN, *optimizer, *steps, flag, value)
    assert result.returncode == USAGE and result.stdout == ""
    assert flag.lstrip("-").replace("-", "") in re.sub("[-_ ]", "", result.stderr) and value in result.stderr


MORE_OUT_OF_RANGE = [
    ("solve", "--norm", ["l0.5", "l", "lx", "frobenius", "", "lnan"]),
    ("solve", "--tolerance", ["-1", "nan", "x"]),
    ("train", "--steps", ["-1", "1.5", "x", "", "1e30"]),
    ("generate", "--samples", ["0", "-1", "1.5", "x"]),
    ("generate", "--features", ["0", "-1", "1.5", "x"]),
    ("reproduce", "--out", [""]),
]


@pytest.mark.parametrize("command,flag,value", [(command, flag, value) for command, flag, values in MORE_OUT_OF_RANGE
                                                if command in LISTED for value in values])
def test_the_other_flags_out_of_range_are_refused_in_words(command, flag, value, tmp_path):
    result = run(command, *arguments_of(command, tmp_path), flag, value)
    assert result.returncode in (USAGE, BAD_INPUT) and result.stdout == "" and result.stderr


# What would do nothing: the flags, and what the message says of them.
WITHOUT_EFFECT = [
    (TRAINED, ["--optimizer", "adam", "--weight-decay", ".9"], ["weight_decay", "adam", "adamw"]),
    (TRAINED, ["--optimizer", "gd", "--beta2", ".3", "--eps", "1"], ["beta2", "gd", "rmsprop"]),
    (TRAINED, ["--optimizer", "signgd", "--beta1", ".9"], ["beta1", "signgd", "signum"]),
    (TRAINED, ["--optimizer", "adamproxy", "--eps", "1"], ["eps", "adamproxy"]),
    (TRAINED, ["--noise-shape", "isotropic"], ["noise_shape", "noise is above 0"]),
    (["predict"], ["--sample-length", "100"], ["--sample-length", "cyclic"]),
    (["predict"], ["--order", "shuffle", "--batch-size", "1", "--starts", "3"], ["--starts", "shuffle"]),
    (["predict"], ["--batch-size", "1", "--starts", "3", "--steps", "9"], ["--starts", "--steps"]),
]


@pytest.mark.parametrize("command,flags,words", [(command, flags, words) for commands, flags, words in WITHOUT_EFFECT
                                                 for command in known(commands)])
def test_what_would_do_nothing_is_refused(command, flags, words):
    result = run(command, GAUSSIAN, *flags)
    assert result.returncode == USAGE and result.stdout == ""
    assert all(word in result.stderr for word in words), result.stderr


def test_weights_that_stay_at_zero_are_said_to(tmp_path):
    (tmp_path / "d.csv").write_text("1,0\n-1,0\n")
    trained, predicted = run("train", tmp_path / "d.csv", "--steps", 9), run("predict", tmp_path / "d.csv", "--steps", 9)
    assert trained.returncode == NOT_SEPARABLE and "w = 0" in trained.stdout
    assert "at distance 0 from the minimiser, which is 0" in trained.stdout
    assert "weights    0" in predicted.stdout and "inf" not in trained.stdout + predicted.stdout


def test_a_gradient_beyond_the_range_of_numbers_is_not_called_infinite(tmp_path):
    run("generate", "gaussian", "--samples", 2, "--features", 5000, "--out", tmp_path / "wide.csv")
    warnings = run("train", tmp_path / "wide.csv", "--steps", 1000, "--references", "none").stdout
    assert "it was more than 1e308 times the largest gradient" in warnings and " inf " not in warnings


@pytest.mark.parametrize("command", known(TRAINED))
def test_what_says_what_holds_anyway_is_not_refused(command):
    assert run(command, GAUSSIAN, "--optimizer", "gd", "--beta2", "0", "--seed", "5").returncode == 0


# ---- No file of a call is overwritten by another of its files --------------------------------------------------------

# d.csv are data, e.csv is another name of the same file, w.json is a direction. What each call names stands in its message.
OVERWRITING = [
    (["solve", "d.csv", "--norm", "l2", "--out", "d.csv"], ["--out", "DATA"]),
    (["solve", "d.csv", "--norm", "l2", "--out", "e.csv"], ["--out", "e.csv", "DATA"]),
    (["solve", "-", "--format", "csv", "--norm", "l2", "--out", "d.csv"], ["--out", "DATA"]),
    (["solve", "d.csv", "--norm", "l2", "--test", "f.csv", "--out", "f.csv"], ["--out", "--test"]),
    (["solve", "d.csv", "--norm", "mahalanobis", "--metric", "f.csv", "--out", "f.csv"], ["--out", "--metric"]),
    (["train", "d.csv", "--trace", "d.csv"], ["--trace", "DATA"]),
    (["train", "d.csv", "--checkpoint", "d.csv"], ["--checkpoint", "DATA"]),
    (["train", "d.csv", "--checkpoint", "new", "--trace", "./new"], ["--trace", "--checkpoint"]),
    (["train", "d.csv", "--resume", "f.csv", "--trace", "f.csv"], ["--trace", "--resume"]),
    (["predict", "d.csv", "--steps", "9", "--trace", "new.csv", "--out", "new.csv"], ["--out", "--trace"]),
    (["apply", "w.json", "d.csv", "--out", "d.csv"], ["--out", "DATA"]),
    (["apply", "w.json", "d.csv", "--out", "w.json"], ["--out", "DIRECTION"]),
    (["report", "f.csv", "--out", "f.csv"], ["--out", "STORE"]),
    (["plot", "f.csv", "--x", "step", "--y", "accuracy", "--out", "f.csv"], ["--out", "STORE"]),
    (["sweep", "f.csv", "--store", "f.csv"], ["--store", "SPEC"]),
]


@pytest.mark.parametrize("arguments,words", OVERWRITING, ids=[" ".join(arguments) for arguments, _ in OVERWRITING])
def test_no_file_of_a_call_is_overwritten(arguments, words, tmp_path):
    (tmp_path / "d.csv").write_text("1,2\n3,4\n")
    os.link(tmp_path / "d.csv", tmp_path / "e.csv")
    (tmp_path / "f.csv").write_text("2,1\n1,2\n")
    (tmp_path / "w.json").write_text('{"direction": [1, 1]}')
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}
    with open(tmp_path / "d.csv") as data:
        result = run(*arguments, cwd=tmp_path, stdin=data)
    assert result.returncode == USAGE and result.stdout == ""
    assert "overwritten" in result.stderr and all(word in result.stderr for word in words), result.stderr
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before


def test_a_run_may_replace_the_checkpoint_that_it_goes_on_from(tmp_path):
    checkpoint = tmp_path / "run"
    assert run("train", GAUSSIAN, "--steps", 10, "--checkpoint", checkpoint).returncode == 0
    assert run("train", GAUSSIAN, "--steps", 20, "--checkpoint", checkpoint, "--resume", checkpoint).returncode == 0


@pytest.mark.plain_build
@pytest.mark.parametrize("optimizer,read", [("adam", {"beta1", "beta2", "lr", "lr_decay", "eps"}), ("gd", {"beta1", "lr", "lr_decay"}),
                                            ("signgd", {"lr", "lr_decay"}), ("rmsprop", {"beta2", "lr", "lr_decay", "eps"})])
def test_doctor_recommends_what_the_optimizer_reads(optimizer, read):
    if "doctor" not in known(TRAINED):
        pytest.skip("no doctor here")
    assert set(json.loads(run("doctor", GAUSSIAN, "--optimizer", optimizer, "--json").stdout)["recommended"]) == read
    text = run("doctor", GAUSSIAN, "--optimizer", optimizer).stdout.split("recommended")[1]
    assert "nothing" in text or {flag.replace("-", "_") for flag in re.findall(r"--([a-z0-9-]+)", text)} == read
