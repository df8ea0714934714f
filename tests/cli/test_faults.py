"""Every subcommand while an allocation or a system call of its fails: it says so and leaves no half file, or it does
all the same what it would have done."""
import contextlib
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from study_cases import BIASCOPE, BAD_INPUT

DATA = pathlib.Path(os.environ["BIASCOPE_TEST_DATA"]) / "rademacher-4x4.csv"
STUDY = """steps = 10
optimizer = ["adam", "gd"]
[[data]]
generate = "gaussian"
samples = 3
features = 5
seed = 4
"""
COMMANDS = {
    "info": "info data.csv --json",
    "solve": "solve data.csv --norm linf --json --out out.npy",
    "train": "train data.csv --batch-size 1 --steps 20 --json --trace out.csv --checkpoint out.state",
    "predict": "predict data.csv --batch-size 2 --json",
    "doctor": "doctor data.csv --optimizer signum --steps 1000 --json",
    "generate": "generate teacher --samples 4 --features 3 --out out.svm --json",
    "sweep": "sweep study.toml --store out.db --jobs 1 --quiet",
    "runs": "runs store.db --json --traces",
    "report": "report store.db --out out.html",
    "plot": "plot store.db --x step --y cosine_linf --by optimizer --out out.svg",
    "explore": "explore --out out.html --json",
    "merge": "merge out.db store.db --quiet",
    "reproduce": "reproduce fig2 --out . --json",
    "bench": "bench --json",
}
TAKE_THEIR_TIME = ("doctor", "reproduce", "bench")
MOST_ALLOCATIONS = {"reproduce": 60, "bench": 10}  # the rest are alike: measuring along curves, sizes, rows of JSON
# SQLite's files may stay behind: the next command goes on from them. What they hold is compared instead.
STORES = ("out.db", "out.db-wal", "out.db-shm", "store.db-wal", "store.db-shm")


def call(folder, command, *wrapper, **environment):
    return subprocess.run([*wrapper, BIASCOPE, *command.split()], cwd=folder, capture_output=True, timeout=120,
                          stdin=subprocess.DEVNULL, env={**os.environ, "OPENBLAS_NUM_THREADS": "1", **environment})


def outputs(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()
            if path.name not in (*STORES, "data.csv", "study.toml", "store.db", "count", "calls")}


def runs_of(folder, store):
    """What the store holds after the command is given again, without a fault."""
    result = call(folder, f"runs {store} --csv")
    assert result.returncode == 0, result.stderr
    return sorted(line.split(b",v")[0].rsplit(b",", 3)[0] for line in result.stdout.splitlines())


@pytest.fixture
def folder(tmp_path):
    shutil.copy(DATA, tmp_path / "data.csv")
    (tmp_path / "study.toml").write_text(STUDY)
    assert call(tmp_path, "sweep study.toml --store store.db --quiet").returncode == 0
    return tmp_path


def clear(folder):
    for name in [*outputs(folder), *STORES]:
        with contextlib.suppress(FileNotFoundError):
            (folder / name).unlink()


def words(stdout):
    """What is printed, without the times of bench."""
    return re.sub(rb"[-+.e0-9]+", b"#", stdout) if b"step_ns" in stdout else stdout


def check(folder, command, good, files, stores, result, fault):
    text = result.stderr.decode(errors="replace")
    assert result.returncode in (0, BAD_INPUT), (fault, result.returncode, text)
    left = outputs(folder)
    assert all(files.get(name) == content for name, content in left.items()), (fault, list(left), "a half file", text)
    if result.returncode == 0:
        assert words(result.stdout) == words(good.stdout) and left == files, (fault, "another result", text)
    else:
        assert any(line.startswith("biascope: ") for line in text.splitlines()), (fault, "no message", text)
    if stores is not None:
        again = call(folder, command)
        assert again.returncode == 0 and runs_of(folder, "out.db") == stores, (fault, again.stderr)


def undisturbed(folder, command, **environment):
    good = call(folder, command, **environment)
    assert good.returncode == 0, good.stderr
    stores = runs_of(folder, "out.db") if "out.db" in command else None
    return good, outputs(folder), stores


@pytest.fixture(scope="session")
def failing_allocations(tmp_path_factory):
    library = tmp_path_factory.mktemp("preload") / "failing_allocations.so"
    source = pathlib.Path(__file__).with_name("failing_allocations.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return str(library)


def sweep_allocations(folder, command, library, at_most):
    # with kernels that are named, the program does not start itself again, without the library
    kernels = {"OPENBLAS_CORETYPE": "Prescott"}
    good, files, stores = undisturbed(folder, command, **kernels)
    clear(folder)
    count = folder / "count"
    preload = {"LD_PRELOAD": library, **kernels}
    assert call(folder, command, **preload, BIASCOPE_FAULT_COUNT=str(count)).returncode == 0
    calls = int(count.read_text())
    for fault in range(1, calls + 1, -(-calls // at_most)):
        clear(folder)
        result = call(folder, command, **preload, BIASCOPE_FAULT=str(fault))
        check(folder, command, good, files, stores, result, f"allocation {fault} of {calls}")
    return calls


@pytest.mark.plain_build
@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in TAKE_THEIR_TIME])
def test_some_failed_allocations(name, folder, failing_allocations):
    sweep_allocations(folder, COMMANDS[name], failing_allocations, 6)


@pytest.mark.plain_build
@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_every_failed_allocation(name, folder, failing_allocations):
    sweep_allocations(folder, COMMANDS[name], failing_allocations, MOST_ALLOCATIONS.get(name, 100000))


# ---- System calls ---------------------------------------------------------------------------------------

STRACE = shutil.which("strace")
FAULTS = [(call_name, error) for call_name, errors in {
    "openat": ("EMFILE", "EACCES"), "read": ("EIO", "EINTR"), "write": ("ENOSPC", "EIO", "EINTR", "EPIPE"),
    "pwrite64": ("ENOSPC", "EIO"), "fsync": ("EIO",), "fdatasync": ("ENOSPC",), "rename": ("ENOSPC", "EACCES"),
    "close": ("EIO",), "ftruncate": ("ENOSPC",), "newfstatat": ("EIO",), "getrandom": ("EINTR",)}.items() for error in errors]


def system_calls(folder, command):
    """How often the program proper makes each call: from the first that names one of its own files on."""
    record = folder / "calls"
    names = sorted({name for name, _ in FAULTS})
    result = call(folder, command, STRACE, "-f", "-o", record, "-e", f"trace={','.join(names)}")
    assert result.returncode == 0, result.stderr
    lines = [line.split(None, 1)[1] for line in record.read_text(errors="replace").splitlines()]
    own = next((i for i, line in enumerate(lines) if any(f in line for f in ("data.csv", "study.toml", "store.db", "out."))), 0)
    numbers = {}
    for name in names:
        before = sum(line.startswith(name + "(") for line in lines[:own])
        total = sum(line.startswith(name + "(") for line in lines)
        numbers[name] = range(before + 1, total + 1)
    return numbers


@pytest.mark.plain_build
@pytest.mark.slow
@pytest.mark.skipif(not STRACE, reason="Debian's strace is not installed")
@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ("plot", "reproduce", "bench")])
def test_every_failed_system_call(name, folder):
    """Not of those where strace would disturb gnuplot too, nor of bench, which opens no file."""
    command = COMMANDS[name]
    good, files, stores = undisturbed(folder, command)
    clear(folder)
    numbers = system_calls(folder, command)
    for call_name, error in FAULTS:
        for number in numbers[call_name]:
            clear(folder)
            result = call(folder, command, STRACE, "-f", "-o", "/dev/null", "-e", f"trace={call_name}", "-e",
                          f"inject={call_name}:error={error}:when={number}")
            check(folder, command, good, files, stores, result, f"{call_name} {number}: {error}")


# ---- Standard output, and folders ------------------------------------------------------------------------

@pytest.mark.parametrize("command", [*(COMMANDS[name] for name in COMMANDS if name not in TAKE_THEIR_TIME), "--help", "--version", "info --help", "info data.csv", "runs store.db"])
def test_an_output_that_cannot_be_written_is_an_error(command, folder):
    with open("/dev/full", "wb") as full:
        result = subprocess.run([BIASCOPE, *command.split()], cwd=folder, stdout=full, stderr=subprocess.PIPE, text=True)
    prints = call(folder, command).stdout != b""
    assert result.returncode == (BAD_INPUT if prints else 0)
    assert ("biascope: standard output cannot be written: No space left on device" in result.stderr) == prints
