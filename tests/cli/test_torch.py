"""train --torch against torch.optim itself, in a Python environment of its own with PyTorch from the package index:
scikit-learn's digits, threes against eights, 1,000 steps of 32 samples in float64, and all ten classes, 200 steps."""
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits

BIASCOPE = os.environ["BIASCOPE"]
VENV = pathlib.Path(BIASCOPE).parent / "torch-venv"
STEPS, BATCH = 1000, 32
# Flags of biascope, and the class and arguments of torch.optim.
CASES = {
    "adam": ("Adam", {}),
    "adam --weight-decay 0.1": ("Adam", {"weight_decay": 0.1}),
    "adamw": ("AdamW", {}),
    "nadam": ("NAdam", {}),
    "adamax": ("Adamax", {}),
    "rmsprop": ("RMSprop", {}),
    "adagrad": ("Adagrad", {}),
    "gd": ("SGD", {}),
    "gd --momentum 0.9": ("SGD", {"momentum": 0.9}),
    "gd --momentum 0.9 --nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "gd --momentum 0.9 --weight-decay 0.1": ("SGD", {"momentum": 0.9, "weight_decay": 0.1}),
}
SCHEDULES = {
    "cosine": "torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)",
    "linear": "torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, STEPS)",
    "step --step-every 100 --step-factor 0.5": "torch.optim.lr_scheduler.StepLR(optimizer, 100, 0.5)",
}
SCRIPT = """
import json, sys, torch
path, name, arguments, scheduler, STEPS, BATCH = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), sys.argv[4], int(sys.argv[5]), int(sys.argv[6])
data = torch.tensor(json.load(open(path)), dtype=torch.float64)
w = torch.zeros(data.shape[1], dtype=torch.float64, requires_grad=True)
optimizer = getattr(torch.optim, name)([w], **arguments)
schedule = eval(scheduler) if scheduler else None
batches = data.split(BATCH)
for t in range(STEPS):
    optimizer.zero_grad()
    torch.nn.functional.softplus(-(batches[t % len(batches)] @ w)).mean().backward()
    optimizer.step()
    if schedule: schedule.step()
print(json.dumps(w.tolist()))
"""

pytestmark = [pytest.mark.slow, pytest.mark.plain_build]


@pytest.fixture(scope="module")
def torch_python():
    python = VENV / "bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
    if subprocess.run([python, "-c", "import torch"], capture_output=True).returncode != 0:
        if subprocess.run([python, "-m", "pip", "install", "-q", "torch"], capture_output=True).returncode != 0:
            pytest.skip("PyTorch cannot be installed")
    return python


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    features, digit = load_digits(return_X_y=True)
    chosen = np.isin(digit, (3, 8))
    data = features[chosen] / 16 * np.where(digit[chosen] == 8, 1.0, -1.0)[:, None]
    folder = tmp_path_factory.mktemp("digits")
    np.save(folder / "digits.npy", data)
    (folder / "digits.json").write_text(json.dumps(data.tolist()))
    assert len(data) % BATCH != 0  # an epoch's last batch is short
    return folder


def trained(digits, flags):
    command = [BIASCOPE, "train", digits / "digits.npy", "--torch", "--optimizer", *flags.split(), "--batch-size", str(BATCH),
               "--steps", str(STEPS), "--references", "none", "--json", "--quiet"]
    result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    norm = result["weight_norm"] if "weight_norm" in result else np.exp(result["weight_norm_log"])
    return np.array(result["direction"]) * norm


def torch_weights(python, digits, name, arguments, scheduler=""):
    result = subprocess.run([python, "-W", "ignore", "-c", SCRIPT, digits / "digits.json", name, json.dumps(arguments), scheduler,
                             str(STEPS), str(BATCH)], check=True, capture_output=True, text=True)
    return np.array(json.loads(result.stdout))


@pytest.mark.parametrize("flags", CASES)
def test_weights_are_those_of_torch(torch_python, digits, flags):
    assert np.abs(trained(digits, flags) - torch_weights(torch_python, digits, *CASES[flags])).max() < 1e-10


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_schedules_are_those_of_torch(torch_python, digits, schedule):
    expected = torch_weights(torch_python, digits, "Adam", {}, SCHEDULES[schedule])
    assert np.abs(trained(digits, "adam --schedule " + schedule) - expected).max() < 1e-10


# Of ten classes; muon with its cast to bfloat16 taken out of a copy of torch's own step.
CLASSES_SCRIPT = """
import inspect, json, sys, textwrap, torch, torch.optim._muon as muon
path, name, arguments, steps, batch = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])
source = textwrap.dedent(inspect.getsource(muon._zeropower_via_newtonschulz))
source = source.replace("torch.bfloat16", "torch.float64").replace(".bfloat16()", ".clone()")
assert "float64" in source or ".clone()" in source
exec(compile(source, "muon", "exec"), muon.__dict__)
x, y = json.load(open(path))
x, y = torch.tensor(x, dtype=torch.float64), torch.tensor(y)
w = torch.zeros(10, x.shape[1], dtype=torch.float64, requires_grad=True)
optimizer = getattr(torch.optim, name)([w], **arguments)
batches = torch.arange(len(y)).split(batch)
for t in range(steps):
    rows = batches[t % len(batches)]
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(x[rows] @ w.T, y[rows]).backward()
    optimizer.step()
print(json.dumps(w.tolist()))
"""
CLASSES_CASES = {
    "adam": ("Adam", {}),
    "adamw": ("AdamW", {}),
    "gd --momentum 0.9 --nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "muon": ("Muon", {}),
    "muon --beta1 0.9 --weight-decay 0 --adjust-lr match-rms-adamw": ("Muon", {"momentum": 0.9, "weight_decay": 0.0,
                                                                            "adjust_lr_fn": "match_rms_adamw"}),
}


@pytest.fixture(scope="module")
def ten_digits(tmp_path_factory):
    features, digit = load_digits(return_X_y=True)
    folder = tmp_path_factory.mktemp("ten")
    np.save(folder / "x.npy", features / 16)
    np.save(folder / "y.npy", digit.astype(float))
    (folder / "xy.json").write_text(json.dumps([(features / 16).tolist(), digit.tolist()]))
    return folder


@pytest.mark.parametrize("flags", CLASSES_CASES)
def test_weights_of_ten_classes_are_those_of_torch(torch_python, ten_digits, flags):
    name, arguments = CLASSES_CASES[flags]
    command = [BIASCOPE, "train", ten_digits / "x.npy", "--labels", ten_digits / "y.npy", "--torch", "--optimizer", *flags.split(),
               "--batch-size", str(BATCH), "--steps", "200", "--references", "none", "--json", "--quiet"]
    result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    found = np.array(result["direction"]) * result["weight_norm"]
    ours = subprocess.run([torch_python, "-W", "ignore", "-c", CLASSES_SCRIPT, ten_digits / "xy.json", name, json.dumps(arguments),
                           "200", str(BATCH)], check=True, capture_output=True, text=True)
    assert np.abs(found - np.array(json.loads(ours.stdout))).max() < 1e-8
