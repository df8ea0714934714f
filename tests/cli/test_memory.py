"""Every subcommand under valgrind's memcheck: no read of what was never written, no access out of bounds, no leak."""
import os
import pathlib
import shutil
import subprocess

import pytest

from study_cases import BIASCOPE, GOOD

DATA = pathlib.Path(os.environ["BIASCOPE_TEST_DATA"]) / "gaussian-10x50.csv"
FOUND = 99
COMMANDS = [
    "info {data}",
    "solve {data} --norm l2",
    "solve {data} --norm l1 --json",
    "train {data} --optimizer adam --batch-size 1 --steps 50 --checkpoint {folder}/run.ckpt",
    "train {data} --optimizer signum --steps 50 --json",
    "predict {data} --optimizer adam --batch-size 2",
    "predict {data} --optimizer signum --json",
    "doctor {data} --optimizer adam --batch-size 1 --steps 1000 --quiet",
    "generate gaussian --samples 6 --features 4 --out {folder}/new.npy",
    "sweep {folder}/study.toml --store {folder}/runs.db --jobs 2",
]

pytestmark = [pytest.mark.slow, pytest.mark.plain_build,
              pytest.mark.skipif(not shutil.which("valgrind"), reason="Debian's valgrind is not installed")]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command.split()[:4:3]))
def test_memory_is_used_as_it_should_be(command, tmp_path):
    (tmp_path / "study.toml").write_text(GOOD)
    result = subprocess.run(["valgrind", "--quiet", f"--error-exitcode={FOUND}", "--leak-check=full", "--errors-for-leak-kinds=definite",
                             BIASCOPE, *command.format(data=DATA, folder=tmp_path).split()],
                            capture_output=True, text=True, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"}, check=False)
    assert result.returncode == 0, result.stderr[-4000:]
