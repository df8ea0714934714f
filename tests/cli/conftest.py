import fcntl
import os
import pathlib
import subprocess

import pytest

for name in ("BIASCOPE", "BIASCOPE_TEST_DATA"):
    os.environ[name] = os.path.abspath(os.environ[name])  # tests run in folders of their own

from study_cases import BIASCOPE, STUDY, run, write

ROOT = pathlib.Path(__file__).resolve().parents[2]
INSTRUMENTED = any(symbol in pathlib.Path(BIASCOPE).read_bytes() for symbol in (b"__asan_", b"__tsan_", b"__gcov_"))


def pytest_runtest_setup(item):
    if INSTRUMENTED and item.get_closest_marker("plain_build"):
        pytest.skip("the program is instrumented")


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A finished sweep, by one job."""
    folder = tmp_path_factory.mktemp("finished")
    run("sweep", write(folder, STUDY), "--store", folder / "runs.db", "--jobs", 1)
    return folder / "runs.db"


@pytest.fixture(scope="session")
def build_program():
    """Builds the program once more with other options of CMake's, in a folder beside BIASCOPE."""
    def build_with(name, *options):
        folder = pathlib.Path(BIASCOPE).parent / name
        folder.mkdir(exist_ok=True)
        with open(folder / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # pytest's workers come here at once
            for command in (["cmake", "-S", ROOT, "-B", folder, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DBIASCOPE_TESTS=OFF",
                             *options], ["cmake", "--build", folder, "--target", "biascope"]):
                result = subprocess.run(command, capture_output=True, text=True)
                assert result.returncode == 0, result.stdout + result.stderr
        return folder / "biascope"
    return build_with
