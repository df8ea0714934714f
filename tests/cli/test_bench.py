"""`biascope bench` from outside: its figures are times, so only their shape is promised."""
import json
import os
import subprocess

import pytest

BIASCOPE = os.environ["BIASCOPE"]


@pytest.mark.plain_build
def test_every_step_is_held_against_its_floor():
    result = subprocess.run([BIASCOPE, "bench", "--json"], capture_output=True, text=True, check=True)
    tables = json.loads(result.stdout)
    rows = tables["steps"]
    assert [row["features"] for row in rows] == sorted({row["features"] for row in rows}) and len(rows) >= 5
    for row in rows:
        assert row["step_ns"] > 0 and abs(row["ratio"] - row["step_ns"] / row["floor_ns"]) < 1e-9
        assert abs(row["plain_ratio"] - row["plain_ns"] / row["step_ns"]) < 1e-9
    assert len(tables["sparse_steps"]) >= 5 and all(row["step_ns"] > 0 for row in tables["sparse_steps"])
    for row in tables["lanes"]:
        assert row["runs"] == 64 and abs(row["ratio"] - row["alone_ns"] / row["together_ns"]) < 1e-9
    for triad, dense, sparse in (tables["bandwidth"][:3], tables["bandwidth"][3:]):
        assert triad["ratio"] == 1 and sparse["nonzeros"] == 1500000
        for row, entry in ((dense, 8), (sparse, 24)):
            assert abs(row["gigabytes_per_second"] - entry * row["nonzeros"] / row["step_ns"]) < 1e-6
            assert row["threads"] == triad["threads"]
    for row in tables["matrices"]:
        assert row["samples"] == 512 and all(value > 0 for value in row.values())


@pytest.mark.plain_build
def test_the_table_has_a_line_for_every_size():
    result = subprocess.run([BIASCOPE, "bench"], capture_output=True, text=True, check=True)
    assert result.stderr == "" and len(result.stdout.splitlines()) >= 20
    assert "vectors of" in result.stdout.splitlines()[0]
    assert subprocess.run([BIASCOPE, "bench", "extra"], capture_output=True, check=False).returncode == 1


def test_narrower_vectors_give_the_same_bits_and_other_names_are_refused():
    data = os.path.join(os.environ["BIASCOPE_TEST_DATA"], "gaussian-10x50.csv")
    command = [BIASCOPE, "train", data, "--optimizer", "adam", "--batch-size", "3", "--steps", "2000", "--references", "none", "--json"]

    def train(**environment):
        return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})

    widest, plainest = train(), train(BIASCOPE_VECTORS="baseline")
    assert widest.returncode == 0 and widest.stdout == plainest.stdout
    refused = train(BIASCOPE_VECTORS="avx3")
    assert refused.returncode == 1 and refused.stdout == ""
    assert "BIASCOPE_VECTORS is 'avx3'; expected baseline, avx2 or avx512" in refused.stderr
