#!/usr/bin/python3
"""Predictions beside training: seconds for the limit direction, and for the run that it stands for.

Library calls, data in memory; medians of --repeats calls. The run is of --steps steps, what it takes to settle to a
cosine of about 0.999999; where that is too long to wait for, the time of its first second is scaled up."""
import argparse
import ctypes
import json
import os
import pathlib
import statistics
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("BIASCOPE", ROOT / "build/release/biascope")).resolve().parent


class Prediction(ctypes.Structure):
    _fields_ = [("direction", ctypes.POINTER(ctypes.c_double)), ("dual", ctypes.POINTER(ctypes.c_double)),
                ("gap", ctypes.c_double), ("rate", ctypes.c_double), ("support", ctypes.c_size_t),
                ("standard_error", ctypes.c_double), ("unique", ctypes.c_bool), ("log_loss", ctypes.c_double),
                ("handover_step", ctypes.c_double), ("method", ctypes.c_char_p), ("samples", ctypes.c_size_t),
                ("features", ctypes.c_size_t), ("starts", ctypes.c_size_t), ("others", ctypes.c_size_t),
                ("other_directions", ctypes.c_void_p)]


LIBRARY = ctypes.CDLL(next(str(path) for path in BUILD.glob("libbiascope.so*")))


def load(x):
    handle = ctypes.c_void_p()
    x = np.ascontiguousarray(x)
    assert LIBRARY.biascope_dataset_from_dense(ctypes.c_size_t(x.shape[0]), ctypes.c_size_t(x.shape[1]),
                                               x.ctypes.data_as(ctypes.c_void_p), ctypes.byref(handle), None) == 0
    return handle


def adam(beta1, beta2, batch_size, order):
    options = ctypes.c_void_p()
    assert LIBRARY.biascope_options_create(b"adam", ctypes.byref(options), None) == 0
    for name, value in (("beta1", beta1), ("beta2", beta2), ("batch_size", batch_size), ("order", order)):
        assert LIBRARY.biascope_options_set(options, name.encode(), str(value).encode(), None) == 0
    return options


def predict_seconds(data, training, repeats):
    seconds = []
    for _ in range(repeats):
        found = Prediction()
        start = time.perf_counter()
        status = LIBRARY.biascope_predict(data, training, None, ctypes.byref(found), None)
        seconds.append(time.perf_counter() - start)
        assert status == 0
        gap = found.gap
        LIBRARY.biascope_prediction_free(ctypes.byref(found))
    return statistics.median(seconds), gap


def train_seconds(data, training, steps):
    trainer, done, chunk = ctypes.c_void_p(), 0, 1000
    assert LIBRARY.biascope_trainer_create(data, training, ctypes.byref(trainer), None) == 0
    start = time.perf_counter()
    while done < steps and time.perf_counter() - start < 1.0:
        assert LIBRARY.biascope_trainer_run(trainer, ctypes.c_uint64(chunk), None) == 0
        done += chunk
    seconds = (time.perf_counter() - start) * steps / done
    LIBRARY.biascope_trainer_free(trainer)
    return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--steps", type=int, default=10_000_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    cases = [(10, 50, 0.9, 0.95, 1, "cyclic"), (10, 50, 0.9, 0.95, 2, "cyclic"), (10, 50, 0.9, 0.999, 1, "cyclic"),
             (10, 50, 0.9, 0.95, 1, "shuffle"), (100, 200, 0.9, 0.95, 10, "cyclic"), (1000, 2000, 0.9, 0.95, 10, "cyclic")]
    rows = []
    if not options.json:
        print(f"{'N x d':>12} {'beta1':>6} {'beta2':>6} {'batch':>6} {'order':>8} {'gap':>8} {'predict s':>11} {'train s':>9} {'ratio':>9}")
    for samples, features, beta1, beta2, batch_size, order in cases:
        data = load(np.random.default_rng(0).standard_normal((samples, features)))
        training = adam(beta1, beta2, batch_size, order)
        predicted, gap = predict_seconds(data, training, options.repeats * (20 if samples == 10 and order == "cyclic" else 1))
        trained = train_seconds(data, training, options.steps)
        LIBRARY.biascope_dataset_free(data)
        rows.append({"samples": samples, "features": features, "beta1": beta1, "beta2": beta2, "batch_size": batch_size,
                     "order": order, "gap": gap, "predict_seconds": predicted,
                     "train_seconds": trained, "ratio": trained / predicted})
        if not options.json:
            print(f"{samples:>5} x {features:<4} {beta1:>6} {beta2:>6} {batch_size:>6} {rows[-1]['order']:>8} {gap:>8.1e} "
                  f"{predicted:>11.6f} {trained:>9.2f} {trained / predicted:>9.0f}", flush=True)
    if options.json:
        print(json.dumps(rows))


if __name__ == "__main__":
    main()
