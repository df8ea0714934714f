"""Arguments that are numbers or one of several names, checked in words."""
from __future__ import annotations

import math
import numbers
from typing import Any

#: the largest number of steps, seeds and the like
MOST = 2**63 - 1


def whole(name: str, value: Any, least: int, most: int = MOST) -> int:
    """An int, of Python or NumPy, in the range."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} is {value!r}; expected a whole number of at least {least}")
    if not least <= int(value) <= most:
        raise ValueError(f"{name} is {value!r}; expected a whole number from {least} to {most}")
    return int(value)


def real(name: str, value: Any, low: float, high: float) -> float:
    """A number from low to high."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} is {value!r}; expected a number from {low:g} to {high:g}")
    number = float(value)
    if math.isnan(number) or not low <= number <= high:
        raise ValueError(f"{name} is {value!r}; expected a number from {low:g} to {high:g}")
    return number


def one_of(name: str, value: Any, known: tuple[str, ...]) -> str:
    """One of the names."""
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{name} is {value!r}; expected {', '.join(map(repr, known[:-1]))} or {known[-1]!r}")
    return value
