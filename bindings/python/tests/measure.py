#!/usr/bin/env python3
"""Prints what the package costs: the time to import it beside NumPy's, and what a call adds to the library's own time."""
import statistics
import subprocess
import sys
import time

import numpy as np

import biascope
from biascope import _biascope


def seconds(statement, times=7):
    """Of a fresh interpreter that runs the statement."""
    def once():
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", statement], check=True)
        return time.perf_counter() - start
    return min(once() for _ in range(times))


def each(function, times=300):
    """The median of a call's time, in microseconds."""
    def once():
        start = time.perf_counter()
        function()
        return time.perf_counter() - start
    return 1e6 * statistics.median(once() for _ in range(times))


def main():
    beside = seconds("import numpy, biascope") - seconds("import numpy")
    print(f"Python {sys.version.split()[0]}, NumPy {np.__version__}: import {beside:.3f} s beside NumPy's")
    X, y = np.random.default_rng(0).standard_normal((10, 50)), np.arange(10) % 2
    data, training = biascope._data.prepare(X, y).data, biascope._options.make_options("signgd", {})
    for name, whole, inner in (
            ("solve l2", lambda: biascope.solve(X, y), lambda: _biascope.solve(data, "l2", 0.0, None, 0.0, False, None)),
            ("predict signgd", lambda: biascope.predict(X, y, "signgd", starts=0, confirm="flow"),
             lambda: _biascope.predict(data, training, 0, 0.0, 0, None))):
        print(f"{name}: {each(whole):.0f} us a call, {each(inner):.0f} us of it in the extension")
    print(f"of that, a thread and the answer's dict: {each(lambda: _biascope.certify(data, None)):.0f} us")


if __name__ == "__main__":
    main()
