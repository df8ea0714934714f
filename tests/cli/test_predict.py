"""`biascope predict` from outside."""
import json
import os
import subprocess

import numpy as np
import pytest

BIASCOPE = os.environ["BIASCOPE"]
DATA = os.environ["BIASCOPE_TEST_DATA"]
GAUSSIAN = os.path.join(DATA, "gaussian-10x50.csv")

with open(os.path.join(DATA, "gaussian-10x50.reference.json")) as file:
    REFERENCE = json.load(file)


def run(*arguments):
    return subprocess.run([BIASCOPE, "predict", *map(str, arguments)], capture_output=True, text=True)


def predict(*arguments):
    result = run(*arguments, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize("row", REFERENCE["predict"], ids=lambda row: "{beta1}-{beta2}-{batch_size}".format(**row))
def test_reference_rows(row):
    found = predict(GAUSSIAN, "--beta1", row["beta1"], "--beta2", row["beta2"], "--batch-size", row["batch_size"],
                    "--order", row["order"])
    assert found["gap"] <= 1e-12
    for norm in ("l2", "linf", "proxy"):
        assert abs(found["cosine"][norm] - row["cos_" + norm]) <= 1e-6
    assert found["support"] == list(range(10))
    assert abs(np.linalg.norm(found["direction"]) - 1) <= 1e-12


def test_the_answer_certifies_itself():
    x = np.loadtxt(GAUSSIAN, delimiter=",")
    found = predict(GAUSSIAN, "--beta1", 0.9, "--beta2", 0.95, "--batch-size", 1)
    c, margins = np.array(found["dual"]), x @ np.array(found["direction"])
    assert abs(c.sum() - 1) <= 1e-12 and (c >= 0).all()
    assert (c @ margins - margins.min()) / (c @ margins) <= 1e-12


def test_special_cases_name_their_norm():
    proxy = predict(GAUSSIAN, "--optimizer", "adamproxy")
    assert abs(proxy["cosine"]["l2"] - REFERENCE["cos_proxy_l2"]) <= 1e-9
    assert abs(proxy["cosine"]["linf"] - REFERENCE["cos_proxy_linf"]) <= 1e-9
    assert predict(GAUSSIAN, "--optimizer", "adam")["cosine"]["linf"] >= 1 - 1e-12
    assert predict(GAUSSIAN, "--optimizer", "gd", "--batch-size", 3)["cosine"]["l2"] >= 1 - 1e-12


def test_data_without_a_separating_direction_exit_3(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("1,2\n-1,-2\n")
    for optimizer, batch_size in (("gd", 1), ("adam", 1), ("adamproxy", "full")):
        result = run(path, "--optimizer", optimizer, "--batch-size", batch_size, "--json")
        assert result.returncode == 3, (optimizer, result.stdout, result.stderr)


def test_a_batch_larger_than_the_data_is_refused():
    result = run(GAUSSIAN, "--batch-size", 11)
    assert result.returncode == 1 and "11" in result.stderr and "1 to 10, the number of samples" in result.stderr


def test_support_in_one_batch_gives_the_linf_margin():
    """Iris has its linf support among the first hundred samples: the other batch's gradients vanish beside theirs."""
    iris = os.path.join(os.environ["BIASCOPE_TEST_DATA"], "real", "iris.csv")
    flags = ["--optimizer", "adam", "--batch-size", 100, "--lr-decay", 0.25]
    predicted = json.loads(run(iris, *flags, "--json").stdout)
    assert "in one batch" in predicted["method"] and predicted["cosine"]["linf"] == pytest.approx(1, abs=1e-12)
    trained = train(iris, *flags, "--steps", 3000000)
    assert trained["cosine"]["predicted"] > 0.9999
    assert abs(trained["margin"]["linf"] - predicted["rate"]) < 0.5
