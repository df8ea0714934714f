#!/usr/bin/python3
"""Writes the real data sets of the tests and examples from the files that Debian's python3-sklearn ships.

Usage: prepare_real_data.py [FOLDER]        (default: tests/data/real beside this script's folder)

Each becomes a CSV file without a header: one sample a row, the label folded in (x_i := y_i x_i), the last column the
intercept's (1, so y_i after folding), for biascope's hyperplanes pass through the origin.
  breast-cancer.csv  Wisconsin diagnostic breast cancer, 569 x 31: benign (+1) or malignant (-1), standardised
  iris.csv           Fisher's iris, 150 x 5: setosa (+1) or not (-1), standardised
  digits-3-8.csv     8 x 8 images of handwritten digits, 357 x 65: 8 (+1) or 3 (-1), pixels from 0 to 1
The script checks with an LP that each is linearly separable, and fails where one is not. Breast cancer is so only with
the intercept. Sums are exact (math.fsum) and values are written with 12 significant digits, so that the files are the
same on every machine.
"""
import math
import pathlib
import sys

import numpy as np
from scipy.optimize import linprog
from sklearn.datasets import load_breast_cancer, load_digits, load_iris


def standardise(column):
    mean = math.fsum(column) / len(column)
    deviation = math.sqrt(math.fsum((x - mean) ** 2 for x in column) / len(column))
    return [(x - mean) / deviation for x in column]


def fold(features, labels):
    with_intercept = np.column_stack([features, np.ones(len(labels))])
    return with_intercept * labels[:, None] + 0.0  # + 0.0: no negative zeros


def breast_cancer():
    data = load_breast_cancer()
    features = np.column_stack([standardise(column) for column in data.data.T.tolist()])
    return fold(features, np.where(data.target_names[data.target] == "benign", 1.0, -1.0))


def iris():
    data = load_iris()
    features = np.column_stack([standardise(column) for column in data.data.T.tolist()])
    return fold(features, np.where(data.target_names[data.target] == "setosa", 1.0, -1.0))


def digits_3_8():
    data = load_digits()
    chosen = (data.target == 3) | (data.target == 8)
    return fold(data.data[chosen] / 16.0, np.where(data.target[chosen] == 8, 1.0, -1.0))


def linf_margin(x):
    """max_w min_i x_i.w subject to |w_k| <= 1: positive exactly where x is separable."""
    samples, features = x.shape
    result = linprog(np.append(np.zeros(features), -1.0), A_ub=np.column_stack([-x, np.ones(samples)]),
                     b_ub=np.zeros(samples), bounds=[(-1.0, 1.0)] * features + [(None, None)], method="highs")
    if result.status != 0:
        raise SystemExit(f"the LP of the margin failed: {result.message}")
    return (x @ result.x[:-1]).min()


def main():
    default = pathlib.Path(__file__).resolve().parent.parent / "tests" / "data" / "real"
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in (("breast-cancer", breast_cancer), ("iris", iris), ("digits-3-8", digits_3_8)):
        path = folder / f"{name}.csv"
        np.savetxt(path, make(), fmt="%.12g", delimiter=",")
        x = np.loadtxt(path, delimiter=",")
        margin = linf_margin(x)
        if not margin > 1e-6:
            raise SystemExit(f"{path} is not linearly separable")
        print(f"{path}: {x.shape[0]} samples of {x.shape[1]} features, linearly separable (linf margin {margin:.3g})")


if __name__ == "__main__":
    main()
