"""Studies from outside: sweep, runs, merge."""
import contextlib
import csv
import fcntl
import io
import json
import math
import os
import pty
import random
import re
import shutil
import signal
import sqlite3
import struct
import subprocess
import termios
import time

import pytest

from study_cases import BAD_INPUT, BIASCOPE, GOOD, STUDY, STUDY_RUNS, USAGE, database_of, output, rows, run, write

GAUSSIAN = os.path.join(os.environ["BIASCOPE_TEST_DATA"], "gaussian-10x50.csv")
INTERRUPTED = 130


# ---- The specification ---------------------------------------------------------------------------------


def test_a_dry_run_counts_estimates_and_leaves_no_file(tmp_path):
    plan = output("sweep", write(tmp_path, STUDY), "--store", tmp_path / "runs.db", "--dry-run")
    assert plan["runs"] == STUDY_RUNS and plan["finished"] == 0 and plan["seconds_estimate"] > 0
    assert os.listdir(tmp_path) == ["study.toml"]


def test_grids_add_up_and_share_what_stands_above_them(tmp_path):
    spec = write(tmp_path, """
steps = [10, 20]
[[data]]
name = "few"
generate = "gaussian"
samples = [4, 6]
features = 8
seed = [1, 2, 3]
[[data]]
name = "real"
file = "%s"
[[grid]]
optimizer = "adam"
beta2 = { from = 0.5, to = 0.9, count = 5 }
[[grid]]
optimizer = ["gd", "signgd"]
data = "real"
lr = [0.1, 0.2, 0.3]
""" % GAUSSIAN)
    assert output("sweep", spec, "--dry-run")["runs"] == 2 * (5 * (2 * 3 + 1) + 2 * 3)


def test_runs_that_differ_in_nothing_they_read_are_one_run(tmp_path):
    spec = write(tmp_path, f"""
steps = 10
optimizer = ["signum", "adam"] # signum reads no beta2
beta2 = [0.9, 0.99]
batch_size = [10, "full"] # the data has 10 samples
order = ["cyclic", "shuffle"]
seed = [1, 2]             # no order here is random
data = {{ file = "{GAUSSIAN}" }}
""")
    plan = output("sweep", spec, "--dry-run")
    assert plan["runs"] == 3 and plan["combinations"] == 32
    assert "29 of 32 combinations" in run("sweep", spec, "--dry-run").stderr


@pytest.mark.plain_build
def test_the_full_batch_is_every_sample_whatever_the_order(tmp_path):
    spec = write(tmp_path, f"""
steps = 100
optimizer = "adam"
batch_size = ["full", 10] # the data has 10 samples; with replacement, 10 of them are not all
order = ["cyclic", "shuffle", "replacement"]
data = {{ file = "{GAUSSIAN}" }}
""")
    run("sweep", spec, "--store", tmp_path / "runs.db", "--quiet")
    runs = {one["spec"]["order"]: one["result"]["cosine"]["linf"] for one in output("runs", tmp_path / "runs.db")}
    train = ("train", GAUSSIAN, "--optimizer", "adam", "--steps", 100, "--order", "replacement", "--batch-size")
    assert set(runs) == {"cyclic", "replacement"}
    assert runs["cyclic"] == pytest.approx(output(*train, "full")["cosine"]["linf"], abs=1e-12)
    assert runs["replacement"] == pytest.approx(output(*train, 10)["cosine"]["linf"], abs=1e-12)


def test_the_values_of_a_range_are_the_numbers_one_would_write(tmp_path):
    spec = write(tmp_path, f"""
steps = 10
optimizer = "gd"
lr = {{ from = 0.001, to = 10, count = 5, scale = "log" }}
batch_size = {{ from = 1, to = 9, step = 4 }}
data = {{ file = "{GAUSSIAN}" }}
""")
    run("sweep", spec, "--store", tmp_path / "runs.db")
    runs = [one["spec"] for one in output("runs", tmp_path / "runs.db")]
    assert {one["lr"] for one in runs} == {0.001, 0.01, 0.1, 1, 10}
    assert {one["batch_size"] for one in runs} == {1, 5, 9}


@pytest.mark.parametrize("old, new, line, column, message", [
    ('"adam"', '"adm"', 2, 13, 'optimizer: "adm"; expected one of gd, ngd'),
    ("steps = 10", "steps = 0", 1, 9, "steps: 0; expected a whole number from 1"),
    ("steps = 10", "steps = 1.5", 1, 9, "steps: 1.5"),
    ("steps = 10", "", 1, 1, "'steps' is missing"),
    ("steps = 10", "setps = 10", 1, 1, "'setps' is not known here"),
    ("steps = 10", "steps = 10\nbeta1 = [0.5, 1.0]", 2, 15, "beta1 = 1; expected 0 <= beta1 < 1"),
    ("steps = 10", "steps = 10\nbeta2 = 'x'", 2, 9, "beta2: 'x'; expected a number"),
    ("steps = 10", "steps = 10\nbeta2 = nan", 2, 9, "beta2: nan; expected a number\n"),
    ("steps = 10", "steps = 10\nlr = nan", 2, 6, "lr: nan"),
    ("steps = 10", "steps = 10\nlr = []", 2, 6, "an empty list"),
    ("steps = 10", "steps = 10\nlr = [1, 2, 1]", 2, 13, "stands in the list twice"),
    ("steps = 10", "steps = 10\nlr = {from = 1, to = 0.1, count = 3}", 2, 6, "expected from < to"),
    ("steps = 10", "steps = 10\nlr = {from = 0, to = 1, count = 3, scale = 'log'}", 2, 6, "expected from > 0"),
    ("steps = 10", "steps = 10\nlr = {from = 0.1, to = 1}", 2, 6, "needs a count"),
    ("steps = 10", "steps = 10\nlr = {from = 0.1, to = 1, count = 3, stpe = 1}", 2, 38, "'stpe' is not known here; expected one of from, to"),
    ("steps = 10", "steps = 10\nbatch_size = [5, 11]", 2, 18, "batch size 11"),
    ("steps = 10", "steps = 10\nrecord = 'every'", 2, 10, 'expected "log:K"'),
    ("steps = 10", "steps = 10\npredict = 1", 2, 11, "expected true, false or"),
    ("samples = 10", "samples = -1", 5, 11, "samples: -1"),
    ("samples = 10", "samples = 10\ndelta = 1", 6, 9, "the generator gaussian has no use for it"),
    ("samples = 10", "", 3, None, "'samples' is missing"),
    ("features = 20", "features = 20\n[[grid]]\ndata = ['other']", 8, 9, "expected the name of a table [[data]]"),
    ("features = 20", "features = 20\n[[data]]\nfile = 'none.csv'", 7, None, "none.csv"),
    ("features = 20", "features = 20\n[[data]]\ngenerate = 'gaussian'\nsamples = 3\nfeatures = 3", 7, None, "called 'gaussian'"),
    ("features = 20", "features = [", 6, None, ""),
])
def test_an_error_names_line_column_text_and_what_was_expected(tmp_path, old, new, line, column, message):
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new))
    result = run("sweep", path, "--store", tmp_path / "runs.db", code=BAD_INPUT)
    assert message in result.stderr
    place = result.stderr.split("study.toml:", 1)[1].split(":")
    assert int(place[0]) == line and (column is None or int(place[1]) == column), result.stderr
    assert not (tmp_path / "runs.db").exists() and result.stdout == ""


def test_a_specification_that_is_no_file_is_bad_input(tmp_path):
    for path in (tmp_path, tmp_path / "none.toml"):
        assert str(path) in run("sweep", path, "--dry-run", code=BAD_INPUT).stderr


# ---- Runs and their results ----------------------------------------------------------------------------


def test_every_run_is_listed_once_and_nothing_is_run_twice(finished, tmp_path):
    runs = output("runs", finished)
    assert len(runs) == STUDY_RUNS == len({one["hash"] for one in runs})
    assert all(one["status"] == "ok" for one in runs)
    store = shutil.copy(finished, tmp_path / "runs.db")
    again = output("sweep", write(tmp_path, STUDY), "--store", store, "--quiet")
    assert again["ran"] == 0 and again["finished"] == STUDY_RUNS
    assert output("sweep", write(tmp_path, STUDY), "--store", store, "--dry-run")["finished"] == STUDY_RUNS


def test_a_run_holds_what_train_prints(finished, tmp_path):
    run("generate", "gaussian", "--samples", 10, "--features", 20, "--seed", 1, "--out", tmp_path / "x.npy")
    where = "optimizer = 'adam' AND batch_size = 5 AND beta1 = 0.9 AND lr = 0.1 AND seed = 1"
    (one,) = output("runs", finished, "--where", where)
    trained = output("train", tmp_path / "x.npy", "--optimizer", "adam", "--batch-size", 5, "--beta1", 0.9, "--lr", 0.1,
                     "--steps", 300)
    assert one["result"]["steps"] == trained["steps"]
    for key in ("log_loss", "weight_norm"):
        assert one["result"][key] == pytest.approx(trained[key], rel=1e-12)
    for key in ("margin", "ratio", "cosine"):
        for name, value in trained[key].items():
            if name in one["result"][key]:
                assert one["result"][key][name] == pytest.approx(value, abs=1e-9)


def test_a_predicted_run_holds_what_predict_prints(tmp_path):
    spec = write(tmp_path, """predict = "only"
steps = [2000, 1000000]
optimizer = "adamw"
torch = true
schedule = "constant"
batch_size = [2, "full"]
[[data]]
generate = "gaussian"
samples = 10
features = 20
seed = 3
""")
    assert output("sweep", spec, "--dry-run")["runs"] == 4
    run("sweep", spec, "--store", tmp_path / "runs.db", "--quiet")
    run("generate", "gaussian", "--samples", 10, "--features", 20, "--seed", 3, "--out", tmp_path / "data.npy")
    records = output("runs", tmp_path / "runs.db", "--traces")
    assert len(records) == 4
    for record in records:
        flags = ["--optimizer", "adamw", "--torch", "--schedule", "constant", "--batch-size", record["spec"]["batch_size"]]
        found = output("predict", tmp_path / "data.npy", *flags, "--steps", record["spec"]["steps"])
        result = record["result"]
        assert result["cosine"]["linf"] == pytest.approx(found["cosine"]["linf"], abs=1e-3) and "stale" not in result
        assert result["weight_norm"] == pytest.approx(found["weight_norm"], rel=1e-3)
        assert result["log_loss"] == pytest.approx(found["log_loss"], abs=1e-2)
        assert result["forecast"]["method"] == found["method"] and result["forecast"]["steps_taken"] == found["steps_taken"]
        assert record["trace"]["step"][-1] == record["spec"]["steps"]
    with database_of(tmp_path / "runs.db") as database:
        assert database.execute("SELECT count(*) FROM runs WHERE error_estimate > 0").fetchone() == (2,)
    run("sweep", write(tmp_path, spec.read_text().replace('"only"', "false").replace(", 1000000", ""), "trained.toml"),
        "--store", tmp_path / "runs.db", "--quiet")
    run("plot", tmp_path / "runs.db", "--x", "step", "--y", "cosine_linf", "--by", "batch_size", "--out", tmp_path / "p.svg")
    assert "10, predicted run" in (tmp_path / "p.svg").read_text()


def test_the_trace_ends_at_the_result(finished):
    for one in output("runs", finished, "--traces"):
        steps = one["trace"]["step"]
        assert steps[0] == 1 and steps[-1] == 300 and steps == sorted(set(steps))
        for norm in ("l2", "linf", "l1"):
            assert one["trace"]["cosine_" + norm][-1] == pytest.approx(one["result"]["cosine"][norm], abs=1e-9)
            assert one["certificate"][norm]["gap"] <= 1e-10


def test_filters_and_tables_agree_with_sqlite(finished):
    table = list(csv.DictReader(io.StringIO(run("runs", finished, "--csv", "--where", "batch_size = 5 AND lr < 0.5").stdout)))
    with database_of(finished) as database:
        wanted = database.execute("SELECT hash FROM runs WHERE json_extract(spec, '$.batch_size') = 5 AND "
                                  "json_extract(spec, '$.lr') < 0.5").fetchall()
    assert sorted(row["hash"] for row in table) == sorted(hash_ for (hash_,) in wanted) and len(wanted) == 24
    assert {row["optimizer"] for row in table} == {"adam", "signum"}
    assert "no such column" in run("runs", finished, "--where", "colour = 1", code=USAGE).stderr


def test_data_that_is_not_separable_is_recorded_as_such(tmp_path):
    (tmp_path / "x.csv").write_text("1,2\n-1,-2\n")
    spec = write(tmp_path, "steps = 10\noptimizer = 'gd'\ndata = { file = 'x.csv' }")
    assert output("sweep", spec, "--store", tmp_path / "runs.db", "--quiet")["not_separable"] == 1
    (one,) = output("runs", tmp_path / "runs.db")
    assert one["status"] == "not separable" and one["result"] is None
    assert output("sweep", spec, "--store", tmp_path / "runs.db", "--quiet")["ran"] == 0


def test_a_run_that_diverges_is_recorded_and_the_others_go_on(tmp_path):
    spec = write(tmp_path, f"""
steps = 40000
optimizer = "adam"
batch_size = 1
beta1 = [0, 0.99] # 0.99 forgets slower than the second moment: the update m / sqrt(v) grows without bound
beta2 = 0.9
lr_decay = 0
lr = 1
data = {{ file = "{GAUSSIAN}" }}
""")
    swept = output("sweep", spec, "--store", tmp_path / "runs.db", "--quiet")
    assert swept["ran"] == 2 and swept["diverged"] == 1
    assert {one["spec"]["beta1"]: one["status"] for one in output("runs", tmp_path / "runs.db")} == {0: "ok", 0.99: "diverged"}
    assert output("sweep", spec, "--store", tmp_path / "runs.db", "--quiet")["ran"] == 0
    run("report", tmp_path / "runs.db", "--out", tmp_path / "report.html")
    assert output("sweep", spec, "--dry-run")["seconds_estimate"] > 0


def test_changed_data_makes_new_runs(tmp_path):
    (tmp_path / "x.csv").write_text("1,2\n2,1\n")
    spec = write(tmp_path, "steps = 10\noptimizer = 'gd'\ndata = { file = 'x.csv' }")
    run("sweep", spec, "--store", tmp_path / "runs.db")
    (tmp_path / "x.csv").write_text("1,2\n2,1.5\n")
    assert output("sweep", spec, "--store", tmp_path / "runs.db", "--quiet")["ran"] == 1
    assert len(output("runs", tmp_path / "runs.db")) == 2


# ---- Threads, shards, kills ----------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [3, STUDY_RUNS], ids=["some side by side", "each run alone"])
def test_more_threads_give_the_same_rows(finished, tmp_path, jobs):
    run("sweep", write(tmp_path, STUDY), "--store", tmp_path / "runs.db", "--jobs", jobs)
    assert rows(tmp_path / "runs.db") == rows(finished)


@pytest.mark.parametrize("shards", [pytest.param(["1/3", "2/3", "3/3"], marks=pytest.mark.plain_build), ["0/2", "1/2"]])
def test_merged_shards_give_the_same_rows(finished, tmp_path, shards):
    spec = write(tmp_path, STUDY)
    stores = [tmp_path / f"{number}.db" for number in range(len(shards))]
    for shard, store in zip(shards, stores):
        run("sweep", spec, "--store", store, "--shard", shard)
    assert output("merge", tmp_path / "all.db", *stores, "--quiet") == {"added": STUDY_RUNS, "present": 0, "replaced": 0}
    assert rows(tmp_path / "all.db") == rows(finished)
    assert output("merge", tmp_path / "all.db", *stores, "--quiet") == {"added": 0, "present": STUDY_RUNS, "replaced": 0}


def test_the_slurm_script_runs_a_shard_a_task(finished, tmp_path):
    script = os.path.join(os.path.dirname(__file__), "..", "..", "examples", "slurm-array.sh")
    for task in ("1", "2"):
        environment = {**os.environ, "PATH": os.path.dirname(BIASCOPE) + ":" + os.environ["PATH"],
                       "SLURM_ARRAY_TASK_ID": task, "SLURM_CPUS_PER_TASK": "1"}
        subprocess.run([script, write(tmp_path, STUDY), tmp_path / "parts", "2"], env=environment, check=True, capture_output=True)
    run("merge", tmp_path / "all.db", *(tmp_path / "parts").glob("part-*.db"))
    assert rows(tmp_path / "all.db") == rows(finished)


@pytest.mark.parametrize("shard", ["3/2", "1", "1/0", "-1/2", "a/b", "1/2x"])
def test_a_shard_that_is_none_is_a_usage_error(tmp_path, shard):
    run("sweep", write(tmp_path, STUDY), "--store", tmp_path / "runs.db", "--shard", shard, code=USAGE)


def test_stores_that_contradict_each_other_are_not_merged(finished, tmp_path):
    other = shutil.copy(finished, tmp_path / "other.db")
    with database_of(other) as database:
        database.execute("UPDATE runs SET result = json_set(result, '$.log_loss', -1) WHERE id = 7")
        database.execute("INSERT INTO runs (hash, status, version, machine, started, seconds, spec) SELECT 'new', status, "
                         "version, machine, started, seconds, spec FROM runs WHERE id = 1")
    store = shutil.copy(finished, tmp_path / "runs.db")
    before = rows(store)
    message = run("merge", store, other, code=BAD_INPUT).stderr
    assert "another result" in message and str(store) in message and str(other) in message and "log_loss -1)" in message
    assert rows(store) == before
    assert "into itself" in run("merge", store, store, code=BAD_INPUT).stderr


@pytest.mark.parametrize("broken", ["missing", "csv", "damaged", "contradicting"])
@pytest.mark.parametrize("target", ["new", "existing"])
def test_a_merge_that_fails_changes_nothing(finished, tmp_path, target, broken):
    store, last = tmp_path / "all.db", tmp_path / "last.db"
    if target == "existing":
        with database_of(shutil.copy(finished, store)) as database:
            database.execute("DELETE FROM runs WHERE id > 3")
    if broken == "csv":
        last.write_text("1,2\n")
    if broken == "damaged":
        last.write_bytes(finished.read_bytes()[:-4096])
    if broken == "contradicting":
        with database_of(shutil.copy(finished, last)) as database:
            database.execute("UPDATE runs SET result = json_set(result, '$.log_loss', -1)")
    before = {path.name for path in tmp_path.iterdir()}, rows(store) if target == "existing" else None
    message = run("merge", store, finished, last, code=BAD_INPUT).stderr
    assert str(last) in message and "runs added" not in message
    assert ({path.name for path in tmp_path.iterdir()}, rows(store) if target == "existing" else None) == before


def test_a_store_of_schema_1_is_read_and_brought_up_to_date(tmp_path):
    """Its results named two measures otherwise, and weight_norm_log was the norm's log."""
    earlier = shutil.copy(os.path.join(os.path.dirname(__file__), "../fuzz/corpus/store/one.db"), tmp_path / "earlier.db")
    with database_of(earlier) as database:
        (old,) = database.execute("SELECT result FROM runs ORDER BY id").fetchone()
    old = json.loads(old)
    found = output("runs", earlier, "--traces")
    assert found[0]["result"]["log_loss"] == old["loss_log"] and "loss_log" not in found[0]["result"]
    assert found[0]["result"]["weight_norm"] == pytest.approx(math.exp(old["weight_norm_log"]), rel=1e-15)
    assert found[0]["trace"]["weight_norm"][-1] == pytest.approx(found[0]["result"]["weight_norm"], rel=1e-9)
    listed = run("runs", earlier, "--csv").stdout
    assert output("merge", tmp_path / "new.db", earlier, "--quiet") == {"added": 2, "present": 0, "replaced": 0}
    assert output("merge", earlier, tmp_path / "new.db", "--quiet") == {"added": 0, "present": 2, "replaced": 0}
    for path in (earlier, tmp_path / "new.db"):
        assert run("runs", path, "--csv").stdout == listed and output("runs", path, "--traces") == found
        with database_of(path) as database:
            assert database.execute("PRAGMA user_version").fetchone() == (2,)
            assert database.execute("SELECT log_loss, noise FROM runs ORDER BY id").fetchone() == (old["loss_log"], 0)


def test_a_store_that_lacks_an_options_column_is_read_and_gets_it(finished, tmp_path):
    path = shutil.copy(finished, tmp_path / "runs.db")
    listed = run("runs", path, "--csv", "--where", "noise = 0").stdout
    change_schema(path, lambda sql: re.sub(r",\n  noise GENERATED ALWAYS AS .*? VIRTUAL", "", sql))
    assert run("runs", path, "--csv", "--where", "noise = 0").stdout == listed
    run("merge", path, finished)
    assert run("runs", path, "--csv").stdout == listed
    with database_of(path) as database:
        assert database.execute("SELECT count(*) FROM runs WHERE noise = 0").fetchone() == (STUDY_RUNS,)


def results_of(store):
    with database_of(store) as database:
        return database.execute("SELECT hash, result, certificate, trace FROM runs ORDER BY hash").fetchall()


def altered(finished, path, *changes):
    """A copy of the store in which expressions, each with the column it gives, stand for those of run 7."""
    copy = shutil.copy(finished, path)
    with database_of(copy) as database:
        for column, expression in changes:
            database.execute(f"UPDATE runs SET {column} = {expression} WHERE id = 7")
    return copy


def test_results_equal_within_their_certificates_are_merged_and_the_better_certified_one_kept(finished, tmp_path):
    """What another processor may give: last digits, of numbers that a gap of 1e-11 supports to five or six."""
    less = [("certificate", f"json_set(certificate, '$.{norm}.gap', 1e-11)") for norm in ("l2", "linf", "l1")]
    shifted = [("result", "json_set(result, '$.cosine.l2', json_extract(result, '$.cosine.l2') - 1e-7)"),
               ("trace", "json_set(trace, '$.ratio_l1[3]', json_extract(trace, '$.ratio_l1[3]') * (1 + 1e-12))")]
    worse = altered(finished, tmp_path / "worse.db", *less, *shifted)
    store = shutil.copy(finished, tmp_path / "runs.db")
    assert output("merge", store, worse, "--quiet") == {"added": 0, "present": STUDY_RUNS, "replaced": 0}
    assert results_of(store) == results_of(finished)
    assert output("merge", worse, store, "--quiet") == {"added": 0, "present": STUDY_RUNS, "replaced": 1}
    assert results_of(worse) == results_of(finished)
    for column, expression in (("result", "json_set(result, '$.cosine.l2', json_extract(result, '$.cosine.l2') - 1e-2)"),
                               ("result", "json_set(result, '$.ratio.l1', json_extract(result, '$.ratio.l1') * (1 + 1e-6))"),
                               ("result", "json_remove(result, '$.margin.l1')"), ("status", "'diverged'"),
                               ("trace", "json_set(trace, '$.cosine_linf[0]', 0.5)")):
        other = altered(finished, tmp_path / "other.db", *less, (column, expression))
        assert "another result" in run("merge", store, other, code=BAD_INPUT).stderr, expression
        assert results_of(store) == results_of(finished)


def check_whole_rows(store):
    with database_of(store) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        if database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'runs'").fetchone() == (1,):
            runs, hashes, traces = database.execute("SELECT count(*), count(DISTINCT hash), count(trace) FROM runs").fetchone()
            assert runs == hashes == traces


def check_kills(folder, kills, seed):
    """Kills the sweep at random instants and starts it again, until so many kills have struck it at work."""
    study = STUDY.replace("steps = 300", "steps = 20000").replace("to = 2 }", f"to = {kills - 1} }}")
    spec, generator, struck = write(folder, study), random.Random(seed), 0
    run("sweep", spec, "--store", folder / "whole.db", "--quiet")
    whole = rows(folder / "whole.db")
    while struck < kills:
        process = subprocess.Popen([BIASCOPE, "sweep", spec, "--store", folder / "killed.db", "--jobs", "2", "--quiet"])
        time.sleep(generator.uniform(0, 0.3))
        process.kill()
        ended = process.wait() == 0
        struck += not ended
        if (folder / "killed.db").exists():
            check_whole_rows(folder / "killed.db")
        if ended and struck < kills:
            assert rows(folder / "killed.db") == whole
            (folder / "killed.db").unlink()
    run("sweep", spec, "--store", folder / "killed.db", "--quiet")
    assert rows(folder / "killed.db") == whole


def test_a_killed_sweep_goes_on_and_loses_nothing(tmp_path):
    check_kills(tmp_path, 2, 1)


@pytest.mark.slow
def test_many_kills_lose_and_repeat_nothing(tmp_path):
    check_kills(tmp_path, int(os.environ.get("BIASCOPE_KILLS", "20")), 2)


@pytest.mark.plain_build
def test_a_killed_shard_goes_on_and_the_merged_rows_are_the_same(tmp_path):
    spec = write(tmp_path, STUDY.replace("steps = 300", "steps = 20000"))
    run("sweep", spec, "--store", tmp_path / "whole.db", "--quiet")
    stores = [tmp_path / "1.db", tmp_path / "2.db"]
    for number, store in enumerate(stores, 1):
        command = [BIASCOPE, "sweep", spec, "--store", store, "--shard", f"{number}/2", "--quiet"]
        process = subprocess.Popen(command)
        while process.poll() is None and not store.exists():
            time.sleep(0.01)
        time.sleep(0.1)
        process.kill()
        process.wait()
        subprocess.run(command, check=True)
    run("merge", tmp_path / "all.db", *stores)
    assert rows(tmp_path / "all.db") == rows(tmp_path / "whole.db")


# ---- What is shown while it runs -----------------------------------------------------------------------


def shown_on_terminal(columns, *arguments):
    """What the sweep writes to a terminal of so many columns."""
    try:
        terminal, end = pty.openpty()
    except OSError:
        pytest.skip("no pseudo-terminal to be had here")
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen([BIASCOPE, *map(str, arguments)], stderr=end, env={**os.environ, "TERM": "xterm"})
    os.close(end)
    text = b""
    with contextlib.suppress(OSError):  # the other side has closed
        while part := os.read(terminal, 65536):
            text += part
    os.close(terminal)
    assert process.wait() == 0
    return text.decode()


def test_a_terminal_shows_how_far_the_sweep_is(tmp_path):
    text = shown_on_terminal(60, "sweep", write(tmp_path, STUDY.replace("steps = 300", "steps = 50000")), "--store", tmp_path / "runs.db")
    bars = re.findall(r"\[(#*)(\.*)\] (\d+) of 108 runs, [0-9.]+ a second, (.*?) left", text)
    assert len(bars) > 2 and all(len(full + rest) == 30 for full, rest, _, _ in bars)
    done = [int(number) for _, _, number, _ in bars]
    assert done == sorted(done) and len({full for full, _, _, _ in bars}) > 2
    assert re.search(r"cosine with the predicted limit: best [0-9.]+ \(\w{8}\), worst [-0-9.]+ \(\w{8}\)", text)
    assert text.count("\33[?7l") == text.count("\33[?7h") == len(bars), "no line wraps, and afterwards lines wrap again"
    assert text.split("\33[2K")[-1].strip().startswith("108 of 108 runs are in "), "the bar is cleared away"


@pytest.mark.slow
def test_elsewhere_plain_lines_say_how_far_it_is(tmp_path):
    spec = write(tmp_path, STUDY.replace("steps = 300", "steps = 1000000000"))
    process = subprocess.Popen([BIASCOPE, "sweep", spec, "--store", tmp_path / "runs.db"], stderr=subprocess.PIPE, text=True)
    time.sleep(21)
    process.send_signal(signal.SIGINT)
    lines = process.communicate()[1].splitlines()
    assert lines[0] == lines[1] == "0 of 108 runs, 0.0 a second, unknown left" and not any("\33" in line for line in lines)


# ---- Interruptions and claims --------------------------------------------------------------------------


def test_an_interrupted_sweep_keeps_its_runs_and_says_so(tmp_path):
    spec = write(tmp_path, STUDY.replace("steps = 300", "steps = 1000000000"))
    process = subprocess.Popen([BIASCOPE, "sweep", spec, "--store", tmp_path / "runs.db"], stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "runs.db").exists():
        time.sleep(0.01)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == INTERRUPTED
    assert "goes on from here" in process.stderr.read()
    assert os.listdir(tmp_path).count("runs.db-wal") == 0, "the log is cleared away"
    assert output("runs", tmp_path / "runs.db") == []
    assert run("runs", tmp_path / "runs.db", "--csv").stdout.startswith("hash,status,data,")
    run("report", tmp_path / "runs.db", "--out", tmp_path / "report.html")
    assert "No finished run yet" in (tmp_path / "report.html").read_text()


def test_a_store_in_use_is_not_shared(tmp_path):
    spec = write(tmp_path, STUDY.replace("steps = 300", "steps = 1000000000"))
    process = subprocess.Popen([BIASCOPE, "sweep", spec, "--store", tmp_path / "runs.db", "--quiet"])
    try:
        # until it has its tables: before that it is empty
        while subprocess.run([BIASCOPE, "runs", tmp_path / "runs.db"], capture_output=True).returncode != 0:
            assert process.poll() is None
            time.sleep(0.01)
        assert "another sweep" in run("sweep", spec, "--store", tmp_path / "runs.db", code=BAD_INPUT).stderr
        assert output("runs", tmp_path / "runs.db") == [], "but it can be read"
    finally:
        process.kill()
        process.wait()


# ---- Files that are no stores --------------------------------------------------------------------------


def make_text(path):
    path.write_text("not a database, but long enough to look at\n" * 50)


def make_foreign(path):
    with database_of(path) as database:
        database.execute("CREATE TABLE runs (hash TEXT)")


def make_newer(path):
    with database_of(path) as database:
        database.execute("PRAGMA user_version = 99")


def make_damaged(path):
    content = bytearray(path.read_bytes())
    content[4096:] = bytes(255 - byte for byte in content[4096:])
    path.write_bytes(content)


def make_trigger(path):
    with database_of(path) as database:
        database.execute("CREATE TRIGGER t AFTER INSERT ON studies BEGIN DELETE FROM runs; END")


def change_schema(path, change):
    """Says something else of the table of runs than it was made with."""
    with database_of(path) as database:
        (sql,) = database.execute("SELECT sql FROM sqlite_master WHERE name = 'runs'").fetchone()
        (version,) = database.execute("PRAGMA schema_version").fetchone()
        database.execute("PRAGMA writable_schema = ON")
        database.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'runs'", (change(sql),))
        database.execute(f"PRAGMA schema_version = {version + 1}")
    return sql


def make_computed(path):
    change_schema(path, lambda sql: sql.replace("json_extract(spec, '$.lr')", "json_extract('{{\"a\":{\"\":\"<\"}}:1}', '$.lr')"))


@pytest.mark.parametrize("make, message", [
    (make_text, "is not a store"), (make_foreign, "of another program"), (make_newer, "newer biascope"),
    (make_damaged, "damaged"), (make_trigger, "not those of a store"), (make_computed, "not those of a store"),
    (lambda path: path.unlink() or path.mkdir(), ""), (lambda path: path.unlink(), "")])
def test_what_is_no_store_is_refused_and_left_as_it_is(finished, tmp_path, make, message):
    path = tmp_path / "runs.db"
    if make is not make_foreign:
        shutil.copy(finished, path)
    make(path)
    before = path.read_bytes() if path.is_file() else None
    commands = [("runs", path), ("report", path, "--out", tmp_path / "r.html"), ("merge", tmp_path / "all.db", path),
                ("plot", path, "--x", "lr", "--y", "cosine_l2", "--out", tmp_path / "p.svg")]
    if before is not None or path.is_dir():
        commands.append(("sweep", write(tmp_path, STUDY), "--store", path))
    for command in commands:
        result = run(*command, code=BAD_INPUT)
        assert str(path) in result.stderr and message in result.stderr, result.stderr
    assert (path.read_bytes() if path.is_file() else None) == before
    assert not (tmp_path / "r.html").exists() and not (tmp_path / "p.svg").exists()


@pytest.mark.parametrize("column", ["spec", "result", "certificate", "trace"])
@pytest.mark.parametrize("text", ['{{"data":{"":"<"}}:1}', "{", "", '{}\0{{"a":""}:1}', b'{"data":"\xff"}'])
def test_texts_that_are_no_json_are_refused_before_sqlite_sees_them(finished, tmp_path, column, text):
    """SQLite 3.40.1 crashes on the first one, in any program; so what computes columns is away while it is written."""
    path = shutil.copy(finished, tmp_path / "runs.db")
    made = change_schema(path, lambda sql: sql[:sql.index("trace TEXT")] + "trace TEXT)")
    with database_of(path) as database:
        database.execute(f"UPDATE runs SET {column} = CAST(? AS TEXT) WHERE id = 3", (text,))
    change_schema(path, lambda _: made)
    for command in (("runs", path), ("report", path, "--out", tmp_path / "r.html"), ("merge", tmp_path / "all.db", path),
                    ("plot", path, "--x", "lr", "--y", "cosine_l2", "--out", tmp_path / "p.svg")):
        message = run(*command, code=BAD_INPUT).stderr
        assert str(path) in message and f"a {column} that is no JSON" in message
    assert not (tmp_path / "r.html").exists() and not (tmp_path / "p.svg").exists()


def test_a_locked_store_is_named(finished, tmp_path):
    path = shutil.copy(finished, tmp_path / "runs.db")
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA locking_mode = EXCLUSIVE")
    database.execute("BEGIN EXCLUSIVE")
    assert "locked by another program" in run("sweep", write(tmp_path, STUDY), "--store", path, code=BAD_INPUT).stderr
    database.close()


# Root may write anything, so the program is run without root's capabilities.
UNPRIVILEGED = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"] if os.geteuid() == 0 else []


def test_a_store_that_cannot_be_written_can_be_read(finished, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    path = shutil.copy(finished, folder / "runs.db")
    os.chmod(path, 0o444)
    os.chmod(folder, 0o555)
    try:
        read = subprocess.run([*UNPRIVILEGED, BIASCOPE, "runs", path, "--json"], capture_output=True, text=True)
        assert read.returncode == 0 and len(json.loads(read.stdout)) == STUDY_RUNS, read.stderr
        swept = subprocess.run([*UNPRIVILEGED, BIASCOPE, "sweep", write(tmp_path, STUDY), "--store", path],
                               capture_output=True, text=True)
        assert swept.returncode == BAD_INPUT and "cannot be written" in swept.stderr
    finally:
        os.chmod(folder, 0o755)
