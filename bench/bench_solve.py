#!/usr/bin/python3
"""Max-margin solvers side by side: biascope, HiGHS (SciPy), LIBLINEAR (scikit-learn), Clarabel, on the same data.

Every solver's answer is turned into a certified gap by the same NumPy code, from the direction it returns and, for
the bound, biascope's dual. Times are medians of --repeats runs; a run of more than 20 s is not repeated. --quick
leaves out the slow ones (HiGHS' simplex method, LIBLINEAR
at its tightest tolerance)."""
import argparse
import ctypes
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("BIASCOPE", ROOT / "build/release/biascope")).resolve().parent
VENV = ROOT / "build/bench-venv"
L2, LINF = 0, 1
# Runs a command from a small process: a child's peak memory counts what its parent was when it forked.
PEAK_MEMORY = ("import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); "
               "print('peak', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")


class Norm(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_int), ("p", ctypes.c_double), ("metric", ctypes.c_void_p)]


class Margin(ctypes.Structure):
    _fields_ = [("margin", ctypes.c_double), ("upper_bound", ctypes.c_double), ("gap", ctypes.c_double),
                ("direction", ctypes.POINTER(ctypes.c_double)), ("dual", ctypes.POINTER(ctypes.c_double)),
                ("support", ctypes.c_size_t), ("unique", ctypes.c_bool), ("face_dimension", ctypes.c_size_t),
                ("samples", ctypes.c_size_t), ("features", ctypes.c_size_t)]


def load_library():
    library = ctypes.CDLL(next(str(path) for path in BUILD.glob("libbiascope.so*")))
    library.biascope_margin_solve.argtypes = [ctypes.c_void_p, Norm, ctypes.c_void_p, ctypes.POINTER(Margin), ctypes.c_void_p]
    library.biascope_dataset_from_dense.argtypes = [ctypes.c_size_t, ctypes.c_size_t, ctypes.c_void_p,
                                                    ctypes.POINTER(ctypes.c_void_p), ctypes.c_void_p]
    library.biascope_dataset_free.argtypes = [ctypes.c_void_p]
    library.biascope_margin_free.argtypes = [ctypes.POINTER(Margin)]
    return library


LIBRARY = load_library()


def biascope(x, kind):
    """Direction and dual; the copy of the data into the library is not timed by the callers that time solves."""
    handle = ctypes.c_void_p()
    x = np.ascontiguousarray(x)
    assert LIBRARY.biascope_dataset_from_dense(*x.shape, x.ctypes.data, ctypes.byref(handle), None) == 0
    solution = Margin()
    start = time.perf_counter()
    status = LIBRARY.biascope_margin_solve(handle, Norm(kind, 0, None), None, ctypes.byref(solution), None)
    elapsed = time.perf_counter() - start
    assert status == 0, status
    direction = np.ctypeslib.as_array(solution.direction, (x.shape[1],)).copy()
    dual = np.ctypeslib.as_array(solution.dual, (x.shape[0],)).copy()
    LIBRARY.biascope_margin_free(ctypes.byref(solution))
    LIBRARY.biascope_dataset_free(handle)
    return elapsed, direction, dual


def highs(method):
    def solve(x):
        from scipy.optimize import linprog
        n, d = x.shape
        cost = np.zeros(d + 1)
        cost[d] = -1
        start = time.perf_counter()
        result = linprog(cost, A_ub=np.hstack([-x, np.ones((n, 1))]), b_ub=np.zeros(n),
                         bounds=[(-1, 1)] * d + [(None, None)], method=method)
        return time.perf_counter() - start, result.x[:d], None
    return solve


def liblinear(tolerance):
    """Its tolerance is on the projected gradient; at 1e-12 it does not stop by itself but at the limit on its passes."""
    def solve(x):
        import warnings

        from sklearn.svm import LinearSVC
        warnings.simplefilter("ignore")
        model = LinearSVC(loss="hinge", C=1e6, fit_intercept=False, tol=tolerance, max_iter=10**5, random_state=0)
        labels = np.where(np.arange(len(x)) % 2 == 0, 1.0, -1.0)
        start = time.perf_counter()
        model.fit(x * labels[:, None], labels)
        return time.perf_counter() - start, model.coef_[0], None
    return solve


def clarabel(x):
    import clarabel as solver
    from scipy import sparse
    n, d = x.shape
    settings = solver.DefaultSettings()
    settings.verbose = False
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-11
    start = time.perf_counter()
    result = solver.DefaultSolver(sparse.eye(d, format="csc"), np.zeros(d), sparse.csc_matrix(-x), -np.ones(n),
                                  [solver.NonnegativeConeT(n)], settings).solve()
    return time.perf_counter() - start, np.array(result.x), None


def certified_gap(x, kind, w, dual):
    combination = x.T @ dual
    bound = np.abs(combination).sum() if kind == LINF else np.linalg.norm(combination)
    return 1 - (x @ w).min() / (np.abs(w).max() if kind == LINF else np.linalg.norm(w)) / bound


def median_time(solve, repeats):
    times = []
    while len(times) < repeats:
        elapsed, w, dual = solve()
        times.append(elapsed)
        if elapsed > 20:
            break
    return statistics.median(times), len(times), w, dual


def compare(title, x, kind, solvers, repeats):
    print(f"\n{title}\n{'solver':24s}{'seconds':>12s}{'runs':>6s}{'gap':>10s}{'times slower':>14s}")
    own, runs, w, dual = median_time(lambda: biascope(x, kind), repeats)
    print(f"{'biascope':24s}{own:12.4f}{runs:6d}{certified_gap(x, kind, w, dual):10.1e}{1:14.1f}")
    for name, solve in solvers:
        elapsed, runs, w, _ = median_time(lambda: solve(x), repeats)
        print(f"{name:24s}{elapsed:12.4f}{runs:6d}{certified_gap(x, kind, w, dual):10.1e}{elapsed / own:14.1f}", flush=True)


def teacher(samples, features, margin, seed):
    rng = np.random.default_rng(seed)
    w = rng.standard_normal(features)
    w /= np.linalg.norm(w)
    x = rng.standard_normal((samples, features))
    z = x @ w
    return np.sign(z)[:, None] * (x + np.outer(np.sign(z) * margin, w))


def sparse_case():
    with tempfile.TemporaryDirectory() as folder:
        data = f"{folder}/data.svm"
        subprocess.run([BUILD / "biascope", "generate", "teacher", "--samples", "20000", "--features", "47000",
                        "--nonzeros", "75", "--quiet", "--out", data], check=True)
        command = [str(BUILD / "biascope"), "solve", data, "--norm", "l2", "--tolerance", "1e-6"]
        start = time.perf_counter()
        result = subprocess.run([sys.executable, "-S", "-c", PEAK_MEMORY, *command], check=True, capture_output=True, text=True)
        elapsed = time.perf_counter() - start
        table, memory = result.stdout.rsplit("peak ", 1)
        memory = int(memory) / 1024
        text, csr = os.path.getsize(data) / 2**20, 20000 * (75 * 12 + 8) / 2**20
        print(f"\nsparse 20000 x 47000, 75 nonzeros a row, l2, gap 1e-6: {elapsed:.2f} s with reading, whole process "
              f"{memory:.0f} MiB (file {text:.0f} MiB, CSR {csr:.0f} MiB)\n{table}", end="")


def growth(repeats):
    sizes = np.array([100, 200, 400, 800, 1600])
    print("\ngrowth: seconds at five sizes, and the fitted exponent")
    for kind, name in ((L2, "l2"), (LINF, "linf")):
        for what in ("N", "d"):
            times = []
            for size in sizes:
                shape = (size, 1000) if what == "N" else (500, size)
                x = teacher(*shape, 0.3, 1)
                times.append(median_time(lambda: biascope(x, kind), repeats)[0])
            exponent = np.polyfit(np.log(sizes), np.log(times), 1)[0]
            fixed = "d = 1000" if what == "N" else "N = 500"
            print(f"{name:5s} {what} = {sizes.tolist()}, {fixed}: " + " ".join(f"{t:.4f}" for t in times)
                  + f"   time ~ {what}^{exponent:.2f}", flush=True)


def in_venv():
    """Clarabel comes from PyPI; the environment is made once, on Debian's NumPy and SciPy."""
    if not (VENV / "bin/python3").exists():
        subprocess.run([sys.executable, "-m", "venv", "--system-site-packages", VENV], check=True)
        subprocess.run([VENV / "bin/pip", "install", "--quiet", "clarabel==0.9.0"], check=True)
    if pathlib.Path(sys.prefix).resolve() != VENV.resolve():
        os.execv(VENV / "bin/python3", [str(VENV / "bin/python3"), *sys.argv])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="without the solvers that take minutes")
    options = parser.parse_args()
    in_venv()
    slow = [] if options.quick else [("LIBLINEAR, tol 1e-12", liblinear(1e-12))]
    simplex = [] if options.quick else [("HiGHS dual simplex", highs("highs-ds"))]
    subprocess.run(["cmake", "--build", BUILD, "--target", "solve_small"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([BUILD / "solve_small"], check=True)
    x = np.random.default_rng(0).standard_normal((1000, 2000))
    compare("linf, Gaussian 1000 x 2000", x, LINF, [("HiGHS interior point", highs("highs-ipm"))] + simplex, options.repeats)
    for shape in ((1000, 2000), (2000, 500)):
        compare(f"l2, teacher {shape[0]} x {shape[1]}, margin 0.3", teacher(*shape, 0.3, 0), L2,
                [("Clarabel", clarabel), ("LIBLINEAR, tol 1e-10", liblinear(1e-10))] + slow, options.repeats)
    growth(options.repeats)
    sparse_case()


if __name__ == "__main__":
    main()
