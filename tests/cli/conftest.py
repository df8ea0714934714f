import pytest

from study_cases import STUDY, run, write


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A finished sweep, by one job."""
    folder = tmp_path_factory.mktemp("finished")
    run("sweep", write(folder, STUDY), "--store", folder / "runs.db", "--jobs", 1)
    return folder / "runs.db"
