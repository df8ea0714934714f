"""A size that a small file declares is checked before it is believed: what follows is a message, not an allocation."""
import ctypes
import ctypes.util
import os
import re
import resource
import subprocess

import pytest

from study_cases import BAD_INPUT, BIASCOPE, run, write

MEMORY = 256 << 20
FEW_SECONDS = 10

pytestmark = pytest.mark.plain_build  # the sanitizers reserve address space of their own


def confined(*arguments, code=BAD_INPUT):
    """The refusal, of a process that has little memory and processor time."""
    def confine():
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (FEW_SECONDS, FEW_SECONDS))
    result = subprocess.run([BIASCOPE, *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"}, preexec_fn=confine)
    assert result.returncode == code and (code == 0 or result.stdout == ""), result.stderr
    return result.stderr


@pytest.mark.parametrize("version", (1, 2))
@pytest.mark.parametrize("descr", ("<f8", "|u1"))
@pytest.mark.parametrize("shape", ((10 ** 6, 10 ** 6), (10 ** 12, 1), (1, 10 ** 12), (2 ** 32, 2 ** 32), (2 ** 61, 8)))
def test_elements_of_an_npy_header(shape, descr, version, tmp_path):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    size = len(header).to_bytes(2 if version == 1 else 4, "little")
    path = tmp_path / "data.npy"
    path.write_bytes((b"\x93NUMPY" + bytes([version, 0]) + size + header).ljust(200, b"\0"))
    message = confined("info", path)
    assert "bytes follow the header" in message and f"{shape[0]} x {shape[1]}" in message


def test_data_larger_than_memory_are_refused_before_the_machine_swaps(tmp_path):
    shape = (10 ** 7, 10 ** 4)  # 800 GB, which take no space in the file
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    path = tmp_path / "data.npy"
    path.write_bytes(b"\x93NUMPY\x01\0" + len(header).to_bytes(2, "little") + header)
    os.truncate(path, 10 + len(header) + 8 * shape[0] * shape[1])
    assert re.search(r"out of memory .* [0-9]+ MiB are free; fewer --columns, or a sparse format, need less", confined("info", path))


@pytest.mark.parametrize("descr", ("<U65536", "|S65536", "<U1"))
def test_texts_of_an_npy_header(descr, tmp_path):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({10 ** 12},), }}\n".encode()
    (tmp_path / "y.npy").write_bytes((b"\x93NUMPY\x01\0" + len(header).to_bytes(2, "little") + header).ljust(200, b"\0"))
    (tmp_path / "x.csv").write_text("1,2\n3,4\n")
    assert "bytes follow the header" in confined("info", tmp_path / "x.csv", "--labels", tmp_path / "y.npy")


def test_an_index_of_sparse_arff(tmp_path):
    path = write(tmp_path, f"@attribute a real\n@data\n{{{10 ** 30} 1}}\n", "data.arff")
    assert "expected at most 0" in confined("info", path)


def test_the_length_of_an_npy_header(tmp_path):
    path = tmp_path / "data.npy"
    path.write_bytes((b"\x93NUMPY\x02\0" + b"\xff" * 4).ljust(200, b" "))
    assert "ends within its header" in confined("info", path)


@pytest.mark.parametrize("index", (2 ** 32 - 1, 10 ** 12, 2 ** 64 - 1, 10 ** 30))
def test_a_feature_index_of_libsvm(index, tmp_path):
    path = write(tmp_path, f"1 {index}:1\n-1 2:1\n", "data.svm")
    assert f"data.svm:1:3: feature index '{index}' is too large" in confined("info", path)


def test_a_feature_index_of_libsvm_without_a_value(tmp_path):
    path = write(tmp_path, "1 4294934592:0\n", "data.svm")
    assert "no value but 0, and an index of 4294934592" in confined("info", path)


def test_a_feature_index_of_libsvm_that_is_numbered_anew(tmp_path):
    path = write(tmp_path, f"1 {10 ** 9}:1\n1 2:1\n", "data.svm")
    assert "2 columns that occur are numbered anew" in confined("info", path, code=0)


# Products of axes that are each within bounds, and an axis that is not.
STUDIES = {
    "a grid": ("lr = { from = 0.001, to = 1, count = 1000 }\nbeta1 = { from = 0, to = 0.5, count = 1000 }\n"
               "seed = { from = 1, to = 1000 }\n", "samples = 10\n", "more than 10000000 runs"),
    "data": ("", "samples = { from = 10, to = 100009 }\nseed = { from = 0, to = 9999 }\n", "more than 10000000 runs"),
    "data and a grid": ("lr = { from = 0.001, to = 1, count = 100000 }\n", "samples = 10\nseed = { from = 0, to = 9999 }\n",
                        "more than 10000000 runs"),
    "an axis": ("seed = { from = 0, to = 1000000000000 }\n", "samples = 10\n", "expected 1 to 1000000"),
}


@pytest.mark.parametrize("what", STUDIES)
def test_the_runs_of_a_study(what, tmp_path):
    options, data, message = STUDIES[what]
    spec = write(tmp_path, f"steps = 10\noptimizer = 'adam'\n{options}"
                           f"[[data]]\ngenerate = 'gaussian'\nfeatures = 20\n{data}")
    assert message in confined("sweep", spec, "--store", tmp_path / "runs.db")
    assert not (tmp_path / "runs.db").exists()


def fingerprint(text):
    """XXH3 of 128 bits, as the file has it."""
    class Hash(ctypes.Structure):
        _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]

    xxh3 = ctypes.CDLL(ctypes.util.find_library("xxhash")).XXH3_128bits
    xxh3.restype, xxh3.argtypes = Hash, [ctypes.c_char_p, ctypes.c_size_t]
    found = xxh3(text.encode(), len(text))
    return f"{found.high:016x}{found.low:016x}"


@pytest.mark.parametrize("key, value, message", (
    ("unseen", "1000000000000", '"unseen" is not features'),
    ("exponent", "9223372036854775807 0 0", '"exponent" is not whole numbers in range'),
    ("w", "1.0" + " 1.0" * 10000, '"w" is not as many numbers as expected'),
), ids=("unseen", "exponent", "w"))
def test_the_state_of_a_checkpoint(key, value, message, tmp_path):
    data, path = tmp_path / "data.csv", tmp_path / "run.state"
    run("generate", "gaussian", "--samples", 3, "--features", 3, "--out", data)
    train = ("train", data, "--optimizer", "adam", "--steps")
    run(*train, 10, "--checkpoint", path)
    text, found = re.fullmatch(r"(.*\n)checksum (\w+)\n", path.read_text(), re.DOTALL).groups()
    assert fingerprint(text) == found
    text = re.sub(rf"^{key}\b.*$", f"{key} {value}", text, flags=re.MULTILINE)
    path.write_text(f"{text}checksum {fingerprint(text)}\n")
    assert message in confined(*train, 20, "--resume", path)
