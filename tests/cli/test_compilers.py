"""gcc's build and clang's give the same bits: training and checkpoints, solutions, predictions. Builds with clang first."""
import os
import pathlib
import shutil
import subprocess

import pytest

BIASCOPE = os.environ["BIASCOPE"]
DATA = pathlib.Path(os.environ["BIASCOPE_TEST_DATA"])
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not shutil.which("clang"), reason="clang is not installed")]

GAUSSIAN, IRIS = DATA / "gaussian-10x50.csv", DATA / "real" / "iris.csv"
OPTIMIZERS = ["gd", "ngd", "signgd", "signum", "adam", "rmsprop", "adagrad", "adamproxy", "adamw", "lion"]
LOSSES = ["logistic", "exp", "polynomial", "probit", "squared-hinge"]


@pytest.fixture(scope="module")
def by_clang(build_program):
    return build_program("clang", "-DCMAKE_C_COMPILER=clang", "-DCMAKE_CXX_COMPILER=clang++")


def output(program, *words):
    one_thread = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # beside other tests its threads wait for each other
    result = subprocess.run([program, *map(str, words), "--json"], capture_output=True, text=True, env=one_thread)
    assert result.returncode in (0, 3, 4), result.stderr
    return result.returncode, result.stdout, result.stderr


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_training_and_its_checkpoint(by_clang, tmp_path, optimizer, loss):
    orders = [("full", "cyclic")] if optimizer == "adamproxy" else [(1, "cyclic"), (3, "shuffle"), (2, "replacement")]
    for batch_size, order in orders:
        states, outputs = [], []
        for program in (BIASCOPE, by_clang):
            state = tmp_path / "state.json"
            outputs.append(output(program, "train", GAUSSIAN, "--optimizer", optimizer, "--loss", loss, "--batch-size",
                                  batch_size, "--order", order, "--lr", 0.01, "--steps", 20000, "--checkpoint", state))
            states.append(state.read_bytes())
        assert states[0] == states[1], (batch_size, order)
        assert outputs[0] == outputs[1], (batch_size, order)


@pytest.mark.parametrize("shape", [("full", "samples"), ("full", "isotropic")])
def test_noise(by_clang, shape):
    flags = ["train", GAUSSIAN, "--batch-size", shape[0], "--noise", 0.5, "--noise-shape", shape[1], "--steps", 5000]
    assert output(BIASCOPE, *flags) == output(by_clang, *flags)


@pytest.mark.parametrize("norm", ["l2", "linf", "l1", "l3", "l1.5"])
@pytest.mark.parametrize("data", [GAUSSIAN, IRIS], ids=["gaussian", "iris"])
def test_max_margins(by_clang, data, norm):
    flags = ["solve", data, "--norm", norm]
    assert output(BIASCOPE, *flags) == output(by_clang, *flags)


@pytest.mark.parametrize("data", [GAUSSIAN, IRIS], ids=["gaussian", "iris"])
@pytest.mark.parametrize("flags", [
    ("gd",), ("ngd", "--batch-size", 2), ("signum", "--batch-size", 5), ("adam",), ("adam", "--batch-size", 1), ("adamproxy",),
    ("adam", "--batch-size", 2, "--lr-decay", 0, "--lr", 0.001), ("adam", "--batch-size", 5, "--order", "shuffle"),
    ("rmsprop", "--batch-size", 1, "--order", "replacement"), ("adam", "--steps", 3000)], ids=lambda f: "-".join(map(str, f)))
def test_predictions(by_clang, data, flags):
    words = ["predict", data, "--optimizer", *flags]
    assert output(BIASCOPE, *words) == output(by_clang, *words)


def test_generated_data(by_clang, tmp_path):
    for kind in ("gaussian", "rademacher", "teacher"):
        files = []
        for program in (BIASCOPE, by_clang):
            path = tmp_path / "data.csv"
            subprocess.run([program, "generate", kind, "--samples", "8", "--features", "16", "--out", path], check=True,
                           capture_output=True)
            files.append(path.read_bytes())
        assert files[0] == files[1], kind
