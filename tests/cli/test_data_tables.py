"""Tables as people have them, judged by what pandas and scikit-learn make of the same files."""
import json
import os
import subprocess

import numpy as np
import pandas
import pytest
from scipy import sparse
from scipy.io import arff
from sklearn import datasets, preprocessing

from command_line import call, run

TABLES = os.path.join(os.environ["BIASCOPE_TEST_DATA"], "tables")


def info(path, *arguments, code=0):
    return call("info", path, *arguments, code=code)


def folded(x, y, positive):
    return np.where(np.asarray(y) == positive, 1, -1)[:, None] * np.asarray(x, dtype=float)


def assert_same_data(path, arguments, x, tmp_path, exact=True):
    """The certificate is a function of the data: those of two spellings of the same data agree."""
    np.save(tmp_path / "judge.npy", x)
    judge = run("info", tmp_path / "judge.npy", "--json")
    ours, theirs = info(path, *arguments, code=judge.returncode), json.loads(judge.stdout)
    assert [ours[key] for key in ("samples", "features")] == list(x.shape)
    if exact:
        assert ours["nonzeros"] == theirs["nonzeros"] and ours["certificate"] == theirs["certificate"]
    elif ours["separable"]:
        assert ours["certificate"]["margin"] == pytest.approx(theirs["certificate"]["margin"], rel=1e-6)


# ---- The data sets that everybody tries first -----------------------------------------------------------------------

LOADERS = {"iris": datasets.load_iris, "wine": datasets.load_wine, "breast_cancer": datasets.load_breast_cancer}
FILES = {"iris": "iris.csv", "wine": "wine_data.csv", "breast_cancer": "breast_cancer.csv"}


def spellings(name, bunch, folder):
    """scikit-learn's own file, pandas' with and without its row numbers, R's two, and UCI's, which has no header."""
    frame = bunch.data.assign(species=[bunch.target_names[k] for k in bunch.target])
    yield os.path.join(TABLES, FILES[name]), "-1"
    for number, (options, label) in enumerate((
            ({}, "species"), ({"index": False}, "species"), ({"index": False, "header": False}, "-1"),
            ({"index": False, "sep": ";", "decimal": ","}, "species"), ({"quoting": 2}, "species"),
            ({"index": False, "encoding": "utf-16"}, "species"), ({"index": False, "lineterminator": "\r"}, "species"))):
        path = folder / f"{name}{number}.csv"
        options = {("line_terminator" if key == "lineterminator" and pandas.__version__ < "1.5" else key): value
                   for key, value in options.items()}
        frame.to_csv(path, **options)
        yield path, label
    path = folder / f"{name}.txt"  # write.table of R: quoted names, blanks, row names without a name of their own
    lines = frame.to_csv(sep=" ", quoting=2).splitlines()
    path.write_text("\n".join([lines[0].split(" ", 1)[1]] + lines[1:]) + "\n")
    yield path, "species"


@pytest.mark.parametrize("name", LOADERS)
def test_well_known_data_are_read_by_the_name_of_the_label_alone(name, tmp_path):
    bunch = LOADERS[name](as_frame=True)
    counts = [int((bunch.target == k).sum()) for k in range(len(bunch.target_names))]
    order = sorted(range(len(counts)), key=lambda k: bunch.target_names[k])
    first = None
    for path, label in spellings(name, bunch, tmp_path):
        report = info(path, "--label-column", label, code=0 if name != "iris" else 3)
        by_number = path == os.path.join(TABLES, FILES[name])  # 0, 1, ... with names
        expected = range(len(counts)) if by_number else order
        assert report["classes"] == [bunch.target_names[k] for k in expected], path
        assert report["counts"] == [counts[k] for k in expected]
        assert (report["samples"], report["features"]) == bunch.data.shape
        positive = bunch.target_names[0]
        x = folded(bunch.data, bunch.target, 0)
        np.save(tmp_path / "judge.npy", x)
        first = first or json.loads(run("info", tmp_path / "judge.npy", "--json").stdout)["certificate"]
        ours = run("info", path, "--label-column", label, "--positive", positive, "--json")
        assert json.loads(ours.stdout)["certificate"] == first, path


# As UCI has them, without a header; as R writes them (write.csv, write.table); and scikit-learn's own. The last is the
# class that the numbers are folded by.
AS_GIVEN = {
    "uci/iris.data": ("-1", "iris", 150, "Iris-setosa"),
    "uci/wine.data": ("0", "wine", 178, "2"),
    "uci/wdbc.data": ("1", "breast_cancer", 200, "M"),
    "uci/optdigits.tes": ("-1", "digits", 300, "8"),
    "r/iris.csv": ("Species", "iris", 150, "setosa"),
    "r/wine.csv": ("Type", "wine", 178, "grignolino"),
    "r/wdbc.txt": ("diagnosis", "breast_cancer", 200, "malignant"),
    "r/digits.txt": ("digit", "digits", 300, "8"),
    "digits.csv.gz": ("-1", "digits", 1797, "8"),
}
POSITIVE = {"iris": 0, "wine": 1, "breast_cancer": 0, "digits": 8}


@pytest.mark.parametrize("name", [
    name if shape[2] < 1000 else pytest.param(name, marks=pytest.mark.plain_build) for name, shape in AS_GIVEN.items()])
def test_well_known_data_are_read_as_they_are_given(name, tmp_path):
    label, which, samples, positive = AS_GIVEN[name]
    bunch = getattr(datasets, f"load_{which}")()
    x, y = bunch.data[:samples], bunch.target[:samples]
    path = os.path.join(TABLES, name)
    if name == "uci/wdbc.data":  # whose first column is a number for each patient
        x = np.column_stack([np.loadtxt(path, delimiter=",", usecols=0), x])
    assert_same_data(path, ["--label-column", label, "--positive", positive], folded(x, y, POSITIVE[which]), tmp_path)
    if samples < 1000:
        result = run("info", path, "--label-column", label, "--json")
        report = json.loads(result.stdout)
        assert result.returncode in (0, 3) and sorted(report["counts"]) == sorted(np.unique(y, return_counts=True)[1])


def test_rs_biopsies_lack_sixteen_values_which_are_refused_dropped_or_filled(tmp_path):
    path = os.path.join(TABLES, "r", "biopsy.csv")
    label = ["--label-column", "class", "--drop", "ID"]
    result = run("info", path, *label)
    assert result.returncode == 2 and "biopsy.csv:25:21: field 7 is 'NA'" in result.stderr and "16 missing" in result.stderr
    frame = pandas.read_csv(path).drop(columns="ID")
    assert int(frame.isna().sum().sum()) == 16
    for how, judge in (("drop", frame.dropna()), ("mean", frame.fillna(frame.mean(numeric_only=True)))):
        x = folded(judge.drop(columns="class"), judge["class"], "malignant")
        assert_same_data(path, [*label, "--missing", how], x, tmp_path, exact=False)


def test_a_class_of_several_is_separable_or_not_as_its_pairs_are(tmp_path):
    """x.w_y > x.w_j for every other class j: judged from the weights alone."""
    rng = np.random.default_rng(3)
    w = rng.standard_normal((4, 6))
    x = rng.standard_normal((40, 6))
    y = (x @ w.T).argmax(axis=1)
    pandas.DataFrame(x).assign(y=[f"class {k}" for k in y]).to_csv(tmp_path / "d.csv", index=False)
    report = info(tmp_path / "d.csv", "--label-column", "y")
    found = np.array(report["certificate"]["direction"])
    scores = x @ found.T
    assert report["separable"] is True and found.shape == w.shape
    others = np.where(np.eye(4, dtype=bool)[y], -np.inf, scores).max(axis=1)
    margin = (scores[np.arange(40), y] - others).min() / np.linalg.norm(found)
    assert margin == pytest.approx(report["certificate"]["margin"], rel=1e-9) and margin > 0


def test_more_than_two_classes_are_refused_where_two_are_needed(tmp_path):
    path = os.path.join(TABLES, "iris.csv")
    pair = ("--label-column", "-1", "--positive", "setosa", "--negative", "virginica")
    call("solve", path, *pair, "--norm", "l2", "--out", tmp_path / "w.csv")
    result = run("apply", tmp_path / "w.csv", path, "--label-column", "-1")
    assert result.returncode == 2 and "'setosa', 'versicolor', 'virginica'" in result.stderr
    for command in ("predict", "doctor"):  # of all three, which no weights separate
        result = run(command, path, "--label-column", "-1")
        assert result.returncode == 3 and "(w_y - w_j).x vanishes" in result.stderr
    assert call("solve", path, "--label-column", "-1", "--positive", "setosa", "--norm", "l2")["margin"] > 0


@pytest.mark.parametrize("pair", [("setosa", "virginica"), ("versicolor", "setosa"), ("virginica", "versicolor")])
def test_a_pair_of_several_classes_is_the_data_of_these_two(pair, tmp_path):
    bunch = datasets.load_iris(as_frame=True)
    number = {name: k for k, name in enumerate(bunch.target_names)}
    chosen = bunch.target.isin([number[name] for name in pair])
    x = preprocessing.StandardScaler().fit_transform(bunch.data[chosen])
    arguments = ["--label-column", "-1", "--positive", pair[0], "--negative", pair[1], "--standardize"]
    path = os.path.join(TABLES, "iris.csv")
    assert_same_data(path, arguments, folded(x, bunch.target[chosen], number[pair[0]]), tmp_path, exact=False)
    report = info(path, *arguments, code=run("info", path, *arguments).returncode)
    assert sorted(report["classes"]) == sorted(pair) and report["counts"] == [50, 50]
    assert "50 samples of other classes left out" in report["notes"]
    if "setosa" in pair:
        steps = ("--norm", "l2", "--test", path, "--out", tmp_path / "w.json")
        assert call("solve", path, *arguments, *steps)["test_accuracy"] == 1.0
        assert call("apply", tmp_path / "w.json", path, *arguments[:6])["confusion"] == [[50, 0], [0, 50]]


# What stands in the column of the label, and whether it is refused.
TARGETS = {
    "numbers": ([0.1 * k + 0.05 for k in range(40)], True),
    "some of them twice": ([0.5 * (k // 2) for k in range(40)], True),
    "whole numbers": (list(range(40)), False),
    "names": ([f"v{k}.5" for k in range(40)], False),
    "few": ([0.5 * (k % 9) for k in range(9)], False),
    "of many samples": ([0.5 * (k % 12) for k in range(40)], False),
}


@pytest.mark.parametrize("case", TARGETS)
def test_targets_of_a_regression_are_no_classes(case, tmp_path):
    labels, refused = TARGETS[case]
    (tmp_path / "d.csv").write_text("".join(f"{k},{k * k % 7},{label}\n" for k, label in enumerate(labels)))
    result = run("info", tmp_path / "d.csv", "--label-column", "-1")
    assert ("regression" in result.stderr) == refused
    assert result.returncode == 2 if refused else result.returncode in (0, 3), result.stderr


def test_a_sample_repeats_another_of_its_class(tmp_path):
    (tmp_path / "d.csv").write_text("1,2,p\n-1,-2,n\n1,2,p\n")
    assert "1 sample repeats another" in run("info", tmp_path / "d.csv", "--label-column", "-1").stdout
    (tmp_path / "d.csv").write_text("1,2,p\n-1,-2,n\n")
    assert "repeats" not in run("info", tmp_path / "d.csv", "--label-column", "-1").stdout


WRONG_PAIRS = {
    "alone": (["--label-column", "y", "--negative", "b"], 1, "beside a positive one"),
    "none": (["--label-column", "y", "--positive", "a", "--negative", "d"], 2, "no label is 'd'"),
    "the same": (["--label-column", "y", "--positive", "a", "--negative", "a"], 1, "one class is to be +1 and -1"),
    "no labels": (["--drop", "y", "--positive", "a", "--negative", "b"], 1, "has no labels"),
    "no labels for one": (["--drop", "y", "--positive", "a"], 1, "has no labels"),
}


@pytest.mark.parametrize("case", WRONG_PAIRS)
def test_pairs_that_are_none_are_refused(case, tmp_path):
    arguments, code, fragment = WRONG_PAIRS[case]
    (tmp_path / "d.csv").write_text("x,y\n1,a\n2,b\n3,c\n")
    result = run("info", tmp_path / "d.csv", *arguments)
    assert result.returncode == code and fragment in result.stderr, result.stderr


@pytest.mark.parametrize("flags", [["--standardize"], ["--intercept"], ["--columns", "x"], ["--positive", "b"]])
def test_apply_refuses_what_the_classifier_decides(flags, tmp_path):
    (tmp_path / "d.csv").write_text("x,y\n-1,a\n2,b\n")
    call("solve", tmp_path / "d.csv", "--label-column", "y", "--norm", "l2", "--out", tmp_path / "w.json")
    result = run("apply", tmp_path / "w.json", tmp_path / "d.csv", "--label-column", "y", *flags)
    assert result.returncode == 1 and "the classifier's" in result.stderr


# ---- Columns --------------------------------------------------------------------------------------------------------

COLUMNS = {
    "names": (["--columns", "b,d"], [1, 3]),
    "indices": (["--columns", "1,-2"], [1, 3]),
    "a range": (["--columns", "1:3"], [1, 2, 3]),
    "a range of names": (["--columns", "b:d"], [1, 2, 3]),
    "open ranges": (["--columns", ":1,3:"], [0, 1, 3]),
    "dropped": (["--drop", "a,c"], [1, 3]),
    "both": (["--columns", "0:2", "--drop", "b"], [0, 2]),
}


@pytest.mark.parametrize("case", COLUMNS)
def test_columns_are_chosen(case, tmp_path):
    arguments, kept = COLUMNS[case]
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((6, 4)), [0, 1, 0, 1, 1, 0]
    pandas.DataFrame(x, columns=list("abcd")).assign(y=y).to_csv(tmp_path / "d.csv", index=False)
    np.save(tmp_path / "d.npy", np.column_stack([x, y]))
    judge = folded(x, y, 1)[:, kept]
    assert_same_data(tmp_path / "d.csv", ["--label-column", "y", *arguments], judge, tmp_path)
    if case in ("indices", "a range"):  # the label's column is taken out first
        arguments = [argument.replace("-2", "3") for argument in arguments]
        assert_same_data(tmp_path / "d.npy", ["--label-column", "-1", *arguments], judge, tmp_path)
        lines = ["%d %s" % (2 * y[i] - 1, " ".join(f"{k + 1}:{v!r}" for k, v in enumerate(x[i].tolist()))) for i in range(6)]
        (tmp_path / "d.svm").write_text("\n".join(lines) + "\n")
        assert_same_data(tmp_path / "d.svm", arguments, judge, tmp_path, exact=False)


def test_text_columns_that_are_dropped_may_hold_anything(tmp_path):
    (tmp_path / "d.csv").write_text('who,a,y\n"Ann, the first",1,0\nBob,2,1\n')
    assert_same_data(tmp_path / "d.csv", ["--label-column", "y", "--drop", "who"], np.array([[-1.0], [2.0]]), tmp_path)


@pytest.mark.parametrize("form", ["npy", "npy column", "text", "text with a header", "names"])
def test_labels_in_a_file_of_their_own(form, tmp_path):
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((5, 3)), np.array([0, 1, 1, 0, 1])
    np.save(tmp_path / "x.npy", x)
    path = tmp_path / ("y.npy" if form.startswith("npy") else "y.txt")
    if form.startswith("npy"):
        np.save(path, y[:, None] if form == "npy column" else y)
    else:
        words = [["no", "yes"][k] for k in y] if form == "names" else [str(k) for k in y]
        path.write_text("".join(f"{word}\n" for word in (["label"] if "header" in form else []) + words))
    assert_same_data(tmp_path / "x.npy", ["--labels", path], folded(x, y, 1), tmp_path)
    path.write_text("1\n2\n")
    if not form.startswith("npy"):
        result = run("info", tmp_path / "x.npy", "--labels", path)
        assert result.returncode == 2 and "2 labels; expected 5" in result.stderr


@pytest.mark.parametrize("lines", ["0 1 1 0 0", "5 1 1 0 0", "p p p n n", "label p p n n p"])
def test_a_label_too_many_is_not_taken_for_a_header(lines, tmp_path):
    np.save(tmp_path / "x.npy", np.eye(4))
    (tmp_path / "y.csv").write_text("\n".join(lines.split()) + "\n")
    result = run("info", tmp_path / "x.npy", "--labels", tmp_path / "y.csv")
    assert result.returncode == 2 and f"{len(lines.split())} labels; expected 4" in result.stderr


TEXTS = {
    "unicode": np.array(["na\u00efve", "\U0001f600"]), "big-endian": np.array(["na\u00efve", "\U0001f600"]).astype(">U7"),
    "bytes": np.array([b"a", b"bcd"]), "numbers": np.array(["0", "1.0"]), "truths": np.array([False, True]),
}


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_labels_may_be_texts_in_an_array(kind, ending, tmp_path):
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((7, 3)), np.array([0, 1, 1, 0, 1, 0, 1])
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", TEXTS[kind][y][:, None] if kind == "bytes" else TEXTS[kind][y])
    if ending:
        subprocess.run(["gzip", tmp_path / "y.npy"], check=True)
    assert_same_data(tmp_path / "x.npy", ["--labels", tmp_path / f"y.npy{ending}"], folded(x, y, 1), tmp_path)
    expected = [value.decode() if kind == "bytes" else str(value) for value in TEXTS[kind]]
    classes = info(tmp_path / "x.npy", "--labels", tmp_path / f"y.npy{ending}")["classes"]
    assert classes == (["0", "1"] if kind == "truths" else expected)


def text_array(descr, body, shape="(2,)"):
    header = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }\n" % (descr, shape)
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + body


BAD_TEXTS = {
    "short": (text_array("|S2", b"ab"), "2 bytes follow"),
    "long": (text_array("|S1", b"abc"), "3 bytes follow"),
    "not Unicode": (text_array("<U1", b"\x00\xd8\x00\x00b\x00\x00\x00"), "[0], '', is not Unicode"),
    "beyond Unicode": (text_array("<U1", b"a\x00\x00\x00\xff\xff\xff\xff"), "is not Unicode"),
    "a NUL": (text_array("|S3", b"a\x00bcde"), "NUL"),
    "empty": (text_array("|S1", b"a\x00"), "is empty"),
    "no length": (text_array("|S0", b""), "'|S0'"),
    "huge": (text_array("<U99999999999999999999", b""), "elements of type"),
    "bomb": (text_array("<U60000", b"", "(1000000000000000,)"), "0 bytes follow"),
    "times": (text_array("<M8[D]", b"\0" * 16), "'<M8[D]'"),
}


@pytest.mark.parametrize("case", BAD_TEXTS)
def test_arrays_of_texts_that_are_none_are_refused(case, tmp_path):
    content, fragment = BAD_TEXTS[case]
    np.save(tmp_path / "x.npy", np.eye(2))
    (tmp_path / "y.npy").write_bytes(content)
    result = run("info", tmp_path / "x.npy", "--labels", tmp_path / "y.npy")
    assert result.returncode == 2 and fragment in result.stderr and result.stdout == "", result.stderr


# ---- LIBSVM -----------------------------------------------------------------------------------------------------------

LIBSVM = {
    "from 1": ("", False, []), "from 0, found": ("", True, []), "from 0, told": ("", True, ["--zero-based"]),
    "queries": (" qid:%d", False, []), "comments": ("", False, []),
}


@pytest.mark.parametrize("case", LIBSVM)
def test_libsvm_is_read_as_scikit_learn_reads_it(case, tmp_path):
    query, zero_based, flags = LIBSVM[case]
    matrix = sparse.random(30, 12, density=0.3, random_state=5).toarray()
    matrix[0, 0] = 0 if flags else 1.5  # whether an index shows that they count from 0
    matrix[:, 0] *= not flags
    matrix[0, 11] = 2.0
    y = np.where(np.arange(30) % 3, 1, -1)
    comment = " # 1:7 a comment" if case == "comments" else ""
    lines = [f"{y[i]:+d}" + (query % (i // 3) if query else "") +
             "".join(f" {k + 1 - zero_based}:{v!r}" for k, v in enumerate(matrix[i].tolist()) if v) + comment for i in range(30)]
    (tmp_path / "a1a").write_text("# head\n" + "\n".join(lines) + "\n")
    judge, labels = datasets.load_svmlight_file(str(tmp_path / "a1a"), zero_based=zero_based, n_features=12)[:2]
    assert np.array_equal(judge.toarray(), matrix)
    assert_same_data(tmp_path / "a1a", ["--format", "libsvm", *flags], folded(judge.toarray(), labels, 1), tmp_path, exact=False)
    arguments = (tmp_path / "a1a", "--format", "libsvm", *flags)
    notes = info(*arguments, code=run("info", *arguments).returncode).get("notes", [])
    assert any("30 qid: entries skipped" in note for note in notes) == bool(query)
    assert any("count from 0" in note for note in notes) == (case == "from 0, found")


def test_libsvms_large_indices_are_numbered_anew_and_kept_as_names(tmp_path):
    """As a hash of words gives them: beyond 2^24, in a small file."""
    rng = np.random.default_rng(11)
    index = np.sort(rng.choice(2**32 - 2, 9, replace=False)) + 1
    x, y = rng.standard_normal((20, 9)), np.arange(20) % 2
    (tmp_path / "d.svm").write_text("".join(f"{y[i]} " + " ".join(f"{k}:{v!r}" for k, v in zip(index, x[i].tolist())) + "\n" for i in range(20)))
    assert_same_data(tmp_path / "d.svm", [], folded(x, y, 1), tmp_path, exact=False)
    code = run("info", tmp_path / "d.svm").returncode
    report = info(tmp_path / "d.svm", code=code)
    assert any("the 9 columns that occur are numbered anew" in note for note in report["notes"])
    call("train", tmp_path / "d.svm", "--steps", 5, "--references", "none", "--out", tmp_path / "w.csv")
    assert list(pandas.read_csv(tmp_path / "w.csv").columns) == [str(k) for k in index]


# ---- Values ---------------------------------------------------------------------------------------------------------

def test_missing_values_are_dropped_or_replaced(tmp_path):
    frame = pandas.DataFrame({"a": [1, np.nan, 3, 4, -2], "b": [2, 5, np.nan, -1, 7.5], "y": [0, 1, 1, 0, 1]})
    frame.to_csv(tmp_path / "d.csv", index=False)
    np.save(tmp_path / "d.npy", frame.to_numpy(dtype=float))
    result = run("info", tmp_path / "d.csv", "--label-column", "y")
    assert result.returncode == 2 and "d.csv:3:1: field 1 is empty" in result.stderr and "2 missing" in result.stderr
    whole = frame.dropna()
    mean = frame.fillna(frame.mean())
    for path in (tmp_path / "d.csv", tmp_path / "d.npy"):
        for how, judge in (("drop", whole), ("mean", mean)):
            assert_same_data(path, ["--label-column", "-1", "--missing", how],
                             folded(judge[["a", "b"]], judge["y"], 1), tmp_path)


def test_a_sample_without_a_label_can_be_dropped(tmp_path):
    (tmp_path / "d.csv").write_text("a,y\n1,no\n2,yes\n3,\n-4,NA\n5,no\n")
    assert_same_data(tmp_path / "d.csv", ["--label-column", "y", "--missing", "drop"],
                     np.array([[-1.0], [2.0], [-5.0]]), tmp_path)


def test_truths_thousands_and_trailing_columns_are_read_as_pandas_reads_them(tmp_path):
    path = tmp_path / "d.csv"
    path.write_text('on,paid,grade,y,\nTrue,"1,234.5",yes,1,\nFALSE,"-2,000,000",no,0,\ntrue,17,Yes,0,\nFalse,"999",NO,1,\n')
    frame = pandas.read_csv(path, thousands=",", true_values=["yes", "Yes", "true", "True"], false_values=["no", "NO", "FALSE", "False"])
    x = frame[["on", "paid", "grade"]].astype(float)
    assert_same_data(path, ["--label-column", "y"], folded(x, frame["y"], 1), tmp_path)


def test_words_become_features(tmp_path):
    frame = pandas.DataFrame({"colour": ["red", "blue", "red", "green"], "size": [1.5, 2, -3, 4],
                              "shape": ["round", "flat", "flat", "round"], "y": [0, 1, 0, 1]})
    frame.to_csv(tmp_path / "d.csv", index=False)
    dummies = pandas.get_dummies(frame.drop(columns="y"), columns=["colour", "shape"], prefix_sep="=", dtype=float)
    names = ["colour=blue", "colour=green", "colour=red", "size", "shape=flat", "shape=round"]
    assert set(names) == set(dummies.columns)
    arguments = ["--label-column", "y", "--one-hot"]
    assert_same_data(tmp_path / "d.csv", arguments, folded(dummies[names], frame["y"], 1), tmp_path)
    call("solve", tmp_path / "d.csv", *arguments, "--norm", "l2", "--out", tmp_path / "w.json")
    assert json.loads((tmp_path / "w.json").read_text())["names"] == names


# ---- Intercept and scale --------------------------------------------------------------------------------------------

def test_an_intercept_is_a_column_of_ones_reported_apart(tmp_path):
    rng = np.random.default_rng(4)
    x = rng.standard_normal((12, 3)) + 5
    y = (x[:, 0] > np.median(x[:, 0])).astype(int)
    pandas.DataFrame(x, columns=list("abc")).assign(y=y).to_csv(tmp_path / "d.csv", index=False)
    data = (tmp_path / "d.csv", "--label-column", "y")
    np.save(tmp_path / "ones.npy", folded(np.column_stack([x, np.ones(12)]), y, 1))
    bare = info(*data, code=3)
    assert bare["separable"] is False and bare["separable_with_intercept"] is True
    assert "intercept  makes them separable" in run("info", *data).stdout
    judge = call("solve", tmp_path / "ones.npy", "--norm", "l2")
    ours = call("solve", *data, "--norm", "l2", "--intercept")
    assert ours["direction"] + [ours["intercept"]] == pytest.approx(judge["direction"], rel=1e-12)
    for command in (["train", "--steps", "50"], ["predict"]):
        result = call(command[0], *data, "--intercept", *command[1:])
        assert len(result["direction"]) == 3 and isinstance(result["intercept"], float)


def test_nothing_makes_what_overlaps_separable(tmp_path):
    (tmp_path / "d.csv").write_text("a,y\n1,0\n2,1\n3,0\n")
    assert info(tmp_path / "d.csv", "--label-column", "y", code=3)["separable_with_intercept"] is False


SCALES = {
    "--standardize": lambda x: preprocessing.StandardScaler().fit_transform(x),
    "--scale max": lambda x: preprocessing.MaxAbsScaler().fit_transform(x),
    "--scale l2-rows": lambda x: preprocessing.normalize(x),
}


@pytest.mark.parametrize("flags", SCALES)
def test_features_are_scaled_as_scikit_learn_scales_them(flags, tmp_path):
    bunch = datasets.load_breast_cancer()
    pandas.DataFrame(bunch.data).assign(y=bunch.target).to_csv(tmp_path / "d.csv", index=False)
    x = np.column_stack([SCALES[flags](bunch.data), np.ones(len(bunch.target))])
    arguments = ["--label-column", "y", "--intercept", *flags.split()]
    assert_same_data(tmp_path / "d.csv", arguments, folded(x, bunch.target, 1), tmp_path, exact=False)


@pytest.mark.parametrize("unit", [1e-300, 1e-200, 1e-5, 1e150, 1e307])
def test_features_of_any_size_are_standardised(unit, tmp_path):
    x = np.array([[1.5, 0.1], [-1, 0.2], [0.25, 0.3], [1.25, -0.4]])
    np.savetxt(tmp_path / "d.csv", np.column_stack([x * unit, [1, 0, 0, 1]]), delimiter=",", fmt="%.17g")
    judge = folded(preprocessing.StandardScaler().fit_transform(x), [1, 0, 0, 1], 1)
    assert_same_data(tmp_path / "d.csv", ["--label-column", "2", "--standardize"], judge, tmp_path, exact=False)
    call("train", tmp_path / "d.csv", "--label-column", "2", "--standardize", "--steps", 1, "--references", "none", "--out", tmp_path / "w.json")
    w = json.loads((tmp_path / "w.json").read_text())
    assert np.allclose(np.array(w["scale"]) / unit, x.std(axis=0), rtol=1e-12) and np.allclose(np.array(w["shift"]) / unit, x.mean(axis=0), rtol=1e-12)


# ---- New data -------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("flags", ["", "--standardize", "--scale max", "--scale l2-rows"])
def test_new_data_are_treated_as_the_old_ones(flags, tmp_path):
    bunch = datasets.load_breast_cancer(as_frame=True)
    frame = bunch.data.assign(y=[bunch.target_names[k] for k in bunch.target])
    old, new = frame.iloc[::2], frame.iloc[1::2]
    old.to_csv(tmp_path / "old.csv", index=False)
    new[list(reversed(frame.columns))].to_csv(tmp_path / "new.csv", index=False)
    label = ["--label-column", "y"]
    steps = ["--optimizer", "gd", "--lr", "0.01", "--steps", "300", "--intercept", *flags.split()]
    result = run("train", tmp_path / "old.csv", *label, *steps, "--json", "--out", tmp_path / "w.json", "--test", tmp_path / "new.csv")
    trained = json.loads(result.stdout)
    w = json.loads((tmp_path / "w.json").read_text())
    assert w["direction"] == trained["direction"] and w["intercept"] == [trained["intercept"]]
    scaler = {"": None, "--standardize": preprocessing.StandardScaler, "--scale max": preprocessing.MaxAbsScaler,
              "--scale l2-rows": preprocessing.Normalizer}[flags]
    x = new.drop(columns="y").to_numpy()
    if scaler:
        x = scaler().fit(old.drop(columns="y").to_numpy()).transform(x)
    sign = np.where(new["y"] == "malignant", 1, -1)
    margins = sign * (x @ np.array(w["direction"]) + w["intercept"][0])
    applied = call("apply", tmp_path / "w.json", tmp_path / "new.csv", *label)
    assert np.allclose(applied["margins"], margins, rtol=1e-9, atol=1e-12 * np.abs(margins).max())
    assert applied["accuracy"] == (margins > 0).mean() == trained["test_accuracy"]
    table = pandas.crosstab(new["y"], np.where((margins > 0) == (sign > 0), "malignant", "benign")).reindex(
        index=["benign", "malignant"], columns=["benign", "malignant"], fill_value=0)
    assert applied["classes"] == ["benign", "malignant"] and applied["confusion"] == table.to_numpy().tolist()


def test_a_fraction_is_held_out_for_testing(tmp_path):
    bunch = datasets.load_breast_cancer(as_frame=True)
    bunch.data.assign(y=bunch.target).to_csv(tmp_path / "d.csv", index=False)
    command = ("train", tmp_path / "d.csv", "--label-column", "y", "--standardize", "--intercept", "--optimizer", "gd",
               "--steps", "200", "--out", tmp_path / "w.json", "--references", "none", "--test-fraction")
    seen = set()
    for seed in (1, 2, 2):
        accuracy = call(*command, "0.3", "--seed", seed)["test_accuracy"]
        w = json.loads((tmp_path / "w.json").read_text())
        assert 0.9 < accuracy <= 1.0 and accuracy * 171 == pytest.approx(round(accuracy * 171))  # of 569 x 0.3
        seen.add((accuracy, tuple(w["direction"])))
        assert not np.allclose(w["shift"], bunch.data.mean(), rtol=1e-6)  # of the samples that are trained on alone
        assert np.allclose(w["shift"], bunch.data.mean(), rtol=0.2)
    assert len(seen) == 2
    result = run(*command, "0.0001")
    assert result.returncode == 1 and "leaves none to test" in result.stderr
    assert run(*command, "0.3", "--test", tmp_path / "d.csv").returncode == 1


def test_parts_that_lack_a_class_are_refused_in_words(tmp_path):
    (tmp_path / "d.csv").write_text("a,y\n1,u\n-2,v\n3,u\n4,u\n")
    (tmp_path / "e.csv").write_text("a,y\n1,u\n-2,v\n3,u\n-4,v\n5,w\n")
    said = "".join(run("train", tmp_path / f"{name}.csv", "--label-column", "y", "--steps", 1, "--references", "none", "--test-fraction", 0.25,
                       "--seed", seed).stderr for name in "de" for seed in range(8))
    assert "expected exactly two distinct values among the samples that are not held out" in said
    assert "'w' is none of the classifier's classes, those of the samples that are not held out" in said


def test_several_classes_are_classified_by_the_largest_score(tmp_path):
    bunch = datasets.load_wine(as_frame=True)
    rng = np.random.default_rng(6)
    w = rng.standard_normal((3, 13))
    (tmp_path / "w.json").write_text(json.dumps({"direction": w.tolist(), "classes": ["class_0", "class_1", "class_2"]}))
    applied = call("apply", tmp_path / "w.json", os.path.join(TABLES, "wine_data.csv"), "--label-column", "-1")
    guess = (bunch.data.to_numpy() @ w.T).argmax(axis=1)
    assert applied["accuracy"] == (guess == bunch.target).mean()
    assert applied["confusion"] == [[int(((bunch.target == i) & (guess == j)).sum()) for j in range(3)] for i in range(3)]


@pytest.mark.parametrize("ending", ["json", "csv", "npy"])
def test_a_direction_is_written_with_its_names(ending, tmp_path):
    (tmp_path / "d.csv").write_text('"a, b",c,y\n1,2,0\n-3,4,1\n')
    data = (tmp_path / "d.csv", "--label-column", "y")
    out = tmp_path / f"w.{ending}"
    for command in (["solve", "--norm", "l2"], ["predict"], ["train", "--steps", "20"]):
        direction = call(command[0], *data, *command[1:], "--out", out)["direction"]
        if ending == "json":
            assert json.loads(out.read_text()) == {"direction": direction, "names": ["a, b", "c"], "classes": ["0", "1"],
                                                   "positive": ["1"]}
        elif ending == "csv":
            frame = pandas.read_csv(out)
            assert list(frame.columns) == ["a, b", "c"] and frame.iloc[0].tolist() == pytest.approx(direction, rel=1e-15)
        else:
            assert np.load(out).tolist() == [direction]
        assert call("apply", out, *data)["accuracy"] == 1.0
    result = run("solve", *data, "--norm", "l2", "--out", tmp_path / "w.txt")
    assert result.returncode == 2 and ".json, .csv or .npy" in result.stderr


def test_names_in_another_encoding_become_utf8(tmp_path):
    (tmp_path / "d.csv").write_bytes("gr\u00f6\u00dfe,y\n1,k\u00fchl\n2,warm\n".encode("latin-1"))
    (tmp_path / "e.csv").write_text("y,gr\u00f6\u00dfe\nwarm,2\nk\u00fchl,-1\n", encoding="utf-8")
    report = call("solve", tmp_path / "d.csv", "--label-column", "y", "--intercept", "--norm", "l2", "--out", tmp_path / "w.json")
    written = json.loads((tmp_path / "w.json").read_text(encoding="utf-8"))
    assert written["names"] == ["gr\u00f6\u00dfe"] and written["classes"] == ["k\u00fchl", "warm"]
    assert call("apply", tmp_path / "w.json", tmp_path / "e.csv", "--label-column", "y")["accuracy"] == 1.0


BAD_DIRECTIONS = {
    "not JSON": ("{", "1:"),
    "no direction": ("{}", "\"direction\""),
    "a word": ('{"direction": ["x"]}', "\"direction\""),
    "empty": ('{"direction": []}', "\"direction\""),
    "names": ('{"direction": [1, 2], "names": ["a"]}', "\"names\""),
    "scale": ('{"direction": [1, 2], "shift": [0, 0], "scale": [1, 0]}', "\"scale\""),
    "positive": ('{"direction": [1, 2], "classes": ["0", "1"], "positive": ["2"]}', "\"positive\""),
    "size": ('{"direction": [1, 2, 3]}', "2 features; expected 3"),
    "other names": ('{"direction": [1, 2], "names": ["a", "c"]}', "'c'"),
    "other classes": ('{"direction": [1, 2], "classes": ["u", "v"], "positive": ["v"]}', "none of the classifier's"),
}


@pytest.mark.parametrize("case", BAD_DIRECTIONS)
def test_a_direction_that_is_none_is_refused(case, tmp_path):
    content, fragment = BAD_DIRECTIONS[case]
    (tmp_path / "w.json").write_text(content)
    (tmp_path / "d.csv").write_text("a,b,y\n1,2,0\n3,4,1\n")
    result = run("apply", tmp_path / "w.json", tmp_path / "d.csv", "--label-column", "y")
    assert result.returncode == 2 and fragment in result.stderr and result.stdout == ""


# ---- Compressed files, archives and ARFF -----------------------------------------------------------------------------

COMPRESSORS = {"gz": ["gzip", "-k"], "bz2": ["bzip2", "-k"], "xz": ["xz", "-k"], "zst": ["zstd", "-q", "-k"]}


@pytest.mark.parametrize("ending", COMPRESSORS)
def test_compressed_files_are_read(ending, tmp_path):
    rng = np.random.default_rng(8)
    x = rng.standard_normal((50, 4))
    pandas.DataFrame(x).to_csv(tmp_path / "d.csv", index=False, header=False)
    np.save(tmp_path / "e.npy", x)
    (tmp_path / "f.svm").write_text("".join("1 " + " ".join(f"{k + 1}:{v!r}" for k, v in enumerate(row)) + "\n" for row in x.tolist()))
    for name in ("d.csv", "e.npy", "f.svm"):
        subprocess.run([*COMPRESSORS[ending], tmp_path / name], check=True)
        assert_same_data(tmp_path / f"{name}.{ending}", [], x, tmp_path, exact=name != "f.svm")
    damaged = (tmp_path / f"d.csv.{ending}").read_bytes()
    (tmp_path / f"cut.csv.{ending}").write_bytes(damaged[:len(damaged) // 2])
    (tmp_path / f"not.csv.{ending}").write_text("1,2\n")
    for name, fragment in ((f"cut.csv.{ending}", "cannot be read"), (f"not.csv.{ending}", "not compressed")):
        result = run("info", tmp_path / name)
        assert result.returncode == 2 and fragment in result.stderr, result.stderr


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_of_an_npz(save, tmp_path):
    rng = np.random.default_rng(9)
    x, y = rng.standard_normal((6, 3)), np.array([0, 1, 1, 0, 1, 0])
    save(tmp_path / "both.npz", X=x, y=y)
    save(tmp_path / "alone.npz", x)
    assert_same_data(tmp_path / "both.npz", [], folded(x, y, 1), tmp_path)
    assert_same_data(tmp_path / "alone.npz", [], x, tmp_path)
    save(tmp_path / "two.npz", a=x, b=x)
    result = run("info", tmp_path / "two.npz")
    assert result.returncode == 2 and "two arrays may be the samples, 'a' and 'b'" in result.stderr
    names = np.array(["no", "yes"])
    save(tmp_path / "bunch.npz", other=x, X=x, y=names[y], weights=y, feature_names=["a", "b", "c"])
    assert_same_data(tmp_path / "bunch.npz", [], folded(x, y, 1), tmp_path)
    assert info(tmp_path / "bunch.npz")["classes"] == ["no", "yes"]
    save(tmp_path / "data.npz", data=x, target=y)
    assert_same_data(tmp_path / "data.npz", [], folded(x, y, 1), tmp_path)


@pytest.mark.parametrize("form", ["csr", "csc"])
@pytest.mark.parametrize("compressed", [True, False])
def test_sparse_matrices_of_scipy(form, compressed, tmp_path):
    matrix = sparse.random(30, 40, density=0.2, format=form, random_state=1)
    sparse.save_npz(tmp_path / "d.npz", matrix, compressed=compressed)
    np.save(tmp_path / "y.npy", np.arange(30) % 2)
    judge = folded(matrix.toarray(), np.arange(30) % 2, 1)
    assert_same_data(tmp_path / "d.npz", ["--labels", tmp_path / "y.npy"], judge, tmp_path, exact=False)
    report = info(tmp_path / "d.npz", "--labels", tmp_path / "y.npy")
    assert report["nonzeros"] == matrix.nnz


def npz(folder, **arrays):
    np.savez(folder / "d.npz", **arrays)
    return folder / "d.npz"


BAD_NPZ = {
    "coo": (dict(format=np.array(b"coo"), data=[1.0], row=[0], col=[0], shape=[1, 1]), "CSR"),
    "no shape": (dict(format=np.array(b"csr"), data=[1.0], indices=[0], indptr=[0, 1]), "shape"),
    "index": (dict(format=np.array(b"csr"), data=[1.0], indices=[3], indptr=[0, 1], shape=[1, 2]), "do not fit"),
    "starts": (dict(format=np.array(b"csr"), data=[1.0], indices=[0], indptr=[1, 0], shape=[1, 2]), "do not fit"),
    "wide": (dict(format=np.array(b"csr"), data=[1.0], indices=[0], indptr=[0, 1], shape=[1, 2 ** 31]), "too large"),
    "tall": (dict(format=np.array(b"csc"), data=[1.0], indices=[0], indptr=[0, 1], shape=[2 ** 31, 1]), "too large"),
    "text": (dict(X=np.array(["a"])), "no array of two dimensions"),
    "texts of two dimensions": (dict(X=np.array([["a", "b"]])), "array of texts, 1 x 2"),
    "objects": (dict(X=np.array([[None]])), "pickled"),
    "vector": (dict(y=[1.0, 2.0]), "no array of two dimensions"),
    "labels": (dict(X=[[1.0]], y=[1.0, 2.0]), "2 labels; expected 1"),
}


@pytest.mark.parametrize("case", BAD_NPZ)
def test_archives_without_samples_are_refused(case, tmp_path):
    arrays, fragment = BAD_NPZ[case]
    result = run("info", npz(tmp_path, **arrays))
    assert result.returncode == 2 and fragment in result.stderr and result.stdout == "", result.stderr


def test_a_zip_that_is_none_is_refused(tmp_path):
    (tmp_path / "d.npz").write_bytes(b"PK\x03\x04" + b"\0" * 50)
    (tmp_path / "e.npz").write_text("1,2\n")
    for name in ("d.npz", "e.npz"):
        assert run("info", tmp_path / name).returncode == 2


def test_arff_is_read_as_scipy_reads_it(tmp_path):
    path = tmp_path / "weather.arff"
    path.write_text("% the weather\n@RELATION weather\n\n@attribute outlook {sunny, overcast, rain}\n"
                    "@attribute 'wind speed' real\n@attribute temperature NUMERIC\n@attribute play {yes,no}\n@DATA\n"
                    "sunny,1.5,30,no\n% a comment\novercast,2,25,yes\nrain,3,10,yes\nsunny, 4, 28,no\n")
    table, meta = arff.loadarff(path)
    y = table["play"] == b"yes"
    numbers = np.column_stack([table["wind speed"], table["temperature"]])
    label = ["--label-column", "play"]
    assert_same_data(path, [*label, "--drop", "outlook"], folded(numbers, y, True), tmp_path)
    words = np.column_stack([table["outlook"] == word for word in (b"overcast", b"rain", b"sunny")])
    assert_same_data(path, [*label, "--one-hot"], folded(np.column_stack([words, numbers]), y, True), tmp_path)
    path.write_text(path.read_text().replace("rain", "'rain, light'"))  # which SciPy does not read
    assert_same_data(path, [*label, "--one-hot"], folded(np.column_stack([words, numbers]), y, True), tmp_path)
    result = run("info", path, *label)
    assert result.returncode == 2 and "weather.arff:9:1: field 1 is 'sunny'" in result.stderr


@pytest.mark.parametrize("content,fragment", [
    ("@relation r\n@attribute a real\n", "no @data"),
    ("@relation r\n@data\n1\n", "no @attribute"),
    ("@relation r\n@attribute\n@data\n1\n", "d.arff:2:1"),
    ("1,2\n", "d.arff:1:1: '1,2'; expected @relation"),
    ("@attribute a real\n@attribute b real\n@data\n1\n", "1 fields; expected 2"),
    ("@attribute a real\n@data\n1\n{0 1}\n", "'{0 1}'"),
    ("@attribute a real\n@data\n{0 1}\n1\n", "d.arff:4:1: a row without braces"),
    ("@attribute a real\n@data\n{0 1\n", "d.arff:3:1"),
    ("@attribute a real\n@data\n{0 1} 2\n", "d.arff:3:7: text after the row"),
    ("@attribute a real\n@data\n{1 1}\n", "the index 1; expected at most 0"),
    ("@attribute a real\n@data\n{99999999999999999999999999 1}\n", "expected at most 0"),
    ("@attribute a real\n@attribute b real\n@data\n{1 1, 0 1}\n", "d.arff:4:7: the index 0 after 1"),
    ("@attribute a real\n@attribute b real\n@data\n{0 1, 0 1}\n", "the index 0 after 0"),
    ("@attribute a real\n@data\n{0 1,}\n", "a comma and nothing"),
    ("@attribute a real\n@data\n{0}\n", "no index"),
    ("@attribute a real\n@data\n{ 0 x}\n", "d.arff:3:5: the value is 'x'"),
    ("@attribute a real\n@data\n{0 ?}\n", "the value is '?'"),
    ("@attribute a real\n@data\n{0 1e999}\n", "not a finite number"),
    ("@attribute a real\n@data\n{0 'x}\n", "a quote that does not close"),
    ("@attribute a date 'yyyy'\n@attribute b real\n@data\n{0 '2020'}\n", "attribute 0 is neither a number nor one of a list"),
    ("@attribute a {1,0}\n@data\n{0 1}\n", "attribute 0 has the value '1' where a sparse row leaves it out"),
])
def test_malformed_arff_is_refused(content, fragment, tmp_path):
    (tmp_path / "d.arff").write_text(content)
    result = run("info", tmp_path / "d.arff")
    assert result.returncode == 2 and fragment in result.stderr, result.stderr


def test_sparse_arff_is_the_matrix_it_was_written_from(tmp_path):
    """Weka leaves out zeros, and the first value of a list: here the class 'a b'."""
    matrix = sparse.random(40, 30, density=0.15, random_state=3).toarray()
    classes, y = ["a b", "c"], np.arange(40) % 3 % 2
    lines = ["@relation 'sparse'"] + [f"@attribute 'x {k}' {'{0,1}' if k == 4 else 'numeric'}" for k in range(30)]
    lines += ["@attribute class {'a b',c}", "@data", "% rows", ""]
    matrix[:, 4] = matrix[:, 4] > 0
    for row, label in zip(matrix, y):
        entries = [f"{k} {v!r}" for k, v in enumerate(row.tolist()) if v != 0] + (["30 c"] if label else [])
        lines.append("{" + ", ".join(entries) + "}")
    path = tmp_path / "d.arff"
    path.write_text("\n".join(lines) + "\n")
    assert_same_data(path, ["--label-column", "class"], folded(matrix, y, 1), tmp_path, exact=False)
    report = info(path, "--label-column", "class")
    assert report["nonzeros"] == np.count_nonzero(matrix) and report["classes"] == classes
    assert report["counts"] == [int((y == k).sum()) for k in (0, 1)]
    kept = [0, 1, 2, 3, *range(6, 30)]
    assert_same_data(path, ["--label-column", "30", "--drop", "x 4,5"], folded(matrix[:, kept], y, 1), tmp_path, exact=False)
    assert run("info", path, "--label-column", "class", "--one-hot").returncode == 1
    call("solve", path, "--label-column", "class", "--norm", "l2", "--out", tmp_path / "w.json")
    assert json.loads((tmp_path / "w.json").read_text())["names"] == [f"x {k}" for k in range(30)]


FOREIGN = {"d.parquet": "read_parquet", "d.FEATHER": "read_feather", "d.xlsx": "save the sheet as CSV", "d.mat": "numpy.savez",
           "d.pkl": "numpy.savez", "d.rds": "write.csv", "d.sqlite": "sqlite3 -csv", "d.json.gz": "write it as CSV", "d.zip": "unpack"}


@pytest.mark.parametrize("name", FOREIGN)
def test_formats_that_are_not_read_say_how_they_become_one_that_is(name, tmp_path):
    (tmp_path / name).write_bytes(b"PAR1")
    result = run("info", tmp_path / name)
    assert result.returncode == 2 and "not read" in result.stderr and FOREIGN[name] in result.stderr
