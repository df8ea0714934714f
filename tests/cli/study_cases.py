"""What the tests of studies share: a study, and the rows of a store."""
import json
import os
import subprocess

BIASCOPE = os.environ["BIASCOPE"]

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


def rows(store):
    """The runs without what may differ between two sweeps of the same study."""
    runs = json.loads(subprocess.run([BIASCOPE, "runs", store, "--json", "--traces"], capture_output=True, check=True).stdout)
    for one in runs:
        del one["provenance"]
    return runs
