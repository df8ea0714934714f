"""Instructions a step and a solve take, counted by callgrind, against those kept in instructions.json: a change that
needs 5 % more must say so there. Counts repeat to the instruction, where times on a busy machine do not. Rewrite the
file with BIASCOPE_KEEP_INSTRUCTIONS=1; they hold for Debian 12's compiler and libraries, in valgrind's instruction set."""
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

BIASCOPE, DATA = os.environ["BIASCOPE"], pathlib.Path(os.environ["BIASCOPE_TEST_DATA"]) / "gaussian-10x50.csv"
KEPT = pathlib.Path(__file__).with_name("instructions.json")
ALLOWED = 1.05
# A command, and one that takes as many units more of the same: the difference, over the units, is what one takes.
TRAIN = "train {data} --lr 0.1 --lr-decay 0.5 --quiet"
SPARSE = "train {sparse} --lr 0.1 --lr-decay 0.5 --quiet --optimizer adam --batch-size 1 --record log:1" # as many records either way
SWEEP = "sweep {{folder}}/{0}.toml --store {{folder}}/{0}.db --jobs 1 --quiet"
START = "--version"  # of the program and its libraries
COUNTED = {
    "step, adam, batch 1": (TRAIN + " --optimizer adam --batch-size 1 --steps 10000", TRAIN + " --optimizer adam --batch-size 1 --steps 30000", 20000),
    "step, adam, batch 3": (TRAIN + " --optimizer adam --batch-size 3 --steps 10000", TRAIN + " --optimizer adam --batch-size 3 --steps 30000", 20000),
    "step, signum, batch 1": (TRAIN + " --optimizer signum --batch-size 1 --steps 10000", TRAIN + " --optimizer signum --batch-size 1 --steps 30000", 20000),
    "step, gd, full batch": (TRAIN + " --optimizer gd --batch-size full --steps 1000", TRAIN + " --optimizer gd --batch-size full --steps 3000", 2000),
    "step, adam, sparse, every feature": (SPARSE + " --eps 1e-30 --steps 20000", SPARSE + " --eps 1e-30 --steps 40000", 20000),
    "step, adam, sparse, its nonzeros": (SPARSE + " --steps 20000", SPARSE + " --steps 40000", 20000),
    "step of a run, adam, batch 1, 8 side by side": (SWEEP.format("few"), SWEEP.format("many"), 8 * 20000),
    "solve, l2": (START, "solve {data} --norm l2", 1),
    "solve, linf": (START, "solve {data} --norm linf", 1),
    "predict, adam, batch 1": (START, "predict {data} --optimizer adam --batch-size 1 --confirm none", 1),
    "predict, adam, batch 1, confirmed by the flow": (START, "predict {data} --optimizer adam --batch-size 1 --confirm flow", 1),
}

pytestmark = [pytest.mark.slow, pytest.mark.plain_build,
              pytest.mark.skipif(not shutil.which("valgrind"), reason="Debian's valgrind is not installed")]


def instructions(folder, command):
    result = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder / 'out'}", BIASCOPE, *command.split()],
                            capture_output=True, text=True, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
    assert result.returncode == 0, result.stderr
    return int(re.search(r"Collected : (\d+)", result.stderr)[1])


@pytest.fixture(scope="module")
def sparse(tmp_path_factory):
    path = tmp_path_factory.mktemp("sparse") / "sparse.svm"
    path.write_text("".join(f"{'+1' if i % 3 else '-1'} {1 + i % 4}:{1 if i % 3 else -1} {6 + 7 * i % 90}:0.5 {200 + i}:0.25\n"
                            for i in range(50)))
    return path


def write_studies(folder):
    for name, steps in ("few", 10000), ("many", 30000):
        (folder / f"{name}.toml").write_text(f"""steps = {steps}
optimizer = "adam"
batch_size = 1
order = "shuffle"
seed = {{ from = 1, to = 8 }}
record = "log:1"
predict = false
[[data]]
file = "{DATA}"
""")


@pytest.mark.parametrize("name", COUNTED)
def test_no_more_instructions_than_kept(name, sparse, tmp_path):
    write_studies(tmp_path)
    command, longer, units = COUNTED[name]
    names = {"data": DATA, "sparse": sparse, "folder": tmp_path}
    taken = (instructions(tmp_path, longer.format(**names)) - instructions(tmp_path, command.format(**names))) / units
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    if os.environ.get("BIASCOPE_KEEP_INSTRUCTIONS"):
        KEPT.write_text(json.dumps({**kept, name: round(taken)}, indent=1) + "\n")
    else:
        assert taken <= ALLOWED * kept[name], f"{name}: {taken:.0f} instructions, {kept[name]} kept"
