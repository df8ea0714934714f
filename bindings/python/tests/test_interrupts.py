"""Ctrl-C is heard while the library computes, and what takes long is shown."""
import subprocess
import sys

import numpy as np
import pytest

import biascope
from biascope import _progress

LONG = {
    "train": "biascope.train(np.eye(10, 50) + 0.1, optimizer='adam', batch_size=1, steps=10**13)",
    "solve": "biascope.solve(np.random.default_rng(0).standard_normal((1500, 3000)), norm='linf')",
    "predict": "biascope.predict(np.random.default_rng(0).standard_normal((1000, 3000)), batch_size=10)",
}
CHILD = """
import os, signal, sys, threading, time
import numpy as np, biascope
sent = []
def send():
    sent.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGINT)
threading.Timer(1.0, send).start()
try:
    {call}
except KeyboardInterrupt:
    print(time.monotonic() - sent[0], flush=True)
    os._exit(0)
"""


@pytest.mark.parametrize("name", LONG)
def test_ctrl_c_is_heard(name):
    done = subprocess.run([sys.executable, "-c", CHILD.format(call=LONG[name])], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 30  # a tenth of a second on a machine that does nothing else


def test_what_takes_long_is_shown(monkeypatch, capsys):
    pytest.importorskip("tqdm")
    monkeypatch.setattr(_progress, "_AFTER", 0.0)
    biascope.train(np.eye(3, 5), optimizer="adam", batch_size=1, steps=10**6, record=0, progress=True)
    assert "biascope.train" in capsys.readouterr().err
    biascope.train(np.eye(3, 5), optimizer="adam", batch_size=1, steps=10**6, record=0, progress=False)
    assert capsys.readouterr().err == ""


def test_an_error_in_the_bar_ends_the_run(monkeypatch):
    def fail(self, done=0):
        raise KeyError("bar")
    monkeypatch.setattr(_progress.Progress, "__call__", fail)
    with pytest.raises(KeyError):
        biascope.train(np.eye(3, 5), optimizer="adam", batch_size=1, steps=10**9, record=0)
