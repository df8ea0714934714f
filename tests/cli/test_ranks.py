"""A sweep over the ranks of MPI equals the one of a single process, also when a rank is killed. Builds with MPI first."""
import os
import pathlib
import shutil
import subprocess
import time

import pytest

from study_cases import BIASCOPE, STUDY, STUDY_RUNS, rows

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not shutil.which("mpicc"), reason="Open MPI is not installed")]

LONGER = STUDY.replace("steps = 300", "steps = 30000")


@pytest.fixture(scope="module")
def with_mpi(build_program):
    return build_program("mpi", "-DBIASCOPE_MPI=ON")


def mpirun(program, ranks, spec, store):
    allowed = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    return subprocess.Popen(["mpirun", "--oversubscribe", "-n", str(ranks), program, "sweep", spec, "--store", store, "--quiet"],
                            env={**os.environ, **allowed}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def ranks_of(mpirun_id):
    return [int(child) for child in pathlib.Path(f"/proc/{mpirun_id}/task/{mpirun_id}/children").read_text().split()]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    (folder / "study.toml").write_text(LONGER)
    subprocess.run([BIASCOPE, "sweep", folder / "study.toml", "--store", folder / "runs.db", "--quiet"], check=True)
    return rows(folder / "runs.db")


@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_ranks_give_the_rows_of_one_process(with_mpi, alone, tmp_path, ranks):
    (tmp_path / "study.toml").write_text(LONGER)
    assert mpirun(with_mpi, ranks, tmp_path / "study.toml", tmp_path / "runs.db").wait(timeout=300) == 0
    assert rows(tmp_path / "runs.db") == alone and len(alone) == STUDY_RUNS


@pytest.mark.parametrize("victim", [0, 1, 2])
def test_a_killed_rank_costs_nothing_but_time(with_mpi, alone, tmp_path, victim):
    (tmp_path / "study.toml").write_text(LONGER)
    for attempt in range(3):
        process = mpirun(with_mpi, 3, tmp_path / "study.toml", tmp_path / "runs.db")
        time.sleep(0.4 + 0.2 * attempt)
        ranks = ranks_of(process.pid)
        if len(ranks) == 3:
            os.kill(ranks[victim], 9)
        process.wait(timeout=300)
    assert mpirun(with_mpi, 3, tmp_path / "study.toml", tmp_path / "runs.db").wait(timeout=300) == 0
    assert rows(tmp_path / "runs.db") == alone
