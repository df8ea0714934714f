"""`biascope bench` from outside: its figures are times, so only their shape is promised."""
import json
import os
import subprocess

BIASCOPE = os.environ["BIASCOPE"]


def test_every_step_is_held_against_its_floor():
    result = subprocess.run([BIASCOPE, "bench", "--json"], capture_output=True, text=True, check=True)
    tables = json.loads(result.stdout)
    rows = tables["steps"]
    assert [row["features"] for row in rows] == sorted({row["features"] for row in rows}) and len(rows) >= 5
    for row in rows:
        assert row["step_ns"] > 0 and abs(row["ratio"] - row["step_ns"] / row["floor_ns"]) < 1e-9
    assert len(tables["sparse_steps"]) >= 5 and all(row["step_ns"] > 0 for row in tables["sparse_steps"])
    for row in tables["lanes"]:
        assert row["runs"] == 64 and abs(row["ratio"] - row["alone_ns"] / row["together_ns"]) < 1e-9
    triad, dense, sparse = tables["bandwidth"]
    assert triad["ratio"] == 1 and sparse["nonzeros"] == 1500000
    for row, entry in ((dense, 8), (sparse, 24)):
        assert abs(row["gigabytes_per_second"] - entry * row["nonzeros"] / row["step_ns"]) < 1e-6


def test_the_table_has_a_line_for_every_size():
    result = subprocess.run([BIASCOPE, "bench"], capture_output=True, text=True, check=True)
    assert result.stderr == "" and len(result.stdout.splitlines()) >= 20
    assert subprocess.run([BIASCOPE, "bench", "extra"], capture_output=True, check=False).returncode == 1
