#!/usr/bin/env python3
"""The table of docs/forecast.md: `predict --steps` beside runs of PyTorch's AdamW at its defaults, in float64.

Needs PyTorch, NumPy and scikit-learn; usage: study_run.py [--steps 2000,20000] [--data NAME,...] [--seeds 5] [--sonar FILE.npy] BIASCOPE"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import torch
from sklearn.datasets import load_breast_cancer, load_digits


def digits(first, second):
    x, y = load_digits(return_X_y=True)
    kept = (y == first) | (y == second)
    return np.c_[x[kept] / 8 - 1, np.ones(kept.sum())] * np.where(y[kept] == second, 1.0, -1.0)[:, None]


def breast_cancer():
    x, y = load_breast_cancer(return_X_y=True)
    return np.c_[(x - x.mean(0)) / x.std(0), np.ones(len(x))] * np.where(y == 1, 1.0, -1.0)[:, None]


def gaussian():
    return np.random.default_rng(0).standard_normal((10, 50))


def torch_weights(x, batch, steps, seed):
    """The weights after each of `steps`; seed None: cyclic order, else a new permutation every epoch."""
    torch.set_num_threads(1)
    data, random = torch.tensor(x), np.random.default_rng(seed)
    w = torch.zeros(x.shape[1], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.AdamW([w])
    found, taken, order = {}, 0, data
    while taken < max(steps):
        if seed is not None:
            order = data[random.permutation(len(x))]
        for rows in order.split(batch):
            z = rows @ w.detach()
            w.grad = -(torch.sigmoid(-z) @ rows) / len(rows)  # of mean(softplus(-z)), without autograd's cost
            optimizer.step()
            taken += 1
            if taken in steps:
                found[taken] = w.detach().numpy().copy()
            if taken == max(steps):
                break
    return found


def predicted(program, path, batch, order, steps):
    command = [program, "predict", path, "--optimizer", "adamw", "--torch", "--schedule", "constant", "--batch-size", batch, "--order", order,
               "--steps", steps, "--json"]
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if result.returncode not in (0, 3):
        sys.exit(f"{' '.join(map(str, command))}: {result.stderr}")
    return json.loads(result.stdout)


def angle(a, b):
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    return 2 * np.arctan2(np.linalg.norm(a - b), np.linalg.norm(a + b))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("--steps", default="2000,20000,200000")
    parser.add_argument("--data", default="")
    parser.add_argument("--batches", default="1,36,full")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--sonar", help="a table of folded rows as .npy")
    arguments = parser.parse_args()
    steps = [int(float(part)) for part in arguments.steps.split(",")]
    data = {"digits 0/1": digits(0, 1), "digits 4/9": digits(4, 9), "breast cancer": breast_cancer(), "Gaussian 10 x 50": gaussian()}
    if arguments.sonar:
        data["sonar"] = np.load(arguments.sonar)
    print("| data | batch | order | T | angle | 1 - cos | length, ratio | estimate | among runs | steps taken |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for name, x in data.items():
            if arguments.data and name not in arguments.data.split(","):
                continue
            path = os.path.join(folder, "data.npy")
            np.save(path, x)
            for batch in arguments.batches.split(","):
                size = len(x) if batch == "full" else min(int(batch), len(x))
                for order in ("cyclic", "shuffle"):
                    if order == "shuffle" and size == len(x):
                        continue
                    seeds = [None] if order == "cyclic" else range(1, 1 + arguments.seeds)
                    runs = [torch_weights(x, size, steps, seed) for seed in seeds]
                    for t in steps:
                        found = predicted(arguments.program, path, size, order, t)
                        w = np.array(found["direction"])
                        off = np.median([angle(w, run[t]) for run in runs])
                        among = [angle(runs[i][t], runs[j][t]) for i in range(len(runs)) for j in range(i)]
                        length = found["weight_norm"] / np.median([np.linalg.norm(run[t]) for run in runs])
                        print(f"| {name} | {batch} | {order} | {t} | {off:.1e} | {1 - np.cos(off):.0e} | {length:.4f} | "
                              f"{found['error_estimate']:.1e} | {np.median(among) if among else 0:.1e} | {found['steps_taken']} |", flush=True)


if __name__ == "__main__":
    main()
