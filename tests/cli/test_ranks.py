"""A sweep over the ranks of MPI equals the one of a single process, also when a rank is killed. Builds with MPI first."""
import json
import os
import pathlib
import shutil
import subprocess
import time

import pytest

BIASCOPE = os.environ["BIASCOPE"]
ROOT = pathlib.Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not shutil.which("mpicc"), reason="Open MPI is not installed")]

STUDY = """
steps = 30000
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
RUNS = 108


@pytest.fixture(scope="module")
def with_mpi():
    build = pathlib.Path(BIASCOPE).parent / "mpi"
    for command in (["cmake", "-S", ROOT, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DBIASCOPE_MPI=ON",
                     "-DBIASCOPE_TESTS=OFF"], ["cmake", "--build", build, "--target", "biascope"]):
        result = subprocess.run(command, capture_output=True, text=True)
        assert result.returncode == 0, result.stdout + result.stderr
    return build / "biascope"


def mpirun(program, ranks, spec, store):
    allowed = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    return subprocess.Popen(["mpirun", "--oversubscribe", "-n", str(ranks), program, "sweep", spec, "--store", store, "--quiet"],
                            env={**os.environ, **allowed}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def rows(store):
    runs = json.loads(subprocess.run([BIASCOPE, "runs", store, "--json", "--traces"], capture_output=True, text=True).stdout)
    for one in runs:
        del one["provenance"]
    return runs


def ranks_of(mpirun_id):
    return [int(child) for child in pathlib.Path(f"/proc/{mpirun_id}/task/{mpirun_id}/children").read_text().split()]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    (folder / "study.toml").write_text(STUDY)
    subprocess.run([BIASCOPE, "sweep", folder / "study.toml", "--store", folder / "runs.db", "--quiet"], check=True)
    return rows(folder / "runs.db")


@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_ranks_give_the_rows_of_one_process(with_mpi, alone, tmp_path, ranks):
    (tmp_path / "study.toml").write_text(STUDY)
    assert mpirun(with_mpi, ranks, tmp_path / "study.toml", tmp_path / "runs.db").wait(timeout=300) == 0
    assert rows(tmp_path / "runs.db") == alone and len(alone) == RUNS


@pytest.mark.parametrize("victim", [0, 1, 2])
def test_a_killed_rank_costs_nothing_but_time(with_mpi, alone, tmp_path, victim):
    (tmp_path / "study.toml").write_text(STUDY)
    for attempt in range(3):
        process = mpirun(with_mpi, 3, tmp_path / "study.toml", tmp_path / "runs.db")
        time.sleep(0.4 + 0.2 * attempt)
        ranks = ranks_of(process.pid)
        if len(ranks) == 3:
            os.kill(ranks[victim], 9)
        process.wait(timeout=300)
    assert mpirun(with_mpi, 3, tmp_path / "study.toml", tmp_path / "runs.db").wait(timeout=300) == 0
    assert rows(tmp_path / "runs.db") == alone
