"""Accuracy on test data, of what training finds and of every reference, judged with NumPy and scikit-learn alone."""
import csv
import itertools
import json
import subprocess

import numpy as np
import pandas
import pytest
from sklearn import datasets, impute, model_selection, preprocessing

from study_cases import BIASCOPE, database_of, output, run, write

NORMS = ("l2", "linf", "l1")


@pytest.fixture(scope="module")
def split(tmp_path_factory):
    """Breast cancer in two files with names, and what the reader should make of them: standardised by the first alone."""
    folder = tmp_path_factory.mktemp("split")
    bunch = datasets.load_breast_cancer(as_frame=True)
    frame = bunch.data.assign(y=[bunch.target_names[k] for k in bunch.target])
    old, new = model_selection.train_test_split(frame, test_size=0.4, random_state=1)
    old = old.drop(index=old.index[:150])
    old.to_csv(folder / "old.csv", index=False)
    new.to_csv(folder / "new.csv", index=False)
    scaler = preprocessing.StandardScaler().fit(old.drop(columns="y").to_numpy())

    def rows(part):
        x = scaler.transform(part.drop(columns="y").to_numpy())
        return np.where(part["y"] == "malignant", 1, -1)[:, None] * np.column_stack([x, np.ones(len(x))])
    np.save(folder / "old.npy", rows(old))
    return folder, rows(old), rows(new)


READING = ("--label-column", "y", "--standardize", "--intercept")


def whole(result):
    return np.array([*result["direction"], result["intercept"]])


def accuracy_of(w, rows):
    return (rows @ np.asarray(w) > 0).mean()


def reference(folder, norm):
    """Found for the rows that NumPy made."""
    return output("solve", folder / "old.npy", "--norm", norm)["direction"]


@pytest.mark.plain_build
def test_every_reference_is_tested_beside_the_run(split):
    folder, old, new = split
    options = (*READING, "--test", folder / "new.csv", "--optimizer", "adam", "--batch-size", 8)
    trained = output("train", folder / "old.csv", *options, "--steps", 3000)
    assert trained["test_samples"] == len(new)
    assert trained["test_accuracy"] == accuracy_of(whole(trained), new) < 1
    for norm in NORMS:
        assert trained["test_accuracy_of"][norm] == accuracy_of(reference(folder, norm), new)
    predicted = output("predict", folder / "old.csv", *options)
    assert predicted["test_accuracy"] == accuracy_of(whole(predicted), new) == trained["test_accuracy_of"]["predicted"]
    proxy = output("predict", folder / "old.npy", "--optimizer", "adamproxy", "--beta1", 0, "--confirm", "none")["direction"]
    assert predicted["test_accuracy_of"]["proxy"] == accuracy_of(proxy, new)
    assert {norm: predicted["test_accuracy_of"][norm] for norm in NORMS} == {norm: trained["test_accuracy_of"][norm] for norm in NORMS}
    text = run("train", folder / "old.csv", *options, "--steps", 3000).stdout
    assert f"of the {len(new)} samples of {folder / 'new.csv'}; l2 " in text and "limit" in text.splitlines()[-1]


def test_the_trace_of_a_run_has_the_test_accuracy_of_each_step(split, tmp_path):
    folder, old, new = split
    trained = output("train", folder / "old.csv", *READING, "--test", folder / "new.csv", "--optimizer", "gd", "--steps", 50,
                     "--record", "log:2", "--trace", tmp_path / "t.csv", "--references", "none")
    steps = list(csv.DictReader(open(tmp_path / "t.csv")))
    assert len(steps) > 3 and float(steps[-1]["test_accuracy"]) == trained["test_accuracy"]
    for row in steps:
        shorter = output("train", folder / "old.csv", *READING, "--optimizer", "gd", "--steps", row["step"], "--references", "none")
        assert float(row["test_accuracy"]) == accuracy_of(whole(shorter), new)
    output("train", folder / "old.csv", *READING, "--steps", 10, "--trace", tmp_path / "t.csv", "--references", "none")
    assert "test_accuracy" not in open(tmp_path / "t.csv").readline()


def test_solve_tests_one_norm_or_all(split):
    folder, old, new = split
    options = (*READING, "--test", folder / "new.csv")
    every = output("solve", folder / "old.csv", *options, "--norm", "all")
    for norm in NORMS:
        one = output("solve", folder / "old.csv", *options, "--norm", norm)
        assert every["norms"][norm]["test_accuracy"] == one["test_accuracy"] == accuracy_of(reference(folder, norm), new)
    assert f"{100 * one['test_accuracy']:.4g} %" in run("solve", folder / "old.csv", *options, "--norm", "all").stdout
    assert "--out is about one" in run("solve", folder / "old.csv", "--norm", "all", "--out", "w.json", code=1).stderr


def test_a_forecast_is_tested_and_written_too(split, tmp_path):
    folder, old, new = split
    forecast = output("predict", folder / "old.csv", *READING, "--test", folder / "new.csv", "--optimizer", "gd", "--steps", 500,
                      "--out", tmp_path / "w.json")
    written = json.loads((tmp_path / "w.json").read_text())
    assert written["direction"] == forecast["direction"] and written["intercept"] == [forecast["intercept"]]
    assert forecast["test_accuracy"] == accuracy_of(whole(forecast), new)
    assert forecast["test_accuracy_of"]["l1"] == accuracy_of(reference(folder, "l1"), new)


def test_test_data_that_do_not_fit_are_refused_before_training(split, tmp_path):
    folder, old, new = split
    table = pandas.read_csv(folder / "new.csv")
    table.drop(columns=table.columns[3]).to_csv(tmp_path / "narrow.csv", index=False)
    table.assign(y="a third").to_csv(tmp_path / "third.csv", index=False)
    np.save(tmp_path / "x.npy", table.drop(columns="y").to_numpy())
    steps = ("train", folder / "old.csv", *READING, "--steps", 10**12, "--test")
    assert "no column is named" in run(*steps, tmp_path / "narrow.csv", code=2).stderr
    assert "'a third' is none of" in run(*steps, tmp_path / "third.csv", code=2).stderr
    assert "No such file" in run(*steps, tmp_path / "none.csv", code=2).stderr
    plain = pandas.read_csv(folder / "old.csv")
    np.save(tmp_path / "old.npy", plain.drop(columns="y").to_numpy())
    np.save(tmp_path / "y.npy", plain["y"].to_numpy().astype(str))
    np.save(tmp_path / "test_y.npy", table["y"].to_numpy().astype(str))
    arrays = ("train", tmp_path / "old.npy", "--labels", tmp_path / "y.npy", "--steps", 10, "--test", tmp_path / "x.npy")
    assert "have no labels" in run(*arrays, code=2).stderr
    assert output(*arrays, "--test-labels", tmp_path / "test_y.npy")["test_samples"] == len(table)
    assert "--test is missing" in run("train", tmp_path / "old.npy", "--test-labels", "y.npy", code=1).stderr
    for command in ("train", "predict"):
        assert "expected a file" in run(command, "-", "--format", "csv", "--test-fraction", "0.5", code=1).stderr


@pytest.mark.parametrize("command", ["train", "apply"])
def test_missing_values_of_new_data_become_the_means_of_the_old(command, split, tmp_path):
    """As a pipeline of SimpleImputer and StandardScaler has it, fitted to the old data alone."""
    folder, _, _ = split
    rng = np.random.default_rng(7)
    frames = {}
    for name in ("old", "new"):
        frame = pandas.read_csv(folder / f"{name}.csv")
        values = frame.drop(columns="y")
        frames[name] = values.mask(rng.random(values.shape) < 0.1).assign(y=frame["y"])
        frames[name].to_csv(tmp_path / f"{name}.csv", index=False)
    imputer = impute.SimpleImputer().fit(frames["old"].drop(columns="y"))
    scaler = preprocessing.StandardScaler().fit(imputer.transform(frames["old"].drop(columns="y")))
    x = scaler.transform(imputer.transform(frames["new"].drop(columns="y")))
    rows = np.where(frames["new"]["y"] == "malignant", 1, -1)[:, None] * np.column_stack([x, np.ones(len(x))])
    trained = output("train", tmp_path / "old.csv", *READING, "--missing", "mean", "--steps", 100, "--references", "none",
                     "--out", tmp_path / "w.json", "--test", tmp_path / "new.csv")
    assert trained["test_accuracy"] == accuracy_of(whole(trained), rows)
    if command == "apply":
        applied = output("apply", tmp_path / "w.json", tmp_path / "new.csv", "--label-column", "y")
        assert np.allclose(applied["margins"], rows @ whole(trained), rtol=1e-9, atol=1e-12)
        assert json.loads((tmp_path / "w.json").read_text())["mean"] == pytest.approx(imputer.statistics_.tolist(), rel=1e-14)


def test_means_are_those_of_the_part_that_is_trained_on(tmp_path):
    frame = pandas.DataFrame({"a": [1.0, np.nan, 3, 4, 50, 6, 7, 8], "y": [0, 1, 0, 1, 0, 1, 0, 1]})
    frame.to_csv(tmp_path / "d.csv", index=False)
    for seed in range(6):
        output("train", tmp_path / "d.csv", "--label-column", "y", "--missing", "mean", "--intercept", "--test-fraction", 0.5,
               "--seed", seed, "--steps", 5, "--references", "none", "--out", tmp_path / "w.json")
        mean = json.loads((tmp_path / "w.json").read_text())["mean"][0]
        possible = [np.nanmean(frame["a"][list(rows)]) for rows in itertools.combinations(range(8), 4)]
        assert np.isclose(possible, mean, rtol=1e-14).any() and not np.isclose(mean, np.nanmean(frame["a"]))


# ---- New data without labels ------------------------------------------------------------------------------------------

def test_new_data_without_labels_are_classified(tmp_path):
    bunch = datasets.load_wine(as_frame=True)
    names = np.array(["barolo", "grignolino", 'barbera, "old"'])
    frame = bunch.data.assign(y=names[bunch.target])
    frame.to_csv(tmp_path / "d.csv", index=False)
    bunch.data.to_csv(tmp_path / "new.csv", index=False)
    options = ("--label-column", "y", "--standardize", "--intercept", "--steps", 300, "--references", "none")
    trained = output("train", tmp_path / "d.csv", *options, "--out", tmp_path / "w.json")
    x = preprocessing.StandardScaler().fit_transform(bunch.data.to_numpy())
    scores = x @ np.array(trained["direction"]).T + trained["intercept"]
    guess = np.array(sorted(names))[scores.argmax(axis=1)]
    applied = output("apply", tmp_path / "w.json", tmp_path / "new.csv", "--out", tmp_path / "labels.csv")
    assert applied["labels"] == guess.tolist() and applied["accuracy"] is None and applied["confusion"] is None
    ordered = np.sort(scores, axis=1)
    assert np.allclose(applied["margins"], ordered[:, -1] - ordered[:, -2])
    written = pandas.read_csv(tmp_path / "labels.csv")
    assert written["label"].tolist() == guess.tolist() and np.allclose(written["margin"], applied["margins"])
    labelled = output("apply", tmp_path / "w.json", tmp_path / "d.csv", "--label-column", "y")
    assert labelled["labels"] == guess.tolist() and labelled["accuracy"] == (guess == frame["y"]).mean()
    assert "without labels" in run("apply", tmp_path / "w.json", tmp_path / "new.csv").stdout


def test_one_class_told_from_the_others_has_a_label_and_they_have_none(tmp_path):
    (tmp_path / "d.csv").write_text("a,y\n1,u\n-2,v\n-3,w\n4,u\n")
    (tmp_path / "n.csv").write_text("a\n2\n-5\n")
    output("solve", tmp_path / "d.csv", "--label-column", "y", "--positive", "u", "--norm", "l2", "--out", tmp_path / "w.json")
    assert output("apply", tmp_path / "w.json", tmp_path / "n.csv")["labels"] == ["u", None]
    applied = output("apply", tmp_path / "w.json", tmp_path / "d.csv", "--label-column", "y")
    assert applied["labels"] == ["u", None, None, "u"] and applied["confusion"] == [[2, 0], [0, 2]]
    (tmp_path / "e.csv").write_text("a,y\n1,u\n-2,v\n")
    output("solve", tmp_path / "e.csv", "--label-column", "y", "--norm", "l2", "--out", tmp_path / "w.json")
    assert output("apply", tmp_path / "w.json", tmp_path / "n.csv")["labels"] == ["u", "v"]


# ---- Studies ------------------------------------------------------------------------------------------------------------

def study(folder, data, more=""):
    return write(folder, f'steps = 200\noptimizer = ["adam", "gd"]\nbatch_size = 8\n{more}[[data]]\n{data}')


def test_a_missing_direction_is_named_without_a_place_in_it(tmp_path):
    message = run("apply", tmp_path / "w.json", tmp_path / "d.csv", code=2).stderr
    assert message == f"biascope: {tmp_path}/w.json: cannot be read: No such file or directory\n"


OVERFLOWING = {
    "a margin": ([1e308, 1e308], "0,1\n2,2\n", []),
    "its parts": ([1e308, -1e308], "1,0\n2,2\n", []),
    "a class": ([[1, 0], [0, 1], [1e308, -1e308]], "1,1,a\n2,2,b\n", ["--label-column", "-1"]),
    "a class, without labels": ([[1, 0], [0, 1], [1e308, 1e308]], "1,-1\n2,2\n", []),
}


@pytest.mark.parametrize("case", OVERFLOWING)
def test_a_margin_beyond_the_range_of_numbers_is_refused(case, tmp_path):
    weights, rows, arguments = OVERFLOWING[case]
    classes = {"classes": ["a", "b", "c"]} if len(weights) == 3 else {}
    (tmp_path / "w.json").write_text(json.dumps({"direction": weights, **classes}))
    (tmp_path / "d.csv").write_text(rows)
    message = run("apply", tmp_path / "w.json", tmp_path / "d.csv", *arguments, "--out", tmp_path / "out.csv", code=2).stderr
    assert "the margin of sample 1 " in message and not (tmp_path / "out.csv").exists()


def test_a_study_tests_its_runs_and_references(split, tmp_path):
    folder, old, new = split
    spec = study(tmp_path, f'file = "{folder}/old.csv"\ntest = "{folder}/new.csv"\nlabel_column = "y"\nstandardize = true\nintercept = true\n')
    run("sweep", spec, "--store", tmp_path / "runs.db", "--quiet")
    runs = output("runs", tmp_path / "runs.db", "--traces")
    assert len(runs) == 2
    for one in runs:
        trained = output("train", folder / "old.csv", *READING, "--test", folder / "new.csv", "--optimizer", one["spec"]["optimizer"],
                         "--steps", 200, "--batch-size", 8)
        assert one["result"]["test_accuracy"] == trained["test_accuracy"] == pytest.approx(one["trace"]["test_accuracy"][-1], rel=1e-9)
        assert one["result"]["limit"]["test_accuracy"] == trained["test_accuracy_of"]["predicted"]
        assert {norm: one["certificate"][norm]["test_accuracy"] for norm in NORMS} == \
            {norm: accuracy_of(reference(folder, norm), new) for norm in NORMS}
        data = one["spec"]["data"]
        assert (data["test"], data["test_samples"], data["standardize"]) == (f"{folder}/new.csv", len(new), True)
    with database_of(tmp_path / "runs.db") as database:
        row = database.execute("SELECT test_accuracy, limit_test_accuracy, test_accuracy_of_linf FROM runs WHERE optimizer = 'gd'").fetchone()
    gd = next(one for one in runs if one["spec"]["optimizer"] == "gd")
    assert row == (gd["result"]["test_accuracy"], gd["result"]["limit"]["test_accuracy"], gd["certificate"]["linf"]["test_accuracy"])
    run("plot", tmp_path / "runs.db", "--x", "step", "--y", "test_accuracy", "--by", "optimizer", "--out", tmp_path / "t.svg")
    run("report", tmp_path / "runs.db", "--out", tmp_path / "r.html")
    assert "test accuracy" in (tmp_path / "r.html").read_text()


def test_sweep_takes_test_data_on_the_command_line_too(split, tmp_path):
    folder, old, new = split
    data = f'file = "{folder}/old.csv"\nlabel_column = "y"\nstandardize = true\nintercept = true\n'
    in_study = study(tmp_path, data + f'test = "{folder}/new.csv"\n')
    run("sweep", in_study, "--store", tmp_path / "a.db", "--quiet")
    study(tmp_path, data)
    run("sweep", in_study, "--store", tmp_path / "b.db", "--quiet", "--test", folder / "new.csv")
    one, other = (output("runs", tmp_path / f"{name}.db", "--traces") for name in "ab")
    for a, b in zip(one, other):
        del a["provenance"], b["provenance"]
        assert a["spec"]["data"].items() == b["spec"]["data"].items()
    assert one == other and one[0]["result"]["test_accuracy"] < 1
    run("sweep", in_study, "--store", tmp_path / "c.db", "--quiet", "--test-fraction", 0.25)
    assert {a["spec"]["data"]["test_samples"] for a in output("runs", tmp_path / "c.db")} == {round(len(old) / 4)}
    generated = study(tmp_path, 'generate = "gaussian"\nsamples = 10\nfeatures = 20\n')
    for flags in (["--test", folder / "new.csv"], ["--test-fraction", 0.5], ["--test", "a", "--test-fraction", 0.5]):
        run("sweep", generated, "--dry-run", *flags, code=1)


def test_test_data_are_part_of_a_runs_identity_only_where_there_are_any(split, tmp_path):
    folder, old, new = split
    data = f'file = "{folder}/old.csv"\nlabel_column = "y"\nstandardize = true\nintercept = true\n'
    hashes = []
    for test in ("", f'test = "{folder}/new.csv"\n', f'test = "{folder}/old.csv"\n'):
        run("sweep", study(tmp_path, data + test), "--store", tmp_path / "runs.db", "--quiet")
        hashes.append({one["hash"] for one in output("runs", tmp_path / "runs.db")})
    assert [len(some) for some in hashes] == [2, 4, 6]
    store = tmp_path / "folded.db"
    write(tmp_path, f'steps = 200\noptimizer = ["adam", "gd"]\nbatch_size = 8\ndata = {{ file = "{folder}/old.npy" }}\n', "folded.toml")
    run("sweep", tmp_path / "folded.toml", "--store", store, "--quiet")
    assert not any("test_accuracy" in json.dumps(one) for one in output("runs", store, "--traces"))


def test_a_fraction_is_held_out_by_the_seed_of_the_study(tmp_path, split):
    folder, old, new = split
    data = f'file = "{folder}/old.csv"\nlabel_column = "y"\nstandardize = true\nintercept = true\ntest_fraction = [0.2, 0.5]\n'
    run("sweep", study(tmp_path, data, "seed = [0, 1, 2]\n"), "--store", tmp_path / "runs.db", "--quiet")
    runs = output("runs", tmp_path / "runs.db")
    assert len(runs) == 2 * 2 * 3
    for one in runs:
        part = one["spec"]["data"]
        trained = output("train", folder / "old.csv", *READING, "--optimizer", one["spec"]["optimizer"], "--steps", 200,
                         "--batch-size", 8, "--test-fraction", part["test_fraction"], "--seed", part["seed"], "--references", "none")
        assert one["result"]["test_accuracy"] == trained["test_accuracy"]
        assert part["test_samples"] == trained["test_samples"] == round(len(old) * part["test_fraction"])
    with database_of(tmp_path / "runs.db") as database:
        assert {row[0] for row in database.execute("SELECT DISTINCT seed FROM runs")} == {0, 1, 2}
    fixed = study(tmp_path, data.replace("[0.2, 0.5]", "0.2") + "seed = 5\n", "seed = [0, 1, 2]\n")
    assert output("sweep", fixed, "--dry-run")["runs"] == 2


def test_a_study_reads_files_as_the_command_line_does(tmp_path):
    frame = datasets.load_breast_cancer(as_frame=True).frame.iloc[:200, [0, 1, 2, 3, -1]]
    frame.insert(0, "who", "someone")
    frame.loc[3, "mean area"] = np.nan
    frame.to_csv(tmp_path / "d.txt", index=False, sep="/")
    np.save(tmp_path / "x.npy", frame.iloc[:, 1:4].to_numpy())
    np.save(tmp_path / "y.npy", np.where(frame["target"] == 1, "yes", "no"))
    cases = [('file = "d.txt"\ndelimiter = "/"\nlabel_column = -1\ndrop = "who"\nmissing = "drop"\nscale = "max"\nintercept = true\n',
              ("d.txt", "--delimiter", "/", "--label-column", "-1", "--drop", "who", "--missing", "drop", "--scale", "max", "--intercept")),
             ('file = "x.npy"\nlabels = "y.npy"\nstandardize = true\nintercept = true\ncolumns = "0,2"\npositive = "no"\n',
              ("x.npy", "--labels", tmp_path / "y.npy", "--standardize", "--intercept", "--columns", "0,2", "--positive", "no"))]
    for number, (data, (file, *flags)) in enumerate(cases):
        run("sweep", study(tmp_path, data), "--store", tmp_path / f"{number}.db", "--quiet")
        for one in output("runs", tmp_path / f"{number}.db"):
            if one["status"] != "ok":
                assert output_code(file, flags, tmp_path) == 3
                continue
            trained = output("train", tmp_path / file, *flags, "--optimizer", one["spec"]["optimizer"], "--batch-size", 8, "--steps", 200)
            assert one["result"]["log_loss"] == trained["log_loss"]


def output_code(file, flags, folder):
    return subprocess.run([BIASCOPE, "info", folder / file, *map(str, flags)], capture_output=True).returncode


@pytest.mark.parametrize("lines, line, message", [
    ('test = "none.csv"', 5, "none.csv"),
    ('test = "old.csv"\ntest_fraction = 0.5', 7, "expected one of them"),
    ('test_labels = "y.npy"', 6, "goes with 'test'"),
    ("test_fraction = 1.5", 6, "test_fraction: 1.5"),
    ("seed = 3", 6, "goes with 'generate' or 'test_fraction'"),
    ('delimiter = "ab"', 6, "delimiter: 'ab'"),
    ('missing = "zero"', 6, "refuse, drop, mean"),
    ("standardize = true\nscale = 'max'", 7, "expected one of them"),
    ("columns = [1, 2]", 6, "expected text"),
    ("intercept = 1", 6, "intercept: '1'"),
    ("test_fraction = 0.0001", 5, "leaves none to test"),
    ("colums = 'a'", 6, "'colums' is not known here; expected one of name, generate, file, test"),
])
def test_a_study_refuses_wrong_ways_of_reading(lines, line, message, tmp_path):
    (tmp_path / "old.csv").write_text("a,y\n1,0\n2,1\n3,1\n")
    spec = write(tmp_path, f'steps = 10\noptimizer = "gd"\n\n[[data]]\nfile = "old.csv"\n{lines}\n')
    if line == 5:
        spec.write_text(spec.read_text().replace("\n[[data]]", "[[data]]"))
    result = run("sweep", spec, "--store", tmp_path / "runs.db", code=2)
    assert message in result.stderr and not (tmp_path / "runs.db").exists(), result.stderr
    if line > 5:
        assert f"study.toml:{line}:" in result.stderr, result.stderr


def test_reading_a_generated_data_set_is_refused(tmp_path):
    for line in ('label_column = "y"', 'test = "t.csv"', "test_fraction = 0.5", "intercept = true"):
        spec = write(tmp_path, f'steps = 10\noptimizer = "gd"\n[[data]]\ngenerate = "gaussian"\nsamples = 3\nfeatures = 4\n{line}\n')
        assert "goes with 'file'" in run("sweep", spec, "--store", tmp_path / "runs.db", code=2).stderr


def test_a_changed_test_file_makes_other_runs(split, tmp_path):
    folder, old, new = split
    for name in ("old", "new"):
        (tmp_path / f"{name}.csv").write_text((folder / f"{name}.csv").read_text())
    spec = study(tmp_path, 'file = "old.csv"\ntest = "new.csv"\nlabel_column = "y"\nintercept = true\nstandardize = true\n')
    run("sweep", spec, "--store", tmp_path / "runs.db", "--quiet")
    before = {one["hash"] for one in output("runs", tmp_path / "runs.db")}
    lines = (tmp_path / "new.csv").read_text().splitlines()
    (tmp_path / "new.csv").write_text("\n".join(lines[:-1]) + "\n")
    run("sweep", spec, "--store", tmp_path / "runs.db", "--quiet")
    assert len({one["hash"] for one in output("runs", tmp_path / "runs.db")} - before) == 2  # other runs
