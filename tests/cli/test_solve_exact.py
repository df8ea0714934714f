"""`biascope solve` on degenerate data, against the best margin in rational arithmetic: whatever the exit code, the margin
and its upper bound enclose it. Below 1e-8 of the data's size the pair may stay apart."""
import json
import os
import subprocess
from fractions import Fraction

import numpy as np
import pytest

from exact_margin import squared_margin

BIASCOPE = os.environ["BIASCOPE"]
NOT_SEPARABLE, NOT_CERTIFIED = 3, 4
EPSILON = np.finfo(float).eps


def largest_margin(x):
    """More than any sample has in any of the norms: EPSILON times it is what rounding a pair to doubles may cost."""
    return np.max(np.abs(x).sum(axis=1))


def with_ties(rng, n, d):
    return rng.integers(-1, 3, (n, d))


def with_duplicates(rng, n, d):
    rows = rng.integers(-3, 9, (max(1, n // 2), d))
    return np.vstack([rows, rows, rows])[:max(n, 2)]


def of_low_rank(rng, n, d):
    return np.repeat(rng.integers(-2, 6, (n, 1)), d, axis=1) * rng.integers(-2, 3, (1, d)) + 1.0


def nearly_opposite(shift):
    """Pairs a and -a + 2^shift b: the best margin is about 2^shift of the samples' length, or there is none."""
    def draw(rng, n, d):
        a = rng.integers(-4, 5, (max(1, n // 2), d))
        return np.vstack([a, -a + 2.0**shift * rng.integers(1, 5, a.shape)])
    return draw


def scaled(shift):
    return lambda rng, n, d: 2.0**shift * rng.integers(-3, 9, (n, d))


def one_scaled_sample(shift):
    def draw(rng, n, d):
        x = rng.integers(-2, 9, (n, d)).astype(float)
        x[0] *= 2.0**shift
        return x
    return draw


DATA = {"ties": with_ties, "duplicates": with_duplicates, "low rank": of_low_rank, "1e-150": scaled(-498),
        "1e150": scaled(498), "a sample of 1e-6": one_scaled_sample(-20), "a sample of 1e6": one_scaled_sample(20),
        "margin 1e-3": nearly_opposite(-10), "margin 1e-6": nearly_opposite(-20), "margin 1e-9": nearly_opposite(-30)}


@pytest.mark.plain_build
@pytest.mark.parametrize("norm", ["l2", "linf", "l1"])
@pytest.mark.parametrize("name", DATA)
def test_degenerate_data_agree_with_rational_arithmetic(name, norm, tmp_path):
    rng = np.random.default_rng([ord(letter) for letter in name + norm])
    path, certified = tmp_path / "data.npy", 0
    shapes = [(1, 1), (1, 3), (3, 1), *((int(rng.integers(2, 7)), int(rng.integers(1, 4))) for _ in range(27))]
    for n, d in shapes:
        x = DATA[name](rng, n, d).astype(float)
        np.save(path, x)
        result = subprocess.run([BIASCOPE, "solve", path, "--norm", norm, "--json"], capture_output=True, text=True)
        best = squared_margin(norm, x)
        if best is None:
            assert result.returncode == NOT_SEPARABLE, (x.tolist(), result)
            continue
        assert result.returncode == 0 or result.returncode == NOT_CERTIFIED and name == "margin 1e-9", (x.tolist(), result)
        found = json.loads(result.stdout)
        rounding = EPSILON * largest_margin(x) / found["margin"]
        if result.returncode == 0:
            certified += 1
            assert found["gap"] <= max(1e-10, 32 * rounding), (x.tolist(), found)
        slack = Fraction(1 + 4 * EPSILON)
        assert Fraction(found["margin"])**2 <= best * slack, (x.tolist(), found)
        assert Fraction(found["upper_bound"])**2 * slack >= best, (x.tolist(), found)
    assert certified >= 3
