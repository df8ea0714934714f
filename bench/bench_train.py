#!/usr/bin/python3
"""A step of per-sample Adam (N = 10, float64): biascope beside NumPy, PyTorch and JAX, on the same data.

The NumPy loop is the one a user would write, PyTorch's is torch.optim.Adam on a parameter with autograd, in each of its
implementations (and, where the compiler works, the step written out under torch.compile), JAX's is lax.scan over the
steps, jitted, its compilation not counted; under vmap, many runs that differ in the sample they start with. Medians of
--repeats runs, microseconds for each step of a run, on one core; what is not installed is left out."""
import argparse
import functools
import json
import os
import pathlib
import statistics
import subprocess
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIASCOPE = os.environ.get("BIASCOPE", str(ROOT / "build/release/biascope"))
SAMPLES, B1, B2, LR = 10, 0.9, 0.95, 0.1


def numpy_loop(x, steps):
    w, m, v = (np.zeros(x.shape[1]) for _ in range(3))
    start = time.perf_counter()
    for t in range(steps):
        row = x[t % SAMPLES]
        g = -row / (1.0 + np.exp(row @ w))
        m = B1 * m + (1 - B1) * g
        v = B2 * v + (1 - B2) * g * g
        w -= LR * (t + 2.0) ** -0.5 * m / (np.sqrt(v) + 1e-300)
    return time.perf_counter() - start


def torch_loop(x, steps, **implementation):
    import torch
    torch.set_num_threads(1)
    data = torch.tensor(x)
    w = torch.zeros(x.shape[1], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([w], lr=LR, betas=(B1, B2), eps=1e-300, **implementation)
    start = time.perf_counter()
    for t in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.softplus(-(data[t % SAMPLES] @ w)).backward()
        optimizer.step()
    return time.perf_counter() - start


def torch_compiled(x, steps):
    import torch
    torch.set_num_threads(1)

    @torch.compile
    def step(row, w, m, v, lr):
        g = -row * torch.sigmoid(-(row @ w))
        m = B1 * m + (1 - B1) * g
        v = B2 * v + (1 - B2) * g * g
        return w - lr * m / (torch.sqrt(v) + 1e-300), m, v

    data = torch.tensor(x)
    w, m, v = (torch.zeros(x.shape[1], dtype=torch.float64) for _ in range(3))
    lr = torch.tensor(LR, dtype=torch.float64)
    for t in range(3):
        w, m, v = step(data[t], w, m, v, lr)
    start = time.perf_counter()
    for t in range(steps):
        w, m, v = step(data[t % SAMPLES], w, m, v, lr)
    return time.perf_counter() - start


def jax_scan(x, steps, runs=1):
    import jax
    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp
    data = jnp.asarray(x)

    def train(first, state):
        def step(state, t):
            w, m, v = state
            row = data[(first + t) % SAMPLES]
            g = -row / (1.0 + jnp.exp(row @ w))
            m = B1 * m + (1 - B1) * g
            v = B2 * v + (1 - B2) * g * g
            return (w - LR * (t + 2.0) ** -0.5 * m / (jnp.sqrt(v) + 1e-300), m, v), None
        return jax.lax.scan(step, state, jnp.arange(steps // runs))[0]

    if runs == 1:
        run, first, shape = jax.jit(train), 0, x.shape[1]
    else:
        run, first, shape = jax.jit(jax.vmap(train)), jnp.arange(runs), (runs, x.shape[1])
    zero = tuple(jnp.zeros(shape) for _ in range(3))
    jax.block_until_ready(run(first, zero))
    start = time.perf_counter()
    jax.block_until_ready(run(first, zero))
    return time.perf_counter() - start


def ours(features, repeats):
    """The processor, and microseconds for a step: the lower bound's, plain C's, ours, and ours of 64 runs together."""
    times = {}
    for _ in range(repeats):
        tables = json.loads(subprocess.run([BIASCOPE, "bench", "--json"], capture_output=True, text=True, check=True).stdout)
        row = next(row for row in tables["steps"] if row["features"] == features)
        for name, key in {"lower bound": "floor_ns", "plain C": "plain_ns", "biascope": "step_ns"}.items():
            times.setdefault(name, []).append(row[key])
        for row in tables["lanes"]:
            if row["features"] == features:
                times.setdefault("biascope, 64 runs", []).append(row["together_ns"])
    microseconds = {name: 1e-3 * statistics.median(values) for name, values in times.items()}
    return f"{tables['processor']}, vectors of {tables['vectors']}", microseconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--features", type=int, default=50, help="one of the sizes of biascope bench")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    x = np.random.default_rng(0).standard_normal((SAMPLES, options.features))
    processor, microseconds = ours(options.features, options.repeats)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    loops = {"JAX lax.scan": (jax_scan, 1_000_000), "JAX vmap, 64 runs": (functools.partial(jax_scan, runs=64), 2_000_000),
             "JAX vmap, 512 runs": (functools.partial(jax_scan, runs=512), 4_000_000), "NumPy": (numpy_loop, 20_000),
             "PyTorch compiled": (torch_compiled, 5_000), "PyTorch": (torch_loop, 5_000),
             "PyTorch foreach": (functools.partial(torch_loop, foreach=True), 5_000),
             "PyTorch fused": (functools.partial(torch_loop, fused=True), 5_000)}
    for name, (loop, steps) in loops.items():
        try:
            microseconds[name] = statistics.median(1e6 * loop(x, steps) / steps for _ in range(options.repeats))
        except ImportError:
            microseconds[name] = None
        except Exception as failure:  # a compiler that is not there is no result
            print(f"{name}: {type(failure).__name__}")
            microseconds[name] = None
    if options.json:
        print(json.dumps({"processor": processor, "samples": SAMPLES, "features": options.features, "microseconds": microseconds}))
        return
    print(f"{processor}\nAdam, one of {SAMPLES} samples a step, {options.features} features, medians of {options.repeats}")
    step = microseconds["biascope"]
    for name, value in microseconds.items():
        print(f"{name:>20} {'not installed' if value is None else f'{value:10.3f} us  {value / step:9.1f} x'}")


if __name__ == "__main__":
    main()
