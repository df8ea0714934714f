#!/usr/bin/env python3
"""The tables of docs/forecast.md: `predict --steps` beside runs of PyTorch's AdamW at its defaults, in float64.

--reference biascope takes `train --torch` for PyTorch, which agrees with it to rounding (tests/cli/test_torch.py) and is much quicker; --random K
compares K random cases, over data, optimizers, batches, orders, schedules and losses, with `train`, and counts those within three estimates.
Needs NumPy, and PyTorch and scikit-learn but for --random;
--runs FOLDER keeps the runs, so that a second table takes none of their steps.
usage: study_run.py [--steps 2000,20000] [--data NAME,...] [--seeds 5] [--sonar FILE.npy] [--reference torch|biascope] [--random K] [--runs FOLDER]
                    BIASCOPE"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy as np


def digits(first, second, raw=False):
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    kept = (y == first) | (y == second)
    return np.c_[x[kept] if raw else x[kept] / 8 - 1, np.ones(kept.sum())] * np.where(y[kept] == second, 1.0, -1.0)[:, None]


def breast_cancer():
    from sklearn.datasets import load_breast_cancer

    x, y = load_breast_cancer(return_X_y=True)
    return np.c_[(x - x.mean(0)) / x.std(0), np.ones(len(x))] * np.where(y == 1, 1.0, -1.0)[:, None]


def gaussian():
    return np.random.default_rng(0).standard_normal((10, 50))


def torch_weights(x, batch, steps, seed):
    """The weights after each of `steps`; seed None: cyclic order, else a new permutation every epoch."""
    import torch

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


def kept_runs(folder, name, steps, take):
    """The weights that `take` finds after each of `steps`, or those kept in the folder by an earlier call."""
    path = os.path.join(folder, name.replace("/", "-").replace(" ", "-") + ".npz") if folder else None
    if path and os.path.exists(path):
        with np.load(path) as kept:
            if all(str(t) in kept for t in steps):
                return {t: kept[str(t)] for t in steps}
    found = take()
    if path:
        np.savez(path, **{str(t): w for t, w in found.items()})
    return found


ADAMW = ["--optimizer", "adamw", "--torch", "--schedule", "constant"]


def answer(program, *arguments):
    result = subprocess.run([program, *map(str, arguments), "--json"], capture_output=True, text=True)
    if result.returncode not in (0, 3):
        raise RuntimeError(f"{' '.join(map(str, arguments))}: {result.stderr}")
    return json.loads(result.stdout)


def trained(program, path, flags, steps, seed=None):
    found = answer(program, "train", path, *flags, "--steps", steps, "--references", "none", *([] if seed is None else ["--seed", seed]))
    return np.array(found["direction"]) * found["weight_norm"]


def angle(a, b):
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    return 2 * np.arctan2(np.linalg.norm(a - b), np.linalg.norm(a + b))


def random_case(random):
    """Data and flags."""
    n, d = int(random.integers(5, 60)), int(random.integers(2, 80))
    shift = random.standard_normal(d) * random.choice([0, 0.3, 1])
    x = (random.standard_normal((n, d)) + shift) * random.choice([0.5, 1, 2])
    optimizer = str(random.choice(["adam", "adamw", "rmsprop", "gd", "adagrad"]))
    flags = ["--optimizer", optimizer, "--batch-size", int(random.integers(1, n + 1)) if random.random() < 0.8 else "full",
             "--order", random.choice(["cyclic", "shuffle", "replacement"], p=[0.6, 0.25, 0.15]), "--loss", random.choice(["logistic", "exp"], p=[0.8, 0.2]),
             "--lr", 10 ** random.uniform(-4, -2) * (30 if optimizer in ("gd", "adagrad") else 1)]
    if optimizer in ("adam", "adamw"):
        flags += ["--beta1", random.choice([0, 0.9]), "--beta2", random.choice([0.95, 0.99, 0.999])]
        flags += ["--bias-correction"] if random.random() < 0.5 else []
    if optimizer != "gd":
        flags += ["--eps", 10 ** random.uniform(-10, -4)]
    schedule = str(random.choice(["constant", "inverse-power", "cosine", "linear"]))
    return x, flags + ["--schedule", schedule] + (["--lr-decay", 0.5] if schedule == "inverse-power" else [])


def judge_random(program, count, steps):
    """How the angles of random cases compare with their estimates."""
    ratios = []
    print("| case | T | angle | estimate | method |\n| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "data.npy")
        for seed in range(count):
            random = np.random.default_rng(seed)
            x, flags = random_case(random)
            np.save(path, x)
            t = int(random.choice(steps))
            try:
                found, run = answer(program, "predict", path, *flags, "--steps", t, "--references", "none"), trained(program, path, flags, t)
            except RuntimeError as error:
                print(f"| {seed} | {t} | - | - | {error} |".replace("\n", " "), flush=True)
                continue
            off, estimate = angle(np.array(found["direction"]), run), found["error_estimate"]
            print(f"| {seed}: {len(x)} x {x.shape[1]} {' '.join(map(str, flags))} | {t} | {off:.1e} | {estimate:.1e} | {found['method']} |", flush=True)
            if estimate > 0:
                ratios.append(off / estimate)
    ratios = np.array(ratios)
    print(f"\n{len(ratios)} predicted, {np.mean(ratios <= 3):.1%} within three estimates, {np.mean(ratios <= 1):.1%} within one; median {np.median(ratios):.2f}, "
          f"largest {ratios.max():.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("--steps", default="2000,20000,200000")
    parser.add_argument("--data", default="")
    parser.add_argument("--batches", default="1,36,full")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--reference", choices=["torch", "biascope"], default="torch")
    parser.add_argument("--orders", default="cyclic,shuffle")
    parser.add_argument("--random", type=int, default=0)
    parser.add_argument("--runs", help="a folder that keeps the runs")
    parser.add_argument("--only-runs", action="store_true", help="predict nothing")
    parser.add_argument("--sonar", help="a table of folded rows as .npy")
    arguments = parser.parse_args()
    if arguments.runs:
        os.makedirs(arguments.runs, exist_ok=True)
    steps = [int(float(part)) for part in arguments.steps.split(",")]
    if arguments.random:
        return judge_random(arguments.program, arguments.random, steps)
    data = {"digits 0/1": digits(0, 1), "digits 4/9": digits(4, 9), "breast cancer": breast_cancer(), "Gaussian 10 x 50": gaussian(),
            "raw digits 4/9": digits(4, 9, raw=True)}
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
                for order in arguments.orders.split(","):
                    if name.startswith("raw") and (batch, order) != ("1", "cyclic"):
                        continue
                    if order == "shuffle" and size == len(x):
                        continue
                    seeds = [None] if order == "cyclic" else range(1, 1 + arguments.seeds)
                    flags = [*ADAMW, "--batch-size", size, "--order", order]
                    take = {"torch": lambda seed: torch_weights(x, size, steps, seed),
                            "biascope": lambda seed: {t: trained(arguments.program, path, flags, t, seed) for t in steps}}[arguments.reference]
                    runs = [kept_runs(arguments.runs, f"{arguments.reference} {name} {batch} {order} {seed}", steps, lambda: take(seed)) for seed in seeds]
                    if arguments.only_runs:
                        continue
                    for t in steps:
                        found = answer(arguments.program, "predict", path, *flags, "--steps", t)
                        w = np.array(found["direction"])
                        off = np.median([angle(w, run[t]) for run in runs])
                        among = [angle(runs[i][t], runs[j][t]) for i in range(len(runs)) for j in range(i)]
                        length = found["weight_norm"] / np.median([np.linalg.norm(run[t]) for run in runs])
                        print(f"| {name} | {batch} | {order} | {t} | {off:.1e} | {1 - np.cos(off):.0e} | {length:.4f} | "
                              f"{found['error_estimate']:.1e} | {np.median(among) if among else 0:.1e} | {found['steps_taken']} |", flush=True)


if __name__ == "__main__":
    main()
