#!/usr/bin/python3
"""Compares predictions with training: random data of nine kinds, every optimizer, batch size, order and memory; the
training is done by a simulator that shares no code with the library (simulate.c).

A trial draws data and options, asks `biascope predict`, and simulates. The weights' increments from T/4 to T/2 and from
T/2 to T are compared with each other (have they settled?) and the later one with the predicted direction. A run counts
as settled where the two have cosine 0.9999 or more and the least margin is at least 60; T is made four times as long
until it has, up to --effort multiplications. Limits are those of vanishing steps, so that gradients must fade by no
more than a few hundredths of what averages forget. adamw's weights are compared in the place of increments, and have no
margin to reach. gd and adagrad are left out: their margins grow like log t, and no run comes to 60.

A table by kind of data, and one by optimizer, tell how many of the settled predictions were confirmed with a gap of at
most 1e-9 (answers that are no equilibrium have none), and how many of all confirmed were wrong (cosine below 0.999)."""
import argparse
import collections
import ctypes
import json
import os
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile

import numpy

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIASCOPE = os.environ.get("BIASCOPE", str(ROOT / "build/release/biascope"))
SETTLED, LEAST_MARGIN, WRONG, GAP = 0.9999, 60.0, 0.999, 1e-9
PATIENCE = 20  # seconds of processor time for a prediction
FADING, MOST_FADING = 0.02, 0.06  # of what averages forget in a step, what gradients fade by: aimed at, let pass
RULES = {"ngd": 0, "signgd": 1, "signum": 1, "adam": 2, "adamw": 2, "rmsprop": 2, "adamproxy": 3, "lion": 4, "nadam": 5}
ORDERS = {"cyclic": 0, "shuffle": 1, "replacement": 2}


class Settings(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int64) for name in ("samples", "features", "batch", "steps")]
    _fields_ += [(name, ctypes.c_int32) for name in ("rule", "order", "logistic")]
    _fields_ += [(name, ctypes.c_double) for name in ("beta1", "beta2", "lr", "decay", "weight_decay")]
    _fields_ += [("seed", ctypes.c_uint64)]


def build_simulator(folder):
    path = os.path.join(folder, "simulate.so")
    subprocess.run(["cc", "-O3", "-shared", "-fPIC", str(ROOT / "bench/simulate.c"), "-o", path, "-lm"], check=True)
    library = ctypes.CDLL(path)
    library.simulate.argtypes = [ctypes.POINTER(Settings), ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p,
                                 ctypes.c_void_p]
    return library


def simulate(library, x, options, lr, decay, at):
    """Weights after each number of steps, as far as they stay finite."""
    x, at = numpy.ascontiguousarray(x, dtype=float), numpy.array(at, dtype=numpy.int64)
    weights = numpy.zeros((len(at), x.shape[1]))
    settings = Settings(samples=x.shape[0], features=x.shape[1], batch=options["batch"], steps=int(at[-1]),
                        rule=RULES[options["optimizer"]], order=ORDERS[options["order"]], logistic=1,
                        beta1=options["beta1"], beta2=options["beta2"], lr=lr, decay=decay,
                        weight_decay=options.get("weight_decay", 0.0), seed=options["seed"])
    reached = library.simulate(ctypes.byref(settings), x.ctypes.data, len(at), at.ctypes.data, weights.ctypes.data)
    if reached < 0:
        raise MemoryError
    return weights[:reached]


def cosine(a, b):
    lengths = numpy.linalg.norm(a) * numpy.linalg.norm(b)
    return float(a @ b / lengths) if lengths > 0 else 0.0


def step_size(library, x, options, steps, decay, margin):
    """The lr at which the least margin grows to about `margin` in those steps, and first steps stay small."""
    longest = (numpy.linalg.norm(x, axis=1) if options["optimizer"] == "ngd" else abs(x).sum(axis=1)).max()
    pilot = 20000
    first = 0.2 / longest * pilot ** (decay - 0.5)
    w = simulate(library, x, options, first, decay, [pilot // 2, pilot])
    most = 0.5 / longest
    if len(w) < 2:
        return most
    total = first * (pilot ** (1 - decay) - (pilot / 2) ** (1 - decay)) / (1 - decay)
    rate = ((x @ w[1]).min() - (x @ w[0]).min()) / total
    if rate <= 0:
        return most
    return min(most, margin / (rate * steps ** (1 - decay) / (1 - decay)))


def forgotten(options):
    """What the slowest average forgets in a step, in units of the logarithm of a gradient."""
    second = 0.5 if options["optimizer"] in ("adam", "adamw", "rmsprop", "nadam") else 1.0
    return min(1 - options["beta1"], second * (1 - options["beta2"]))


def run_away(steps, lr):
    return {"runaway": True, "settled": False, "settle": 0.0, "margin": None, "steps": steps, "lr": lr}


def judge(library, x, options, effort=3e8, decay=0.25, beside=None):
    """What training does: the increments' direction, how far they have settled, the least margin. A run that settles
    elsewhere than `beside` must stay there with ever smaller steps to ever greater margins, up to 200 times the effort:
    of several equilibria, large steps may choose another than small ones do, and some places are left late."""
    if options.get("weight_decay"):
        return judge_rest(library, x, options, effort, decay)
    cost = 20 + options["batch"] * x.shape[1] * 1.5 + 5 * x.shape[1]
    if options["optimizer"] == "adamproxy":
        cost += x.size * 2
    most = effort / cost
    # a margin of m after T steps fades by m (1 - decay) / T a step at the end
    fading = (1 - decay) / forgotten(options)
    steps = int(min(most, max(200000, 150 * fading / FADING)))
    goal, smaller, elsewhere = min(150.0, max(80.0, FADING * steps / fading)), None, None
    while True:
        lr = smaller or step_size(library, x, options, steps, decay, goal)
        w = simulate(library, x, options, lr, decay, [steps // 4, steps // 2, steps])
        if len(w) < 3:
            return run_away(steps, lr)
        settle, margin = cosine(w[1] - w[0], w[2] - w[1]), float((x @ w[2]).min())
        found = {"runaway": False, "increment": w[2] - w[1], "settle": settle, "margin": margin, "steps": steps,
                 "lr": lr, "settled": settle >= SETTLED and LEAST_MARGIN <= margin <= MOST_FADING * steps / fading}
        agrees = beside is None or cosine(beside, found["increment"]) >= WRONG
        aside = found["settled"] and not agrees
        elsewhere, smaller = (found, lr / 4) if aside else (elsewhere, smaller)
        steps, goal = steps * (16 if aside else 4), goal * 2
        if (found["settled"] and agrees) or steps > (200 * most if elsewhere else most):
            return found if found["settled"] else elsewhere or found


def judge_rest(library, x, options, effort, decay):
    """Where weight decay holds the weights, in the place of an increment."""
    steps = int(min(800000, effort / (20 + (options["batch"] * 1.5 + 5) * x.shape[1])))
    # the start fades by e^-40, where steps may be so large
    lr = min(0.1 / abs(x).sum(axis=1).max(), 40 / options["weight_decay"] * (1 - decay) / steps ** (1 - decay))
    w = simulate(library, x, options, lr, decay, [steps // 2, steps])
    if len(w) < 2:
        return run_away(steps, lr)
    settle = cosine(w[0], w[1])
    return {"runaway": False, "increment": w[1], "settle": settle, "margin": None, "steps": steps, "lr": lr,
            "settled": settle >= SETTLED}


def runs_away(library, x, options):
    """At the step sizes that a prediction takes where none are asked for."""
    return len(simulate(library, x, options, 0.1, 0.5, [200000])) == 0


# ---- Random data, labels folded in -----------------------------------------------------------------------------

def fold(draw, x):
    """Rows turned to the same side of a plane, those next to it left out."""
    for _ in range(20):
        z = x @ draw.normal(size=x.shape[1])
        keep = abs(z) > 0.1 * numpy.median(abs(z)) if numpy.median(abs(z)) > 0 else z != 0
        if keep.sum() >= 2:
            return x[keep] * numpy.sign(z[keep])[:, None]
    return numpy.eye(2, x.shape[1])


def shape(draw):
    samples = int(draw.integers(3, 31))
    features = int(draw.integers(2, 31))
    return samples, features


def dense(draw):
    return fold(draw, draw.normal(size=shape(draw)))


def sparse(draw):
    n, d = shape(draw)
    return fold(draw, draw.normal(size=(n, d)) * (draw.random((n, d)) < draw.choice([0.2, 0.4])))


def integers(draw):
    return fold(draw, draw.integers(-2, 3, size=shape(draw)).astype(float))


def one_hot(draw):
    n, d = shape(draw)
    groups = max(2, d // 4)
    blocks = [numpy.eye(4)[draw.integers(0, 4, size=n)] for _ in range(groups)]
    return fold(draw, numpy.hstack([*blocks, numpy.ones((n, 1))]))


def chains(draw):
    n = int(draw.integers(3, 21))
    x = numpy.diag(draw.uniform(0.5, 2.0, size=n))
    x[numpy.arange(n - 1), numpy.arange(1, n)] = -draw.uniform(0.1, 0.9, size=n - 1) * draw.choice([1, -1])
    return x[draw.permutation(n)]


def duplicated(draw):
    x = dense(draw)
    return x[draw.integers(0, len(x), size=len(x) + int(draw.integers(1, 8)))]


def scaled_rows(draw):
    x = dense(draw)
    return x * 10 ** draw.uniform(-1, 1, size=(len(x), 1))


def low_rank(draw):
    n, d = shape(draw)
    rank = int(draw.integers(2, 5))
    return fold(draw, draw.normal(size=(n, rank)) @ draw.normal(size=(rank, d)) + 0.1 * draw.normal(size=(n, d)))


def nearly_collinear(draw):
    n, d = shape(draw)
    x = numpy.abs(draw.normal(size=(n, 1))) * draw.normal(size=d) + 0.05 * draw.normal(size=(n, d))
    return fold(draw, x)


KINDS = {"dense": dense, "sparse": sparse, "integers": integers, "one-hot": one_hot, "chains": chains,
         "duplicated rows": duplicated, "scaled rows": scaled_rows, "low rank": low_rank,
         "nearly collinear": nearly_collinear}


def drop_zero_rows(x):
    return x[abs(x).sum(axis=1) > 0]


def options_for(draw, samples):
    optimizer = str(draw.choice(["adam", "adam", "adam", "rmsprop", "signum", "signum", "signgd", "ngd", "adamproxy"]))
    batch = int(draw.choice([1, 1, 2, 3, max(1, samples // 2), samples]))
    order = str(draw.choice(["cyclic", "cyclic", "shuffle", "replacement"]))
    beta1, beta2 = float(draw.choice([0, 0.5, 0.9, 0.95])), float(draw.choice([0.5, 0.9, 0.95, 0.99, 0.999]))
    if optimizer == "signum":
        beta1 = float(draw.choice([0.5, 0.9, 0.99]))
    if optimizer in ("rmsprop", "signgd", "adamproxy"):
        beta1 = 0.0
    if optimizer in ("ngd", "signgd", "signum", "adamproxy"):
        beta2 = 0.0
    if optimizer == "adamproxy":
        batch, order = samples, "cyclic"
    if batch >= samples:
        batch, order = samples, "cyclic"
    options = {"optimizer": optimizer, "batch": batch, "order": order, "beta1": beta1, "beta2": beta2,
               "seed": int(draw.integers(1, 2**31))}
    # some cases of adam and signum become related rules
    if optimizer in ("adam", "signum") and draw.random() < 0.3:
        options["optimizer"] = "lion" if optimizer == "signum" else str(draw.choice(["nadam", "adamw"]))
    if options["optimizer"] == "lion":
        options["beta2"] = float(draw.choice([0.5, 0.9, 0.99]))
    if options["optimizer"] == "adamw":
        options["weight_decay"] = float(draw.choice([0.1, 0.3, 1.0]))
    return options


def flags(options):
    optimizer = options["optimizer"]
    words = ["--optimizer", optimizer, "--order", options["order"], "--seed", options["seed"]]
    if optimizer != "adamproxy":
        words += ["--batch-size", options["batch"]]
    if optimizer in ("adam", "adamw", "nadam", "lion", "signum", "ngd"):
        words += ["--beta1", options["beta1"]]
    if optimizer in ("adam", "adamw", "nadam", "lion", "rmsprop"):
        words += ["--beta2", options["beta2"]]
    if optimizer == "adamw":
        words += ["--weight-decay", options["weight_decay"]]
    return [str(word) for word in words]


def limit_processor_time():
    resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE + 5))


def predict(path, words, confirm):
    """The answer, the exit code, the message, and seconds of processor time: what else the machine does is no matter."""
    extra = ["--confirm", confirm] if confirm else []
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    result = subprocess.run([BIASCOPE, "predict", path, *words, "--starts", "0", "--json", *extra], capture_output=True,
                            text=True, preexec_fn=limit_processor_time)
    seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    if result.returncode == -signal.SIGXCPU:
        return {}, 4, f"no answer within {PATIENCE} s", seconds
    if result.returncode < 0:
        raise RuntimeError(f"predict {path} {' '.join(words)} died of signal {-result.returncode}: {result.stderr}")
    answer = json.loads(result.stdout) if result.stdout.startswith("{") else {}
    return answer, result.returncode, result.stderr.strip(), seconds


def trial(library, folder, number, confirm, effort):
    """One random trial; everything about it follows from its number."""
    draw = numpy.random.default_rng(number)
    kind = list(KINDS)[number % len(KINDS)]
    x = drop_zero_rows(KINDS[kind](draw))
    options = options_for(draw, len(x))
    path = os.path.join(folder, f"{number}.csv")
    numpy.savetxt(path, x, delimiter=",", fmt="%.17g")
    answer, code, message, seconds = predict(path, flags(options), confirm)
    claimed = numpy.array(answer["direction"]) if answer.get("confirmed") and answer.get("direction") else None
    found = judge(library, x, options, effort, beside=claimed)
    row = {"number": number, "kind": kind, "shape": x.shape, "flags": " ".join(flags(options)), "code": code,
           "message": message, "seconds": round(seconds, 3), "gap": answer.get("gap"), "rate": answer.get("rate"),
           "confirmed": answer.get("confirmed"), "answer": answer.get("kind"), "by": answer.get("confirmed_by"),
           "method": answer.get("method"),
           **{key: found[key] for key in ("runaway", "settled", "settle", "margin", "steps", "lr")}}
    row["cosine"] = (cosine(numpy.array(answer["direction"]), found["increment"])
                     if answer.get("direction") and "increment" in found else None)
    if row["answer"] == "runaway":
        row["settled"], row["right"] = False, runs_away(library, x, options)
    if confirm is None:  # by the gap, where nothing else is asked for
        row["confirmed"] = code == 0
    os.remove(path)
    return row


def tally(rows):
    settled = [row for row in rows if row["settled"]]
    confirmed = [row for row in settled if row["confirmed"]]
    certified = [row for row in confirmed if row["gap"] is None or row["gap"] <= GAP]
    wrong = [row for row in confirmed if row["cosine"] is None or row["cosine"] < WRONG]
    least = min((row["cosine"] for row in confirmed if row["cosine"] is not None), default=float("nan"))
    return len(rows), len(settled), len(certified), len(wrong), least


def table(rows, key, title):
    print(f"\n| {title} | trials | settled | confirmed of these | wrong of these | least cosine |")
    print("| --- | --- | --- | --- | --- | --- |")
    groups = collections.defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    for name, members in [*groups.items(), ("all", rows)]:
        count, settled, confirmed, wrong, least = tally(members)
        share = f" ({confirmed / settled:.1%})" if settled else ""
        print(f"| {name} | {count} | {settled} | {confirmed}{share} | {wrong} | {least:.7f} |")


def family(row):
    words = row["flags"].split()
    name = words[1]
    if name == "adam":
        b1, b2 = (float(words[words.index(flag) + 1]) for flag in ("--beta1", "--beta2"))
        name += ", beta1^2 > beta2" if b1 * b1 > b2 else ""
    return name


def print_tables(rows):
    table(rows, lambda row: row["kind"], "data")
    table(rows, family, "optimizer")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, nargs=2, default=(0, 2000), metavar=("FIRST", "END"))
    parser.add_argument("--confirm", default="run", choices=["run", "flow", "none"])
    parser.add_argument("--effort", type=float, default=3e8, help="multiplications a simulation may take")
    parser.add_argument("--out", help="every trial as a line of JSON")
    parser.add_argument("--tables", nargs="+", metavar="FILE", help="of trials written before, instead of new ones")
    options = parser.parse_args()
    if options.tables:
        print_tables([json.loads(line) for name in options.tables for line in open(name, encoding="utf-8")])
        return
    rows, confirm = [], options.confirm if options.confirm != "none" else None
    with tempfile.TemporaryDirectory() as folder, open(options.out or os.devnull, "w", encoding="utf-8") as out:
        library = build_simulator(folder)
        for number in range(*options.trials):
            row = trial(library, folder, number, confirm, options.effort)
            rows.append(row)
            print(json.dumps(row), file=out, flush=True)
            if row["settled"] and (not row["confirmed"] or (row["cosine"] or 0) < WRONG):
                print(json.dumps(row), file=sys.stderr, flush=True)
    print_tables(rows)


if __name__ == "__main__":
    main()
