"""The best margin of small data in rational arithmetic: the candidates of every possible active set, without rounding or
tolerance. It shares no idea with the solver, and knows of no scale."""
import itertools
from fractions import Fraction


def solve_exactly(a, b):
    """x with a x = b for a square matrix of fractions; None where it is singular."""
    n = len(a)
    rows = [list(row) + [value] for row, value in zip(a, b)]
    for k in range(n):
        pivot = next((i for i in range(k, n) if rows[i][k] != 0), None)
        if pivot is None:
            return None
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [value / rows[k][k] for value in rows[k]]
        for i in range(n):
            if i != k and rows[i][k] != 0:
                rows[i] = [value - rows[i][k] * base for value, base in zip(rows[i], rows[k])]
    return [row[n] for row in rows]


def dot(a, b):
    return sum(p * q for p, q in zip(a, b))


def feasible(x, w):
    return w is not None and all(dot(row, w) >= 1 for row in x)


def shortest_l2(x):
    """min w.w with X w >= 1: w = sum l_i x_i over active rows, independent ones suffice."""
    for size in range(1, min(len(x), len(x[0])) + 1):
        for active in itertools.combinations(x, size):
            multipliers = solve_exactly([[dot(p, q) for q in active] for p in active], [Fraction(1)] * size)
            if multipliers is None or min(multipliers) < 0:
                continue
            w = [dot(multipliers, column) for column in zip(*active)]
            if feasible(x, w):
                return dot(w, w)
    return None


def shortest_l1(x):
    """min ||w||_1 with X w >= 1: a vertex has as many active rows as non-zero features."""
    best = None
    for size in range(1, min(len(x), len(x[0])) + 1):
        for features in itertools.combinations(range(len(x[0])), size):
            for active in itertools.combinations(x, size):
                part = solve_exactly([[row[k] for k in features] for row in active], [Fraction(1)] * size)
                if part is None:
                    continue
                w = [Fraction(0)] * len(x[0])
                for k, value in zip(features, part):
                    w[k] = value
                if feasible(x, w) and (best is None or sum(map(abs, w)) < best):
                    best = sum(map(abs, w))
    return best


def shortest_linf(x):
    """min s with X w >= 1 and |w_k| <= s: each feature at s, at -s or free, one more active row than free features."""
    best = None
    for signs in itertools.product((1, -1, 0), repeat=len(x[0])):
        free = [k for k, sign in enumerate(signs) if sign == 0]
        if len(free) == len(signs):
            continue
        for active in itertools.combinations(x, len(free) + 1):
            found = solve_exactly([[dot(row, signs)] + [row[k] for k in free] for row in active],
                                  [Fraction(1)] * len(active))
            if found is None or found[0] <= 0 or any(abs(value) > found[0] for value in found[1:]):
                continue
            w = [found[0] * sign for sign in signs]
            for k, value in zip(free, found[1:]):
                w[k] = value
            if feasible(x, w) and (best is None or found[0] < best):
                best = found[0]
    return best


def squared_margin(norm, x):
    """The square of the best margin of the rows of x (floats, taken as they are); None where they are not separable."""
    rows = [[Fraction(float(value)) for value in row] for row in x]
    if norm == "l2":
        shortest = shortest_l2(rows)
        return None if shortest is None else 1 / shortest
    shortest = (shortest_l1 if norm == "l1" else shortest_linf)(rows)
    return None if shortest is None else 1 / shortest**2
