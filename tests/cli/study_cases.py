"""What the tests of studies share: studies, and how a store is run, read and written."""
import contextlib
import json
import os
import sqlite3
import subprocess

BIASCOPE = os.environ["BIASCOPE"]
USAGE, BAD_INPUT = 1, 2

STUDY = """
name = "A study"
steps = 300
optimizer = ["adam", "signum"]
batch_size = [1, 5, "full"]
beta1 = [0, 0.9]
lr = { from = 0.01, to = 1, count = 3, scale = "log" }
seed = { from = 0, to = 2 }

[[data]]
generate = "gaussian"
samples = 10
features = 20
"""
STUDY_RUNS = 2 * 3 * 2 * 3 * 3

# The least that a study needs.
GOOD = """steps = 10
optimizer = "adam"
[[data]]
generate = "gaussian"
samples = 10
features = 20
"""


def run(*arguments, code=0):
    result = subprocess.run([BIASCOPE, *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert result.returncode == code, result.stderr
    return result


def output(*arguments):
    return json.loads(run(*arguments, "--json").stdout)


@contextlib.contextmanager
def database_of(path):
    """Closed at the end, so that SQLite's log is cleared away."""
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        yield database


def write(folder, text, name="study.toml"):
    path = folder / name
    path.write_text(text)
    return path


def rows(store):
    """The runs without what may differ between two sweeps of the same study."""
    runs = output("runs", store, "--traces")
    for one in runs:
        del one["provenance"]
    return runs
