"""`biascope reproduce`: the files it writes, what the CSV says, the claims, and what stops it."""
import csv
import json
import os
import shutil
import subprocess
import xml.etree.ElementTree

import pytest

BIASCOPE = os.environ["BIASCOPE"]
DATA = os.environ["BIASCOPE_TEST_DATA"]


def run(*arguments, **options):
    return subprocess.run([BIASCOPE, "reproduce", *map(str, arguments)], capture_output=True, text=True, **options)


def claims_of(*arguments):
    result = run(*arguments, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)["claims"]


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def fig2(tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures") / "made" / "anew"
    return folder, claims_of("fig2", "--out", folder)


def test_a_figure_is_svg_and_png_and_csv_and_script_and_summary(fig2):
    folder, _ = fig2
    assert sorted(path.name for path in folder.iterdir()) == ["fig2.csv", "fig2.gp", "fig2.png", "fig2.svg", "summary.md"]
    assert xml.etree.ElementTree.parse(folder / "fig2.svg").getroot().tag.endswith("svg")
    png = (folder / "fig2.png").read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n" and int.from_bytes(png[16:20], "big") >= 1200


def test_the_csv_is_tidy_and_ends_where_the_claims_say(fig2):
    folder, claims = fig2
    rows = rows_of(folder / "fig2.csv")
    assert {"curve", "label", "batch_size", "beta1", "beta2", "step", "source", "last", "cosine_l2", "cosine_linf"} <= set(rows[0])
    ends = [row for row in rows if row["source"] == "simulated" and row["last"] == "1"]
    assert len(ends) == 4
    assert min(float(row["cosine_l2"]) for row in ends if row["batch_size"] == "1") == pytest.approx(claims[0]["value"])
    for curve in {row["curve"] for row in rows}:
        steps = [int(row["step"]) for row in rows if row["curve"] == curve and row["source"] == "simulated"]
        assert steps == sorted(set(steps)) and len(steps) > 100


def test_the_rademacher_claims_hold(fig2):
    _, claims = fig2
    assert [claim["figure"] for claim in claims] == ["fig2"] * len(claims) and len(claims) >= 2
    assert all(claim["held"] for claim in claims)
    assert claims[0]["value"] >= 0.9999 and claims[1]["value"] >= 0.999


def test_the_summary_says_in_words_what_the_json_says(fig2):
    folder, claims = fig2
    rows = [row.split(" | ") for row in (folder / "summary.md").read_text().strip().splitlines()[2:]]
    assert [(row[0].strip("| "), row[1], row[4].strip(" |")) for row in rows] == \
        [(claim["figure"], claim["claim"], "held" if claim["held"] else "did not hold") for claim in claims]
    assert [float(row[3]) for row in rows] == pytest.approx([claim["value"] for claim in claims], abs=1e-6)


def test_the_script_draws_the_figure_again_from_its_csv(fig2, tmp_path):
    folder, _ = fig2
    for ending in ("csv", "gp"):
        shutil.copy(folder / f"fig2.{ending}", tmp_path)
    result = subprocess.run(["gnuplot", "fig2.gp"], cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 0 and result.stderr == ""
    assert (tmp_path / "fig2.png").read_bytes() == (folder / "fig2.png").read_bytes()


@pytest.mark.plain_build
def test_the_same_call_gives_the_same_numbers(fig2, tmp_path):
    folder, claims = fig2
    assert claims_of("fig2", "--out", tmp_path) == claims
    assert (tmp_path / "fig2.csv").read_bytes() == (folder / "fig2.csv").read_bytes()


def test_without_gnuplot_it_says_so_before_anything_runs(tmp_path):
    result = run("all", "--out", tmp_path / "out", env={**os.environ, "PATH": str(tmp_path)})
    assert result.returncode == 2 and "gnuplot-nox" in result.stderr and not (tmp_path / "out").exists()


def test_an_unknown_figure_is_a_usage_error_that_lists_them(tmp_path):
    result = run("fig10", "--out", tmp_path)
    assert result.returncode == 1 and "fig10" in result.stderr and "fig1" in result.stderr and "all" in result.stderr


def test_a_directory_that_cannot_be_made_is_bad_input(tmp_path):
    (tmp_path / "file").write_text("")
    for out in ("file", "file/below"):
        result = run("fig2", "--out", tmp_path / out)
        assert result.returncode == 2 and str(tmp_path / out) in result.stderr


def test_data_given_in_place_of_the_shipped_draw_is_checked(tmp_path):
    (tmp_path / "opposed.csv").write_text("1,1\n-1,-1\n")
    assert run("fig1", "--out", tmp_path, "--data", tmp_path / "opposed.csv").returncode == 3
    assert run("fig1", "--out", tmp_path, "--data", tmp_path / "absent.csv").returncode == 2


@pytest.mark.slow
def test_every_claim_holds(tmp_path):
    claims = claims_of("all", "--out", tmp_path)
    assert {claim["figure"] for claim in claims} == {f"fig{i}" for i in range(1, 10)}
    assert [claim for claim in claims if not claim["held"]] == []


@pytest.mark.slow
def test_noise_on_the_full_gradient(tmp_path):
    """fig7: monotone in the isotropic noise's scale from linf to l2; nothing is predicted, so nothing is drawn as such."""
    claims = claims_of("fig7", "--out", tmp_path)
    assert len(claims) == 3 and all(claim["held"] for claim in claims)
    rows = rows_of(tmp_path / "fig7.csv")
    assert {row["source"] for row in rows} == {"simulated"} and len({row["noise"] for row in rows}) == 10
    for label in ("Adam, isotropic noise", "SignGD, isotropic noise"):
        cosines = [float(row["cosine_linf"]) for row in sorted(rows, key=lambda row: float(row["noise"])) if row["label"] == label]
        assert len(cosines) == 10 and all(a > b - 0.01 for a, b in zip(cosines, cosines[1:]))
    assert "predicted" not in (tmp_path / "fig7.svg").read_text()
