#!/usr/bin/python3
"""Predictions beside training on random data: how many are certified, and how far the runs end from them.

50 Gaussian data sets with no more samples than features and 50 of teacher data with twice as many samples; Adam over
beta1 in {0, .5, .9}, beta2 in {.5, .95, .999} with beta1 <= beta2, batch sizes 1, 2, N/2. Every combination is predicted
in the cyclic order; --random of them, drawn anew for each data set, also in the shuffled order and with replacement.
One prediction in each order is held against a run of --steps steps with eta_t = lr (t+2)^-0.25, lr small enough that
the buffers keep up. A run counts as settled where its cosines with the l2, linf and l1 max margins moved by less than
1e-3 over the last three quarters of its steps."""
import argparse
import csv
import itertools
import json
import os
import pathlib
import random
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIASCOPE = os.environ.get("BIASCOPE", str(ROOT / "build/release/biascope"))
BETAS = [(b1, b2) for b1 in (0.0, 0.5, 0.9) for b2 in (0.5, 0.95, 0.999) if b1 <= b2]
CERTIFIED, SETTLED, AGREES = 1e-12, 1e-3, 0.9999


def biascope(*arguments):
    result = subprocess.run([BIASCOPE, *map(str, arguments)], capture_output=True, text=True)
    return json.loads(result.stdout) if result.stdout.startswith("{") else None, result.returncode, result.stderr.strip()


def data_set(folder, index):
    draw = random.Random(index)
    path = os.path.join(folder, "data.csv")
    if index < 50:
        samples = draw.randint(4, 20)
        shape = ["gaussian", "--samples", samples, "--features", draw.randint(samples, 50)]
    else:
        features = draw.randint(4, 16)
        samples = 2 * features
        shape = ["teacher", "--samples", samples, "--features", features]
    assert biascope("generate", *shape, "--seed", index, "--out", path)[1] == 0
    return path, samples, draw


def keeps_up(rate, beta1, beta2):
    """The largest lr, up to 0.1, at which gradients fade slower than both averages forget after 10^4 steps."""
    forgotten = min(1 - beta1, (1 - beta2) / 2)
    return min(0.1, 0.5 * forgotten * 1e4 ** 0.25 / rate)


def simulate(folder, path, flags, lr, steps):
    trace = os.path.join(folder, "trace.csv")
    trained, code, message = biascope("train", path, *flags, "--lr", lr, "--lr-decay", 0.25, "--steps", steps,
                                      "--trace", trace, "--json", "--quiet")
    assert code == 0, message
    with open(trace, encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if float(row["step"]) >= steps / 4]
    moved = max(abs(float(rows[0][f"cos_{norm}"]) - trained["cosine"][norm]) for norm in ("l2", "linf", "l1"))
    return trained["cosine"].get("predicted"), moved


def study(index, folder, options, results):
    path, samples, draw = data_set(folder, index)
    combinations = list(itertools.product(BETAS, sorted({1, 2, samples // 2})))
    for order in ("cyclic", "shuffle", "replacement"):
        chosen = combinations if order == "cyclic" else draw.sample(combinations, min(options.random, len(combinations)))
        simulated = draw.randrange(len(chosen))
        for position, ((beta1, beta2), batch_size) in enumerate(chosen):
            flags = ["--beta1", beta1, "--beta2", beta2, "--batch-size", batch_size, "--order", order]
            found, code, message = biascope("predict", path, *flags, "--json")
            row = {"data": index, "many": index >= 50, "flags": " ".join(map(str, flags)), "order": order, "code": code,
                   "gap": found["gap"] if found else None, "message": message}
            if position == simulated and code == 0 and found["rate"] > 0:
                row["lr"] = keeps_up(found["rate"], beta1, beta2)
                row["cosine"], row["moved"] = simulate(folder, path, flags, row["lr"], options.steps)
            results.append(row)
            if code or row.get("cosine", 1) is None or row.get("cosine", 1) < AGREES:
                print(json.dumps(row), flush=True)


def summary(results):
    print("\n| data | order | predictions | certified | runs | settled | of these cosine >= 0.9999 | least |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for many, order in itertools.product((False, True), ("cyclic", "shuffle", "replacement")):
        rows = [row for row in results if row["many"] == many and row["order"] == order]
        if not rows:
            continue
        certified = sum(row["code"] == 0 and row["gap"] <= CERTIFIED for row in rows)
        runs = [row for row in rows if row.get("cosine") is not None]
        settled = [row for row in runs if row["moved"] < SETTLED]
        agree = sum(row["cosine"] >= AGREES for row in settled)
        least = min((row["cosine"] for row in settled), default=float("nan"))
        print(f"| {'N = 2d' if many else 'N <= d'} | {order} | {len(rows)} | {certified} ({certified / len(rows):.2%}) | "
              f"{len(runs)} | {len(settled)} | {agree} | {least:.8f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, nargs=2, default=(0, 100), metavar=("FIRST", "END"))
    parser.add_argument("--steps", type=int, default=20_000_000)
    parser.add_argument("--random", type=int, default=2, help="combinations a data set in each random order")
    parser.add_argument("--out", help="every row as JSON")
    options = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for index in range(*options.sets):
            study(index, folder, options, results)
    summary(results)
    if options.out:
        pathlib.Path(options.out).write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
