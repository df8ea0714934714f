"""Reading, writing, describing and generating data, as the command line shows them."""
import json
import os
import stat
import subprocess

import numpy as np
import pytest

BIASCOPE = os.environ["BIASCOPE"]
DATA = os.environ["BIASCOPE_TEST_DATA"]
ENDINGS = ("csv", "svm", "libsvm", "npy")


def run(*arguments, **options):
    return subprocess.run([BIASCOPE, *map(str, arguments)], capture_output=True, text=True, **options)


def info(path, *arguments, code=0):
    result = run("info", path, *arguments, "--json")
    assert result.returncode == code, result.stderr
    return json.loads(result.stdout)


def generate(kind, path, samples, features, *arguments):
    result = run("generate", kind, "--samples", samples, "--features", features, "--out", path, *arguments, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def npy(descr="<f8", order="False", shape="(1, 2)", body=b"\0" * 15 + b"\x40", version=1, header=None):
    if header is None:
        header = "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n" % (descr, order, shape)
    size = len(header).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + size + header.encode() + body


# ---- What is refused: file name, content, further arguments, exit code, what the message says ----------------------

MALFORMED = {
    "csv nan": ("d.csv", "1,2\n3,nan\n", [], 2, ["d.csv:2:3:", "'nan'", "field 2", "finite"]),
    "csv inf": ("d.csv", "1,2\n-inf,3\n", [], 2, ["d.csv:2:1:", "'-inf'", "finite"]),
    "csv infinity": ("d.csv", "Infinity,2\n", [], 2, ["d.csv:1:1:", "'Infinity'", "finite"]),
    "csv overflow": ("d.csv", "1e999,2\n", [], 2, ["d.csv:1:1:", "'1e999'", "finite"]),
    "csv hexadecimal": ("d.csv", "1,2\n0x10,2\n", [], 2, ["d.csv:2:1:", "'0x10'", "decimal"]),
    "csv hexadecimal first": ("d.csv", "0x10,2\n", [], 2, ["d.csv:1:1:", "'0x10'"]),
    "csv trailing junk": ("d.csv", "1,2\n1.5abc,2\n", [], 2, ["d.csv:2:1:", "'1.5abc'"]),
    "csv inner blank": ("d.csv", "1,2\n1 5,2\n", [], 2, ["d.csv:2:1:", "'1 5'"]),
    "csv only a sign": ("d.csv", "1,2\n-,2\n", [], 2, ["'-'"]),
    "csv only a point": ("d.csv", "1,2\n.,2\n", [], 2, ["'.'"]),
    "csv empty exponent": ("d.csv", "1,2\n1e,2\n", [], 2, ["'1e'"]),
    "csv empty field": ("d.csv", "1,2\n3,\n", [], 2, ["d.csv:2:3:", "field 2 is empty"]),
    "csv word in a row": ("d.csv", "1,2\n3,four\n", [], 2, ["d.csv:2:3:", "'four'"]),
    "csv word in the first row": ("d.csv", "1,two\n3,4\n", [], 2, ["d.csv:1:3:", "'two'"]),
    "csv too few": ("d.csv", "1,2,3\n4,5\n", [], 2, ["d.csv:2:1:", "2 fields", "expected 3"]),
    "csv too many": ("d.csv", "1,2\n3,4,5\n", [], 2, ["d.csv:2:1:", "3 fields", "expected 2"]),
    "csv many too many": ("d.csv", "1\n" + "1," * 5000 + "1\n", [], 2, ["5001 fields", "expected 1"]),
    "csv blank inside": ("d.csv", "1,2\n\n3,4\n", [], 2, ["d.csv:2:1:", "empty line"]),
    "csv blank first": ("d.csv", "\n1,2\n", [], 2, ["d.csv:1:1:", "empty line"]),
    "csv header only": ("d.csv", "a,b\n", [], 2, ["no sample after the header"]),
    "csv comment only": ("d.csv", "# nothing\n", [], 2, ["no sample"]),
    "csv blank only": ("d.csv", " \n\n", [], 2, ["no sample"]),
    "csv empty": ("d.csv", "", [], 2, ["d.csv", "empty"]),
    "csv mark only": ("d.csv", b"\xef\xbb\xbf", [], 2, ["d.csv", "empty"]),
    "csv nul": ("d.csv", b"1,2\n3,\x004\n", [], 2, ["d.csv:2:3:", "NUL"]),
    "csv garbage": ("d.csv", b"\xff\xfd\x1b[31m,\x07\n1,2\n\x1b,3\n", [], 2, ["d.csv:3:1:", "'\\x1b'"]),
    "csv long field": ("d.csv", "1\n" + "y" * 10**6 + "\n", [], 2, ["d.csv:2:1:", "yyy...'"]),
    "csv open quote": ("d.csv", 'a,"b\n1,2\n', [], 2, ["d.csv:1:3:", "quote"]),
    "csv quote in quotes at the end": ("d.csv", 'a,"b""\n1,2\n', [], 2, ["d.csv:1:3:", "quote"]),
    "csv after a quote": ("d.csv", '"a"b,c\n1,2\n', [], 2, ["d.csv:1:4:", "closing quote"]),
    "label missing name": ("d.csv", "a,b\n1,2\n", ["--label-column", "y"], 2, ["d.csv:1:1:", "'y'", "header"]),
    "label without header": ("d.csv", "1,2\n", ["--label-column", "y"], 2, ["no column is named 'y'"]),
    "label twice": ("d.csv", "y,a,y\n1,2,3\n", ["--label-column", "y"], 2, ["d.csv:1:5:", "second column"]),
    "label index high": ("d.csv", "a,b\n1,2\n", ["--label-column", "2"], 2, ["label column 2", "-2 to 1"]),
    "label index low": ("d.csv", "a,b\n1,2\n", ["--label-column", "-3"], 2, ["label column -3", "-2 to 1"]),
    "label index huge": ("d.csv", "a,b\n1,2\n", ["--label-column", "9" * 30], 2, ["label column 9"]),
    "label alone": ("d.csv", "y\n1\n", ["--label-column", "y"], 2, ["beside the label"]),
    "one class": ("d.csv", "1,5\n2,5\n", ["--label-column", "-1"], 2, ["'5'", "exactly two"]),
    "one named class": ("d.csv", "1,a\n2,a\n", ["--label-column", "-1"], 2, ["'a'", "exactly two"]),
    
    "many classes": ("d.csv", "".join(f"1,{i}\n" for i in range(1001)), ["--label-column", "1"], 2,
                     ["d.csv:1001:3", "'1000'", "1001st class"]),
    "number and name": ("d.csv", "1,a\n2,1\n", ["--label-column", "1"], 2, ["'1', 'a'", "only numbers or only names"]),
    "empty label": ("d.csv", "1,a\n2,\n", ["--label-column", "1"], 2, ["d.csv:2:3:", "label is empty"]),
    "nan label": ("d.csv", "1,1\n2,nan\n", ["--label-column", "1"], 2, ["d.csv:2:3:", "'nan'", "finite"]),
    "huge label": ("d.csv", "1,1\n2,1e999\n", ["--label-column", "1"], 2, ["'1e999'", "finite"]),
    "label column of svm": ("d.svm", "1 1:1\n", ["--label-column", "y"], 1, ["label column", "for text"]),
    "label column of npy": ("d.npy", npy(), ["--label-column", "0"], 2, ["'0'", "exactly two"]),
    "label column of npy outside": ("d.npy", npy(), ["--label-column", "2"], 2, ["'2'", "from 0 to 1"]),
    "label column of npy by name": ("d.npy", npy(), ["--label-column", "y"], 2, ["'y'", "indices"]),
    "columns of one name": ("d.csv", "a,a,b\n1,2,3\n", ["--drop", "a"], 2, ["several columns are named 'a'", "index"]),
    "a range from one of several": ("d.csv", "a,a,b\n1,2,3\n", ["--columns", "a:b"], 2, ["several columns are named 'a:b'"]),
    "columns unknown": ("d.csv", "a,b\n1,2\n", ["--columns", "a,c"], 2, ["'c'", "names of the header"]),
    "columns without names": ("d.csv", "1,2\n", ["--drop", "a"], 2, ["'a'", "indices from 0 to 1"]),
    "columns backwards": ("d.csv", "1,2\n", ["--drop", "1:0"], 2, ["'1:0'"]),
    "columns none left": ("d.csv", "a,b\n1,2\n", ["--drop", ":"], 2, ["features"]),
    "npy columns none left": ("d.npy", npy(), ["--drop", "0,1"], 2, ["no feature is left"]),
    "labels and a label column": ("d.csv", "1,2\n", ["--labels", "y.csv", "--label-column", "0"], 1, ["one place"]),
    "labels missing": ("d.csv", "1,2\n", ["--labels", "y.csv"], 2, ["y.csv", "No such file"]),
    "labels beside labels": ("d.svm", "1 1:2\n", ["--labels", "y.csv"], 1, ["labels of its own"]),
    "one-hot of npy": ("d.npy", npy(), ["--one-hot"], 1, ["in text only"]),
    "missing of svm": ("d.svm", "1 1:2\n", ["--missing", "drop"], 1, ["in text and arrays only"]),
    "missing how": ("d.csv", "1,2\n", ["--missing", "zero"], 1, ["'zero'", "refuse, drop, mean"]),
    "missing everywhere": ("d.csv", "1,\n,2\n", ["--missing", "drop"], 2, ["every sample"]),
    "missing all of a column": ("d.csv", "a,b\n1,\n2,\n", ["--missing", "mean"], 2, ["'b'", "no value"]),
    "missing label": ("d.csv", "1,a\n2,b\n3,\n", ["--label-column", "1", "--missing", "mean"], 2, ["d.csv:3", "label"]),
    "standardized svm": ("d.svm", "1 1:2\n", ["--standardize"], 1, ["sparse", "--scale max"]),
    "two scales": ("d.csv", "1,2\n", ["--standardize", "--scale", "max"], 1, ["one of them"]),
    "a word": ("d.csv", "a,b\n1,red\n", [], 2, ["d.csv:2:3:", "'red'", "--one-hot"]),
    "svm empty": ("d.svm", "", [], 2, ["empty"]),
    "svm no samples": ("d.svm", "# nothing\n\n", [], 2, ["no samples"]),
    "svm no features": ("d.svm", "1\n-1\n", [], 2, ["no features"]),
    "svm blank inside": ("d.svm", "1 1:1\n\n-1 1:2\n", [], 2, ["d.svm:2:1:", "empty line"]),
    "svm label": ("d.svm", "yes 1:1\n", [], 2, ["d.svm:1:1:", "label", "'yes'"]),
    "svm label list": ("d.svm", "1,2 1:1\n", [], 2, ["d.svm:1:1:", "'1,2'"]),
    "svm no label": ("d.svm", "1:1 2:2\n", [], 2, ["d.svm:1:1:", "label", "'1:1'"]),
    "svm negative index": ("d.svm", "1 -1:1\n", [], 2, ["d.svm:1:3:", "'-1'"]),
    "svm index word": ("d.svm", "1 id:3 1:1\n", [], 2, ["d.svm:1:3:", "'id'"]),
    "svm qid later": ("d.svm", "1 1:1 qid:3\n", [], 2, ["d.svm:1:7:", "'qid'"]),
    "svm index empty": ("d.svm", "1 :3\n", [], 2, ["d.svm:1:3:", "''"]),
    "svm index overflow": ("d.svm", "1 18446744073709551617:1\n", [], 2, ["too large"]),
    "svm descending": ("d.svm", "1 3:1 2:1\n", [], 2, ["d.svm:1:7:", "2 after 3", "ascending"]),
    "svm repeated": ("d.svm", "1 2:1 2:1\n", [], 2, ["2 after 2", "ascending"]),
    "svm no colon": ("d.svm", "1 2\n", [], 2, ["d.svm:1:3:", "'2'", "colon"]),
    "svm no value": ("d.svm", "1 2:\n", [], 2, ["d.svm:1:5:", "empty"]),
    "svm two colons": ("d.svm", "1 2:3:4\n", [], 2, ["'3:4'"]),
    "svm value": ("d.svm", "1 1:1\n-1 1:x\n", [], 2, ["d.svm:2:6:", "'x'"]),
    "svm nan": ("d.svm", "1 1:nan\n", [], 2, ["'nan'", "finite"]),
    "svm inf": ("d.libsvm", "1 1:inf\n", [], 2, ["'inf'", "finite"]),
    "svm overflow": ("d.svm", "1 1:1e400\n", [], 2, ["'1e400'", "finite"]),
    "svm nul": ("d.svm", b"1 1:1\x00\n", [], 2, ["d.svm:1:6:", "NUL"]),
    "npy empty": ("d.npy", b"", [], 2, ["not a .npy file"]),
    "npy text": ("d.npy", "1,2\n", [], 2, ["not a .npy file"]),
    "npy magic only": ("d.npy", b"\x93NUMPY", [], 2, ["ends within its header"]),
    "npy version 0": ("d.npy", npy(version=0), [], 2, ["version 0"]),
    "npy version 4": ("d.npy", npy(version=4), [], 2, ["version 4"]),
    "npy cut header": ("d.npy", npy()[:40], [], 2, ["ends within its header"]),
    "npy cut body": ("d.npy", npy()[:-1], [], 2, ["15 bytes", "1 x 2", "8 bytes"]),
    "npy long body": ("d.npy", npy() + b"\0", [], 2, ["17 bytes", "1 x 2"]),
    "npy bomb": ("d.npy", npy(shape="(1000000000, 1000000000)"), [], 2, ["16 bytes", "1000000000 x 1000000000"]),
    "npy product overflow": ("d.npy", npy(shape="(4294967296, 4294967296)", body=b""), [], 2, ["0 bytes"]),
    "npy size overflow": ("d.npy", npy(shape="(99999999999999999999, 1)"), [], 2, ["dictionary"]),
    "npy no samples": ("d.npy", npy(shape="(0, 3)", body=b""), [], 2, ["(0, 3)", "at least one"]),
    "npy no features": ("d.npy", npy(shape="(3, 0)", body=b""), [], 2, ["(3, 0)", "at least one"]),
    "npy scalar": ("d.npy", npy(shape="()"), [], 2, ["0 dimensions"]),
    "npy vector": ("d.npy", npy(shape="(2,)"), [], 2, ["1 dimension;", "expected 2"]),
    "npy cube": ("d.npy", npy(shape="(1, 2, 1)"), [], 2, ["3 dimensions"]),
    "npy complex": ("d.npy", npy("<c16"), [], 2, ["'<c16'"]),
    "npy object": ("d.npy", npy("|O"), [], 2, ["'|O'"]),
    "npy text type": ("d.npy", npy("<U5"), [], 2, ["'<U5'"]),
    "npy records": ("d.npy", npy(header="{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1, 2)}"), [], 2,
                    ["records"]),
    "npy no shape": ("d.npy", npy(header="{'descr': '<f8', 'fortran_order': False}"), [], 2, ["dictionary"]),
    "npy repeated key": ("d.npy", npy(header="{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (1, 2)}"),
                         [], 2, ["dictionary"]),
    "npy unknown key": ("d.npy", npy(header="{'type': '<f8', 'fortran_order': False, 'shape': (1, 2)}"), [], 2,
                        ["dictionary"]),
    "npy order": ("d.npy", npy(order="Maybe"), [], 2, ["dictionary"]),
    "npy negative": ("d.npy", npy(shape="(-1, 2)"), [], 2, ["dictionary"]),
    "npy not a tuple": ("d.npy", npy(shape="(2)"), [], 2, ["dictionary"]),
    "npy header tail": ("d.npy", npy(header="{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2)} + 1"), [], 2,
                        ["dictionary"]),
    "npy no header": ("d.npy", npy(header=""), [], 2, ["dictionary"]),
    "npy nan": ("d.npy", npy(body=np.array([0, np.nan]).tobytes()), [], 2, ["[0, 1]", "nan", "finite"]),
    "npy inf": ("d.npy", npy(body=np.array([-np.inf, 0]).tobytes()), [], 2, ["[0, 0]", "-inf", "finite"]),
    "ending": ("d.xyz", "1,2\n", [], 2, ["d.xyz", ".csv, .tsv, .txt", "--format"]),
    "no ending": ("data", "1,2\n", [], 2, ["data", ".csv"]),
    "only an ending": (".csv", "1,2\n", [], 2, [".csv"]),
    "npy named csv": ("d.csv", npy(), [], 2, ["NUL"]),
    "csv named npy": ("d.npy", "1,2\n3,4\n", [], 2, ["not a .npy file"]),
    "svm named csv": ("d.csv", "1 1:2\n-1 1:3\n", [], 2, ["d.csv:1:3:", "'1:2'", "--format libsvm"]),
    "arff named csv": ("d.csv", "@relation r\n@attribute a numeric\n@data\n1\n", [], 2, ["d.csv:1:1", "ARFF", "--format arff"]),
    "csv hash row": ("d.csv", "a,b\n1,2\n#N/A,3\n", [], 2, ["d.csv:3:1:", "'#'", "as many fields"]),
    "csv hash row first": ("d.csv", "#N/A,3\n1,2\n", [], 2, ["d.csv:1:1:", "'#'", "as many fields"]),
    "csv missing values": ("d.csv", "1,2\n?,3\n4,NA\n", [], 2, ["d.csv:2:1:", "field 1 is '?'", "2 missing values"]),
    "csv missing first": ("d.csv", "NA,1\n2,0\n", ["--label-column", "1"], 2, ["d.csv:1:1:", "'NA'", "1 missing value "]),
    "csv missing first row": ("d.csv", "NA,?,1\n2,3,0\n", ["--label-column", "2"], 2, ["d.csv:1:1:", "2 missing values"]),
    "csv ambiguous comma": ("d.csv", "1,234;2\n5,678;3\n", [], 2, ["'1,234'", "--decimal ,"]),
    "csv quoted comma": ("d.csv", '"1,5",2\n3,4\n', [], 2, ["d.csv:1:2:", "'1,5'", "--decimal ,"]),
    "csv nameless column": ("d.csv", "a,,b\n0,1,2\n", [], 2, ["d.csv:1:3:", "column 2", "no name"]),
    "csv declared samples": ("d.csv", "3,2,a,b\n1,2,0\n3,4,1\n", ["--label-column", "-1"], 2, ["2 samples", "expected 3"]),
    "csv declaration alone": ("d.csv", "2,2,a,b\n1,2,0\n3,4,1\n", [], 2, ["scikit-learn", "--label-column"]),
    "csv label beyond the declaration": ("d.csv", "2,2,p,q\n1,2,0\n3,4,2\n", ["--label-column", "-1"], 2, ["d.csv:3:5", "0 to 1"]),
    "label missing, with means": ("d.csv", "x,y\n1,a\n2,\n3,b\n", ["--label-column", "y", "--missing", "mean"], 2,
                                  ["d.csv:3", "--missing drop, as a label has no mean"]),
    "positive unknown": ("d.csv", "1,a\n2,b\n", ["--label-column", "1", "--positive", "c"], 2, ["'c'", "'a', 'b'"]),
    "format unknown": ("d.csv", "1,2\n", ["--format", "xls"], 1, ["'xls'", "csv, tsv"]),
    "delimiter of svm": ("d.svm", "1 1:2\n", ["--delimiter", ";"], 1, ["for text only"]),
    "delimiter long": ("d.csv", "1,2\n", ["--delimiter", "ab"], 1, ["--delimiter", "'ab'"]),
    "decimal long": ("d.csv", "1,2\n", ["--decimal", ";"], 1, ["--decimal", "';'"]),
    "delimiter and decimal": ("d.csv", "1,2\n", ["--decimal", ",", "--delimiter", ","], 1, ["both"]),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_input_is_refused_in_words(case, tmp_path):
    name, content, arguments, code, fragments = MALFORMED[case]
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    if case == "only an ending":
        path = name
    result = run("info", path, *arguments, "--json", cwd=tmp_path)
    assert result.returncode == code
    assert result.stdout == ""
    assert result.stderr.startswith("biascope") and result.stderr.count("\n") == (2 if "Try `" in result.stderr else 1) and result.stderr.isascii()
    for fragment in fragments:
        assert fragment in result.stderr


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    assert "No such file" in run("info", tmp_path / "none.csv").stderr
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    for path, fragment in ((folder, "a directory"), (tmp_path / "none.csv", "none.csv")):
        result = run("info", path, timeout=20)
        assert result.returncode == 2 and fragment in result.stderr and result.stdout == ""


def unprivileged():
    """What runs a command without root's right to read and write everything, where the tests run as root."""
    return ["setpriv", "--inh-caps=-all", "--bounding-set=-all"] if os.geteuid() == 0 else []


def test_an_unreadable_file_is_refused(tmp_path):
    path = tmp_path / "secret.csv"
    path.write_text("1,2\n")
    path.chmod(0)
    result = subprocess.run([*unprivileged(), BIASCOPE, "info", path.name], cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 2 and "Permission denied" in result.stderr


def test_a_pipe_and_standard_input_are_read(tmp_path):
    for ending, content in (("csv", b"1,2\n3,-4\n"), ("libsvm", b"1 1:1 2:2\n-1 1:-3 2:4\n")):
        (tmp_path / f"d.{ending}").write_bytes(content)
    np.save(tmp_path / "d.npy", np.array(X))
    np.save(tmp_path / "fortran.npy", np.asfortranarray(X))
    plain = info(tmp_path / "d.npy")
    for name, format_ in (("d.csv", "csv"), ("d.libsvm", "libsvm"), ("d.npy", "npy"), ("fortran.npy", "npy")):
        for path in ("-", "/dev/stdin", "<(cat)"):
            command = f'exec "$0" info {path} --format {format_} --json'
            with open(tmp_path / name, "rb") as content:
                result = subprocess.run(["bash", "-c", "cat | " + command if path == "/dev/stdin" else command, BIASCOPE],
                                        stdin=content, capture_output=True, text=True)
            assert result.returncode == 0 and data_alone(json.loads(result.stdout)) == plain, (name, path, result.stderr)
    result = run("info", "-", stdin=subprocess.DEVNULL)
    assert result.returncode == 1 and "--format" in result.stderr


def test_an_npy_of_another_size_in_a_pipe_is_refused(tmp_path):
    for body, fragment in ((b"\0" * 15, "only 15 bytes"), (b"\0" * 17, "more than 16 bytes")):
        result = subprocess.run([BIASCOPE, "info", "-", "--format", "npy"], input=npy(body=body), capture_output=True)
        assert result.returncode == 2 and fragment in result.stderr.decode()


NOTES = {
    "comments": ("# one\n# two\n1,2\n3,4\n", [], "2 lines skipped"),
    "semicolons": ("1,5;2\n3;4\n", [], "semicolons separate the fields, and numbers have a decimal comma"),
    "savetxt": ("# a,b\n1,2\n3,4\n", [], "the header is the comment in line 1"),
    "row names": (",a,b\n0,1,2\n1,3,4\n", [], "the first column has no name"),
    "counting": ("0,1,2,3\n5,1,2,3\n", [], "the first line counts the columns"),
    "row numbers": ("Id,b\n" + "".join(f"{i},{i % 3}\n" for i in range(1, 12)), [], "column 'Id' counts the rows"),
}


@pytest.mark.parametrize("case", NOTES)
def test_what_the_reader_decides_is_said(case, tmp_path):
    content, arguments, note = NOTES[case]
    path = tmp_path / "d.csv"
    path.write_text(content)
    result = run("info", path, *arguments, "--json")
    assert note in result.stderr and any(note in text for text in json.loads(result.stdout)["notes"])
    assert run("info", path, *arguments, "--json", "--quiet").stderr == ""


def test_no_file_is_a_usage_error():
    result = run("info")
    assert result.returncode == 1 and "DATA is missing" in result.stderr and result.stdout == ""


# ---- What is accepted ----------------------------------------------------------------------------------------------

X = [[1.0, 2.0], [3.0, -4.0]]
ACCEPTED = {
    "plain": ("d.csv", "1,2\n3,-4\n", []),
    "no line feed at the end": ("d.csv", "1,2\n3,-4", []),
    "carriage returns": ("d.csv", "1,2\r\n3,-4\r\n", []),
    "byte-order mark": ("d.csv", b"\xef\xbb\xbf1,2\n3,-4\n", []),
    "blank lines at the end": ("d.csv", "1,2\n3,-4\n\n  \n\r\n", []),
    "spaces": ("d.csv", " 1 ,\t2\n3,  -4\t\n", []),
    "comments": ("d.csv", "# made by hand\n1,2\n# more\n3,-4\n", []),
    "header": ("d.csv", "first,second\n1,2\n3,-4\n", []),
    "header with a comma": ("d.csv", '"first, of all","a ""second"""\n1,2\n3,-4\n', []),
    "quoted numbers": ("d.csv", '"1","2"\n"3","-4"\n', []),
    "spellings of numbers": ("d.csv", "+1.,.2e1\n3e+0,-0040.00E-1\n", []),
    "capital ending": ("d.CSV", "1,2\n3,-4\n", []),
    "label last": ("d.csv", "1,2,1\n-3,4,-1\n", ["--label-column", "-1"]),
    "label first": ("d.csv", "1,1,2\n-1,-3,4\n", ["--label-column", "0"]),
    "label by name": ("d.csv", "a,y,b\n-1,0,-2\n3,1,-4\n", ["--label-column", "y"]),
    "label by index with header": ("d.csv", "a,y,b\n-1,0,-2\n3,1,-4\n", ["--label-column", "-2"]),
    "label with numbers in the header": ("d.csv", "0,1,y\n-1,-2,0\n3,-4,1\n", ["--label-column", "y"]),
    "named classes": ("d.csv", '1,2,virginica\n-3,4,"iris setosa"\n', ["--label-column", "2"]),
    "classes that are equal numbers": ("d.csv", "a,b,y\n-1,-2,3\n3,-4,7.0\n", ["--label-column", "y"]),
    "svm": ("d.svm", "+1 1:1 2:2\n-1 1:-3 2:4\n", []),
    "semicolons": ("d.csv", "1;2\n3;-4\n", []),
    "tabs": ("d.csv", "1\t2\n3\t-4\n", []),
    "decimal commas": ("d.csv", "1,0;2,00\n3,0;-4,0\n", []),
    "a decimal comma told": ("d.csv", "1,000;2\n3;-4\n", ["--decimal", ","]),
    "bars": ("d.txt", "a|b\n1|2\n3|-4\n", []),
    "blanks": ("d.dat", "  1   2\n3\t-4  \n", []),
    "blanks and decimal commas": ("d.dat", "1,0 2,0\n3,0 -4,0\n", []),
    "blanks, decimal commas and truths": ("d.txt", "1,0 2,00 True\n3,0 -4,00 False\n", ["--drop", "2"]),
    "tab-separated": ("d.tsv", "a\tb c\n1\t2\n3\t-4\n", []),
    "a delimiter told": ("d.data", "1/2\n3/-4\n", ["--delimiter", "/"]),
    "blanks told": ("d.csv", "1 2\n3 -4\n", ["--delimiter", "blank"]),
    "tabs told": ("d.csv", "1\t2\n3\t-4\n", ["--delimiter", "tab"]),
    "Excel's separator line": ("d.csv", "sep=;\na;b\n1;2\n3;-4\n", []),
    "lone carriage returns": ("d.csv", "a,b\r1,2\r3,-4\r", []),
    "utf-16 with a mark": ("d.csv", "\ufeffa,b\n1,2\r\n3,-4\n".encode("utf-16-le"), []),
    "utf-16 big-endian": ("d.csv", "\ufeffa\u20ac\U0001f600,b\n1,2\n3,-4\n".encode("utf-16-be"), []),
    "trailing delimiters": ("d.csv", "a,b,\n1,2,\n3,-4,\n", []),
    "pandas' row numbers": ("d.csv", ",a,b\n0,1,2\n1,3,-4\n", []),
    "pandas' numbered columns": ("d.csv", ",0,1\n0,1,2\n1,3,-4\n", []),
    "R's row names": ("d.txt", '"a" "b"\n"1" 1 2\n"2" 3 -4\n', []),
    "savetxt's header": ("d.csv", "# a,b,y\n-1,-2,0\n3,-4,1\n", ["--label-column", "y"]),
    "thousands in quotes": ("d.csv", 'a,b,y\n"-1,000",-2000,0\n"3,000",-4000.,1\n', ["--label-column", "y"]),
    "truths": ("d.csv", "a,b,y\nTrue,2,yes\n-3,4,no\n", ["--label-column", "y"]),
    "one class against the rest": ("d.csv", "1,2,b\n-3,4,c\n", ["--label-column", "2", "--positive", "b"]),
    "svm 0-based": ("d.svm", "1 0:1 1:2\n-1 0:-3 1:4\n", []),
    "svm told 0-based": ("d.svm", "1 0:1 1:2\n-1 0:-3 1:4\n", ["--zero-based"]),
    "svm told 0-based without a 0": ("d.svm", "1 1:1 2:2\n-1 1:-3 2:4\n", ["--zero-based", "--columns", "1,2"]),
    "svm qid": ("d.svm", "1 qid:7 1:1 2:2\n-1 qid:8 1:-3 2:4\n", []),
    "svm large indices": ("d.svm", "1 17:1 4000000000:2\n-1 17:-3 4000000000:4\n", []),
    "svm without an ending": ("a1a.t", "1 1:1 2:2\n-1 1:-3 2:4\n", ["--format", "libsvm"]),
    "svm comments": ("d.svm", "# head\n2 1:1 2:2 # tail\n#\n1 1:-3 2:4\n\n", []),
    "svm spaces": ("d.libsvm", "  1\t1:1  2:2 \r\n-1 1:-3 2:4\r\n", []),
    "svm one sign": ("d.svm", "1 1:1 2:2\n1.0 1:3 2:-4\n", []),
    "svm only negative": ("d.svm", "-1 1:-1 2:-2\n-1 1:-3 2:4\n", []),
}


def data_alone(report):
    """Without what tells of the file."""
    return {key: value for key, value in report.items() if key not in ("notes", "classes", "counts", "separable_with_intercept")}


@pytest.mark.parametrize("case", ACCEPTED)
def test_every_accepted_spelling_is_the_same_data(case, tmp_path):
    name, content, arguments = ACCEPTED[case]
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    scale = 1000 if case == "thousands in quotes" else 1
    np.save(tmp_path / "plain.npy", scale * np.array(X) if case != "truths" else np.array([[1.0, 2], [3, -4]]))
    assert data_alone(info(tmp_path / name, *arguments)) == info(tmp_path / "plain.npy")


@pytest.mark.parametrize("descr", ["<f8", ">f8", "<f4", ">f4", "<f2", ">f2", "<i8", ">i8", "<i4", ">i4", "<i2", ">i2", "|i1"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_every_npy_type_and_order_is_the_same_data(descr, order, version, tmp_path):
    array = np.array([[1, -2, 3], [4, 5, -100]])
    np.save(tmp_path / "plain.npy", array.astype(float))
    with open(tmp_path / "typed.npy", "wb") as stream:
        np.lib.format.write_array(stream, np.asarray(array, dtype=descr, order=order), version=version)
    assert info(tmp_path / "typed.npy") == info(tmp_path / "plain.npy")


@pytest.mark.parametrize("descr", ["<u8", ">u4", "<u2", "|u1"])
def test_unsigned_npy_is_not_negative(descr, tmp_path):
    np.save(tmp_path / "d.npy", np.full((2, 2), 255, dtype=descr))
    certificate = info(tmp_path / "d.npy")["certificate"]
    assert certificate["margin"] == pytest.approx(255 * 2**0.5)


# ---- info ----------------------------------------------------------------------------------------------------------

def check_certificate(x, report):
    """Judges the certificate by itself, from the data and nothing else the program says."""
    certificate = report["certificate"]
    if report["separable"]:
        w = np.array(certificate["direction"])
        margin = (x @ w).min() / np.linalg.norm(w)
        assert certificate["kind"] == "margin" and margin > 0
        assert margin == pytest.approx(certificate["margin"], rel=1e-12)
        assert certificate["margin"] <= certificate["upper_bound"] * (1 + 1e-15)
    else:
        c = np.array(certificate["dual"])
        assert certificate["kind"] == "farkas"
        assert c.min() >= 0 and c.sum() == pytest.approx(1, abs=1e-12)
        assert np.abs(c @ x).max() <= 1e-9 * max(np.abs(x).max(), 1e-300)
        assert certificate["residual"] <= 1e-9


def test_the_parts_of_data_that_are_not_separable_are_proved(tmp_path):
    rng = np.random.default_rng(5)
    inside, outside = np.zeros((6, 8)), rng.standard_normal((4, 8))
    inside[:, :3] = rng.standard_normal((6, 3))
    outside[:, 5] = abs(outside[:, 5]) + 0.3
    x = np.vstack([inside, -inside.sum(axis=0), outside])
    np.save(tmp_path / "d.npy", x)
    parts = info(tmp_path / "d.npy", code=3)["parts"]
    assert parts["inseparable"] == list(range(7)) and parts["separable"] == [7, 8, 9, 10] and parts["rank"] == 3
    c, w = np.array(parts["dual"]), np.array(parts["direction"])
    assert (c[:7] > 0).all() and (c[7:] == 0).all() and np.abs(c @ x).max() < 1e-13
    assert np.abs(x[:7] @ w).max() < 1e-13 and (x[7:] @ w).min() == pytest.approx(parts["margin"]) and parts["margin"] > 0.3
    result = run("info", tmp_path / "d.npy")
    assert result.returncode == 3 and "7 of 11 samples combine to zero" in result.stdout


@pytest.mark.parametrize("samples,features", [(1, 1), (1, 5), (5, 1), (3, 3), (10, 4), (30, 4), (30, 30), (60, 29)])
def test_separability_is_certified_either_way(samples, features, tmp_path):
    rng = np.random.default_rng(samples * 100 + features)
    seen = set()
    for _ in range(6):
        x = rng.standard_normal((samples, features))
        np.save(tmp_path / "d.npy", x)
        result = run("info", tmp_path / "d.npy", "--json")
        report = json.loads(result.stdout)
        assert result.returncode == (0 if report["separable"] else 3)
        assert list(report)[:5] == ["samples", "features", "nonzeros", "separable", "certificate"]
        assert list(report)[5:] == ([] if report["separable"] else ["parts"])
        assert (report["samples"], report["features"], report["nonzeros"]) == (samples, features, samples * features)
        check_certificate(x, report)
        seen.add(report["separable"])
    if samples <= features:
        assert seen == {True}
    if samples == 30 and features == 4:
        assert seen == {False}


@pytest.mark.parametrize("rows,separable", [
    ([[1, 2]], True),
    ([[0, 0]], False),
    ([[-3]], True),
    ([[1], [-1]], False),
    ([[1], [2], [3]], True),
    ([[1, 0], [1, 0], [1, 0]], True),
    ([[1, 2], [-1, -2]], False),
    ([[1, 2], [-1, -2], [1, 2]], False),
    ([[1, 1], [0, 0]], False),
    ([[1, 0, 2], [1, 0, -2]], True),
    ([[5e-324, 0], [0, 5e-324]], True),
    ([[1e-300, 1e-300], [1e-300, -1e-300]], True),
    ([[1e300, 1e300], [1e300, -1e300]], True),
])
@pytest.mark.parametrize("ending", ["csv", "npy", "svm"])
def test_degenerate_data_is_decided(rows, separable, ending, tmp_path):
    x = np.array(rows, dtype=float)
    path = tmp_path / f"d.{ending}"
    if ending == "npy":
        np.save(path, x)
    elif ending == "csv":
        path.write_text("".join(",".join(map(repr, row)) + "\n" for row in x.tolist()))
    else:
        path.write_text("".join("1 " + " ".join(f"{k + 1}:{v!r}" for k, v in enumerate(row)) + "\n" for row in x.tolist()))
    report = info(path, code=0 if separable else 3)
    assert report["separable"] is separable and report["nonzeros"] == np.count_nonzero(x)
    check_certificate(x, report)


def test_people_are_told_what_is_odd_about_the_data(tmp_path):
    path = tmp_path / "d.csv"
    path.write_text("1,0,1\n1,0,1\n0,0,0\n1,0,1\n")
    result = run("info", path)
    assert result.returncode == 3
    for fragment in ("samples    4", "features   3 (fewer", "50%", "separable  no", "1 sample is all zeros",
                     "2 samples repeat others", "1 feature is zero"):
        assert fragment in result.stdout
    result = run("info", os.path.join(DATA, "rademacher-4x4.csv"))
    assert result.returncode == 0 and "note" not in result.stdout and "separable  yes" in result.stdout


def test_the_exit_code_of_non_separable_data_is_documented():
    result = run("info", "--help")
    assert result.returncode == 0 and "exit code is then 3" in " ".join(result.stdout.split())


# ---- generate ------------------------------------------------------------------------------------------------------

KINDS = {"gaussian": (7, 9), "rademacher": (7, 9), "shifted-diagonal": (6, 6), "teacher": (40, 7)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ending", ENDINGS)
def test_generated_data_reads_back_in_every_format(kind, ending, tmp_path):
    samples, features = KINDS[kind]
    path = tmp_path / f"d.{ending}"
    assert generate(kind, path, samples, features, "--seed", 3) == {
        "kind": kind, "samples": samples, "features": features, "seed": 3, "out": str(path)}
    report = info(path)
    assert (report["samples"], report["features"], report["separable"]) == (samples, features, True)
    reference = tmp_path / "reference.npy"
    generate(kind, reference, samples, features, "--seed", 3)
    x = np.load(reference)
    assert x.shape == (samples, features) and x.dtype == np.float64
    check_certificate(x, report)
    if ending == "csv":
        assert np.array_equal(np.loadtxt(path, delimiter=","), x)
    if ending in ("svm", "libsvm"):
        from sklearn.datasets import load_svmlight_file
        sparse, y = load_svmlight_file(str(path), n_features=features)
        assert set(y) == {-1.0, 1.0} and np.array_equal(sparse.toarray() * y[:, None], x)


def test_the_seed_decides_the_data(tmp_path):
    paths = [tmp_path / f"{name}.npy" for name in "abc"]
    for path, seed in zip(paths, (1, 1, 2)):
        generate("gaussian", path, 5, 5, "--seed", seed)
    a, b, c = (path.read_bytes() for path in paths)
    assert a == b and a != c


def test_sparse_teacher(tmp_path):
    path = tmp_path / "d.svm"
    generate("teacher", path, 50, 200, "--nonzeros", 4)
    report = info(path)
    assert report["nonzeros"] == 200 and report["separable"] and report["features"] == 200


def test_a_large_margin_is_generated_at_once(tmp_path):
    path = tmp_path / "d.npy"
    subprocess.run([BIASCOPE, "generate", "teacher", "--samples", "2000", "--features", "500", "--margin", "0.3",
                    "--out", path], check=True, timeout=60, capture_output=True)
    assert np.load(path).shape == (2000, 500)


@pytest.mark.parametrize("arguments,fragments", [
    (["gaussian", "--samples", 0, "--features", 2, "--out", "d.csv"], ["--samples", "'0'"]),
    (["gaussian", "--samples", -1, "--features", 2, "--out", "d.csv"], ["--samples", "'-1'"]),
    (["gaussian", "--samples", "x", "--features", 2, "--out", "d.csv"], ["--samples", "'x'"]),
    (["gaussian", "--samples", 2, "--features", 1.5, "--out", "d.csv"], ["--features", "'1.5'"]),
    (["gaussian", "--samples", 2, "--out", "d.csv"], ["--features"]),
    (["gaussian", "--samples", 2, "--features", 2], ["--out"]),
    (["--samples", 2, "--features", 2, "--out", "d.csv"], ["gaussian, rademacher, shifted-diagonal, teacher or mixture"]),
    (["cauchy", "--samples", 2, "--features", 2, "--out", "d.csv"], ["'cauchy'", "gaussian"]),
    (["gaussian", "teacher", "--samples", 2, "--features", 2, "--out", "d.csv"], ["'teacher'"]),
    (["shifted-diagonal", "--samples", 2, "--features", 3, "--out", "d.csv"], ["as many of each"]),
    (["shifted-diagonal", "--samples", 3, "--features", 3, "--delta", "-1", "--out", "d.csv"], ["--delta", "'-1'"]),
    (["teacher", "--samples", 3, "--features", 3, "--margin", "nan", "--out", "d.csv"], ["--margin", "'nan'"]),
    (["teacher", "--samples", 3, "--features", 3, "--nonzeros", 4, "--out", "d.csv"], ["4 nonzeros", "at most the 3"]),
    (["gaussian", "--samples", 3, "--features", 3, "--nonzeros", 2, "--out", "d.csv"], ["only the teacher"]),
    (["gaussian", "--samples", 3, "--features", 3, "--margin", 1, "--out", "d.csv"], ["--margin", "gaussian"]),
    (["teacher", "--samples", 3, "--features", 3, "--delta", 1, "--out", "d.csv"], ["--delta", "teacher"]),
    (["gaussian", "--samples", 3, "--features", 3, "--seed", 2**64, "--out", "d.csv"], ["--seed"]),
])
def test_generate_refuses_what_it_cannot_mean(arguments, fragments, tmp_path):
    result = run("generate", *arguments, cwd=tmp_path)
    assert result.returncode == 1 and result.stdout == "" and os.listdir(tmp_path) == []
    for fragment in fragments:
        assert fragment in result.stderr


# ---- Files are complete or absent ----------------------------------------------------------------------------------

def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path):
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    result = subprocess.run([*unprivileged(), BIASCOPE, "generate", "gaussian", "--samples", "3", "--features", "3",
                             "--out", "closed/d.csv"], cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 2 and "closed/d.csv" in result.stderr and "Permission denied" in result.stderr
    assert os.listdir(folder) == []


def test_an_output_whose_ending_is_unknown_or_whose_folder_is_missing_is_refused(tmp_path):
    for out, fragment in (("d.txt", "unknown file ending"), ("none/d.csv", "No such file")):
        result = run("generate", "gaussian", "--samples", 3, "--features", 3, "--out", out, cwd=tmp_path)
        assert result.returncode == 2 and fragment in result.stderr and os.listdir(tmp_path) == []


def test_an_output_that_is_a_folder_is_refused(tmp_path):
    (tmp_path / "d.csv").mkdir()
    result = run("generate", "gaussian", "--samples", 3, "--features", 3, "--out", "d.csv", cwd=tmp_path)
    assert result.returncode == 2 and "d.csv" in result.stderr and "directory" in result.stderr
    assert os.listdir(tmp_path) == ["d.csv"] and os.listdir(tmp_path / "d.csv") == []


def test_the_umask_decides_who_may_read(tmp_path):
    path = tmp_path / "d.csv"
    subprocess.run(["bash", "-c", 'umask 027; exec "$0" "$@"', BIASCOPE, "generate", "gaussian", "--samples", "3",
                    "--features", "3", "--out", path], check=True, capture_output=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_full_disk_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / "d.csv"
    path.write_text("1,2\n")
    result = subprocess.run(["bash", "-c", 'trap "" XFSZ; ulimit -f 8; exec "$0" "$@"', BIASCOPE, "generate", "gaussian",
                             "--samples", "500", "--features", "50", "--out", path], capture_output=True, text=True)
    assert result.returncode == 2 and "File too large" in result.stderr
    assert path.read_text() == "1,2\n" and os.listdir(tmp_path) == ["d.csv"]


# ---- Real data -----------------------------------------------------------------------------------------------------

REAL = {"breast-cancer": (569, 31), "iris": (150, 5), "digits-3-8": (357, 65)}


@pytest.mark.parametrize("name", REAL)
def test_the_real_data_is_separable(name):
    path = os.path.join(DATA, "real", f"{name}.csv")
    report = info(path)
    assert (report["samples"], report["features"]) == REAL[name] and report["separable"] is True
    check_certificate(np.loadtxt(path, delimiter=","), report)


def test_breast_cancer_is_not_separable_through_the_origin(tmp_path):
    x = np.loadtxt(os.path.join(DATA, "real", "breast-cancer.csv"), delimiter=",")[:, :-1]
    np.save(tmp_path / "d.npy", x)
    report = info(tmp_path / "d.npy", code=3)
    assert report["separable"] is False
    check_certificate(x, report)


@pytest.mark.slow
def test_the_real_data_is_what_the_script_writes(tmp_path):
    script = os.path.join(os.path.dirname(__file__), "..", "..", "tools", "prepare_real_data.py")
    subprocess.run(["/usr/bin/python3", script, tmp_path], check=True, capture_output=True)
    for name in REAL:
        with open(os.path.join(DATA, "real", f"{name}.csv"), "rb") as committed:
            assert (tmp_path / f"{name}.csv").read_bytes() == committed.read()
