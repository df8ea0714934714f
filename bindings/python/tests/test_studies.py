"""Stores are those of the program, and a study written as a dict is the TOML file's."""
import os

import numpy as np
import pytest

import biascope

pandas = pytest.importorskip("pandas")
needs_program = pytest.mark.skipif("BIASCOPE" not in os.environ, reason="needs the program")


@needs_program
def test_a_sweep_is_run_and_read(tmp_path):
    X = np.random.default_rng(0).standard_normal((6, 20))
    np.save(tmp_path / "rows.npy", X)
    spec = {"steps": 500, "optimizer": ["adam", "signum"], "batch_size": [1, 3], "record": "log:5",
            "data": [{"file": str(tmp_path / "rows.npy")}]}
    store = biascope.sweep(spec, tmp_path / "runs.db", program=os.environ["BIASCOPE"])
    frame = store.frame()
    assert len(frame) == 4 and set(frame["optimizer"]) == {"adam", "signum"} and "4 runs" in repr(store)
    for _, row in frame.iterrows():
        run = biascope.train(X, optimizer=row["optimizer"], batch_size=row["batch_size"], steps=500)
        assert row["log_loss"] == pytest.approx(run.log_loss, rel=1e-12)
        assert len(store.trace(row["hash"])) > 3


@needs_program
def test_a_wrong_specification_is_the_programs_sentence(tmp_path):
    with pytest.raises(ValueError, match="optimizer"):
        biascope.sweep({"optimizer": "adan"}, tmp_path / "runs.db", program=os.environ["BIASCOPE"])


def test_what_is_no_store_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such store"):
        biascope.Store(tmp_path / "missing.db")
    (tmp_path / "text.db").write_text("no database " * 100)
    with pytest.raises(ValueError, match="no store"):
        biascope.Store(tmp_path / "text.db").frame()
    with pytest.raises(FileNotFoundError, match="was not found"):
        biascope.sweep({}, tmp_path / "runs.db", program="no-such-program")
