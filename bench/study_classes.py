#!/usr/bin/python3
"""Compares predicted limits of several classes with training: random numbers of classes, features and samples, every
optimizer, batch sizes and memories; the training is done by a simulator that shares no code with the library
(simulate_classes.c).

A trial draws data and options, asks `biascope predict --confirm run`, and simulates. The weights' increments from T/4 to
T/2 and from T/2 to T are compared with each other (have they settled?) and the later one with the predicted direction.
A run counts as settled where the two have cosine 0.99999 or more and the least margin is at least 60; T is made four times
as long until it has, up to --effort multiplications. A table by optimizer tells how many predictions were confirmed, how
many of the settled were, and how many of the confirmed were wrong (cosine below 0.9999)."""
import argparse
import collections
import ctypes
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIASCOPE = os.environ.get("BIASCOPE", str(ROOT / "build/release/biascope"))
SETTLED, LEAST_MARGIN, WRONG = 0.99999, 60.0, 0.9999
PATIENCE = 120  # seconds for a prediction
FADING, MOST_FADING = 0.02, 0.06  # of what averages forget in a step, what gradients fade by: aimed at, let pass
RULES = {"ngd": 0, "signgd": 1, "signum": 1, "adam": 2, "rmsprop": 2, "lion": 3, "muon": 4, "spectral": 4,
         "shampoo left": 5, "shampoo both": 6}
MATRIX = ("muon", "spectral", "shampoo left", "shampoo both")
ORDERS = {"cyclic": 0, "shuffle": 1, "replacement": 2}


class Settings(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int64) for name in ("samples", "features", "classes", "batch", "steps")]
    _fields_ += [(name, ctypes.c_int32) for name in ("rule", "order", "nesterov")]
    _fields_ += [(name, ctypes.c_double) for name in ("beta1", "beta2", "lr", "decay")]
    _fields_ += [("seed", ctypes.c_uint64)]


def build_simulator(folder):
    path = os.path.join(folder, "simulate_classes.so")
    source = ROOT / "bench/simulate_classes.c"
    subprocess.run(["cc", "-O3", "-shared", "-fPIC", str(source), "-o", path, "-lm"], check=True)
    library = ctypes.CDLL(path)
    library.simulate_classes.argtypes = [ctypes.POINTER(Settings), ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int,
                                         ctypes.c_void_p, ctypes.c_void_p]
    return library


def simulate(library, x, y, options, lr, decay, at):
    """Weights after each number of steps."""
    x, y = numpy.ascontiguousarray(x, dtype=float), numpy.ascontiguousarray(y, dtype=numpy.int32)
    at, classes = numpy.array(at, dtype=numpy.int64), int(y.max()) + 1
    weights = numpy.zeros((len(at), classes, x.shape[1]))
    settings = Settings(samples=x.shape[0], features=x.shape[1], classes=classes, batch=options["batch"],
                        steps=int(at[-1]), rule=RULES[options["optimizer"]], order=ORDERS[options["order"]],
                        nesterov=int(options.get("nesterov", False)), beta1=options["beta1"], beta2=options["beta2"],
                        lr=lr, decay=decay, seed=options["seed"])
    if library.simulate_classes(ctypes.byref(settings), x.ctypes.data, y.ctypes.data, len(at), at.ctypes.data,
                                weights.ctypes.data) != 0:
        raise MemoryError
    return weights


def margin(x, y, w):
    scores = x @ w.T
    own = scores[numpy.arange(len(y)), y]
    scores[numpy.arange(len(y)), y] = -numpy.inf
    return float((own - scores.max(axis=1)).min())


def cosine(a, b):
    lengths = numpy.linalg.norm(a) * numpy.linalg.norm(b)
    return float((a * b).sum() / lengths) if lengths > 0 else 0.0


def forgotten(options):
    """What the slowest average forgets in a step, in units of the logarithm of a gradient."""
    slow = max(options["beta1"], options["beta2"]) if options["optimizer"] == "lion" else options["beta1"]
    second = (1 - options["beta2"]) / 2 if options["optimizer"] in ("adam", "rmsprop", "shampoo left", "shampoo both") else 1
    return min(1 - slow, second)


def step_size(library, x, y, options, steps, decay, goal):
    """The lr at which the least margin grows to about `goal` in those steps, and first steps stay small."""
    euclidean = options["optimizer"] in ("ngd", *MATRIX)
    longest = (numpy.linalg.norm(x, axis=1) * 2 ** 0.5 if euclidean else 2 * abs(x).sum(axis=1)).max()
    pilot = 20000
    first = 0.2 / longest * pilot ** (decay - 0.5)
    w = simulate(library, x, y, options, first, decay, [pilot // 2, pilot])
    total = first * (pilot ** (1 - decay) - (pilot / 2) ** (1 - decay)) / (1 - decay)
    rate = (margin(x, y, w[1]) - margin(x, y, w[0])) / total
    most = 0.5 / longest
    return min(most, goal / (rate * steps ** (1 - decay) / (1 - decay))) if rate > 0 else most


def judge(library, x, y, options, effort, decay=0.25):
    """What training does: the increments' direction, how far they have settled, the least margin."""
    entries = (int(y.max()) + 1) * x.shape[1]
    cost = 20 + entries * (options["batch"] * 2 + 20)
    if options["optimizer"] in MATRIX:
        cost += entries * 60 + (x.shape[1] ** 3 * 60 if options["optimizer"] == "shampoo both" else 0)
    fading = (1 - decay) / forgotten(options)
    steps = int(min(effort / cost, max(200000, 150 * fading / FADING)))
    goal = min(150.0, max(80.0, FADING * steps / fading))
    while True:
        lr = step_size(library, x, y, options, steps, decay, goal)
        w = simulate(library, x, y, options, lr, decay, [steps // 4, steps // 2, steps])
        settle, least = cosine(w[1] - w[0], w[2] - w[1]), margin(x, y, w[2])
        found = {"increment": w[2] - w[1], "settle": settle, "margin": least, "steps": steps, "lr": lr,
                 "settled": settle >= SETTLED and LEAST_MARGIN <= least <= MOST_FADING * steps / fading}
        steps, goal = steps * 4, goal * 2
        if found["settled"] or steps > effort / cost:
            return found


def teacher(k, d, n, draw, least=0.4):
    """Samples of k classes that a random matrix tells apart."""
    while True:
        w = draw.standard_normal((k, d))
        w /= numpy.linalg.norm(w, axis=1, keepdims=True)
        x = draw.standard_normal((200 * n, d))
        scores = x @ w.T
        ordered = numpy.sort(scores, axis=1)
        keep = numpy.flatnonzero(ordered[:, -1] - ordered[:, -2] > least)[:n]
        y = scores[keep].argmax(axis=1)
        if len(keep) == n and len(set(y)) == k:
            return x[keep], y


def options_for(draw, samples):
    optimizer = str(draw.choice(["adam", "adam", "adam", "rmsprop", "signum", "signgd", "lion", "ngd", "muon", "muon",
                                 "muon", "spectral", "shampoo left", "shampoo both"]))
    batch = int(draw.choice([1, 2, 4, 8, max(1, samples // 2), samples]))
    beta1, beta2 = float(draw.choice([0, 0.5, 0.9])), float(draw.choice([0.9, 0.95, 0.99]))
    if optimizer in ("signum", "lion"):
        beta1 = float(draw.choice([0.5, 0.9]))
    if optimizer in ("muon", "shampoo left", "shampoo both"):
        beta1 = float(draw.choice([0.5, 0.9, 0.95]))
    if optimizer in ("rmsprop", "signgd", "spectral"):
        beta1 = 0.0
    if optimizer not in ("adam", "rmsprop", "lion", "shampoo left", "shampoo both"):
        beta2 = 0.0
    return {"optimizer": optimizer, "batch": min(batch, samples), "order": "cyclic", "beta1": beta1, "beta2": beta2,
            "nesterov": optimizer == "muon" and bool(draw.random() < 0.3), "seed": int(draw.integers(1, 2**31))}


def flags(options):
    name = options["optimizer"]
    words = ["--optimizer", name.split()[0], "--order", options["order"], "--batch-size", options["batch"], "--seed",
             options["seed"]]
    if name not in ("rmsprop", "signgd", "spectral"):
        words += ["--beta1", options["beta1"]]
    if name in ("adam", "rmsprop", "lion", "shampoo left", "shampoo both"):
        words += ["--beta2", options["beta2"]]
    words += ["--sides", "left"] if name == "shampoo left" else []
    words += ["--nesterov"] if options["nesterov"] else []
    return [str(word) for word in words]


def write(path, x, y):
    with open(path, "w", encoding="utf-8") as out:
        for row, label in zip(x, y):
            print(*(repr(float(value)) for value in row), f"class {label}", sep=",", file=out)


def predict(path, words, confirm="run"):
    command = [BIASCOPE, "predict", path, "--label-column", "-1", *words, "--starts", "0", "--references", "none",
               "--json", "--quiet", "--confirm", confirm]
    start = time.perf_counter()
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return {}, 4, f"no answer within {PATIENCE} s", PATIENCE
    answer = json.loads(result.stdout) if result.stdout.startswith("{") else {}
    return answer, result.returncode, result.stderr.strip(), time.perf_counter() - start


def trial(library, folder, number, effort, only=None):
    """One random trial; everything about it follows from its number."""
    draw = numpy.random.default_rng(number)
    k, d, n = int(draw.integers(3, 7)), int(draw.integers(3, 13)), int(draw.integers(8, 41))
    x, y = teacher(k, d, max(n, 2 * k), draw)
    options = options_for(draw, len(y))
    if only and options["optimizer"].split()[0] not in only:
        return None
    path = os.path.join(folder, f"{number}.csv")
    write(path, x, y)
    answer, code, message, seconds = predict(path, flags(options))
    found = judge(library, x, y, options, effort)
    os.remove(path)
    direction = numpy.array(answer["direction"]) if answer.get("direction") else None
    return {"number": number, "shape": (k, d, len(y)), "flags": " ".join(flags(options)),
            "optimizer": options["optimizer"], "code": code, "message": message, "seconds": round(seconds, 2),
            **{key: answer.get(key) for key in ("gap", "rate", "confirmed", "kind", "confirmed_by", "method")},
            **{key: found[key] for key in ("settled", "settle", "margin", "steps")},
            "cosine": cosine(direction, found["increment"]) if direction is not None else None}


def table(rows):
    print("\n| optimizer | trials | settled | confirmed | confirmed of the settled | wrong of these | least cosine |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    groups = collections.defaultdict(list)
    for row in rows:
        groups[row["optimizer"]].append(row)
    for name, members in [*sorted(groups.items()), ("all", rows)]:
        settled = [row for row in members if row["settled"]]
        confirmed = [row for row in settled if row["confirmed"]]
        wrong = [row for row in confirmed if row["cosine"] is None or row["cosine"] < WRONG]
        least = min((row["cosine"] for row in confirmed if row["cosine"] is not None), default=float("nan"))
        print(f"| {name} | {len(members)} | {len(settled)} | {sum(bool(row['confirmed']) for row in members)} |"
              f" {len(confirmed)} | {len(wrong)} | {least:.7f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, nargs=2, default=(0, 60), metavar=("FIRST", "END"))
    parser.add_argument("--only", nargs="*", help="of these optimizers alone")
    parser.add_argument("--effort", type=float, default=1e9, help="multiplications a simulation may take")
    parser.add_argument("--out", help="every trial as a line of JSON")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder, open(options.out or os.devnull, "w", encoding="utf-8") as out:
        library = build_simulator(folder)
        for number in range(*options.trials):
            row = trial(library, folder, number, options.effort, options.only)
            if row is None:
                continue
            rows.append(row)
            print(json.dumps(row), file=out, flush=True)
            if row["settled"] and (not row["confirmed"] or (row["cosine"] or 0) < WRONG):
                print(json.dumps(row), file=sys.stderr, flush=True)
    table(rows)


if __name__ == "__main__":
    main()
