"""What the functions return. Directions have Euclidean norm 1 unless another is said; `coef_` and `intercept_` have the
shapes of scikit-learn's linear classifiers."""
from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Callable

import numpy as np
import numpy.typing as npt

from . import _pictures
from ._data import Floats, Prepared

#: Of each norm the cosine with the nearest max-margin direction, and its angle in radians; nan where it is not known.
Cosines = dict[str, float]


class _Shown:
    """A line that says what was found, and the same in notebooks, with a picture where there is one to draw."""

    def _lines(self) -> list[str]:
        return []

    def __repr__(self) -> str:
        return f"{type(self).__name__}(" + ", ".join(self._lines()) + ")"

    def _repr_html_(self) -> str:
        return _pictures.as_html(self)


@dataclass(frozen=True, repr=False)
class _Direction(_Shown):
    """A direction in the space of the features (and of the intercept, its last entry): d entries, or of k > 2 classes a
    matrix k x d."""

    direction: Floats
    prepared: Prepared = field(compare=False)

    @property
    def coef_(self) -> Floats:
        """1 x d, or k x d."""
        rows = np.atleast_2d(self.direction)
        return rows[:, :-1] if self.prepared.intercept else rows

    @property
    def intercept_(self) -> Floats:
        """One entry for each row of coef_; 0 without an intercept."""
        rows = np.atleast_2d(self.direction)
        return rows[:, -1] if self.prepared.intercept else np.zeros(len(rows))

    @property
    def classes_(self) -> npt.NDArray[Any] | None:
        """The classes in order, of two the negative one first; None for rows that were folded already."""
        return self.prepared.classes

    @property
    def feature_names_(self) -> list[str] | None:
        """The frame's columns."""
        return self.prepared.names

    @property
    def margins(self) -> Floats:
        """y_i x_i.direction of every sample, N entries; of several classes the lead of its own over the best other."""
        return self.prepared.data.margins(np.ascontiguousarray(self.direction))

    def plot(self, axes: Any = None) -> Any:
        """Draws the samples' margins into matplotlib's axes (None: new ones), which are returned."""
        return _pictures.plot_margins(self.margins, repr(self).split(",")[0] + ")", axes)


@dataclass(frozen=True, repr=False)
class Solution(_Direction):
    """A max-margin direction, of norm 1 in the norm asked for, with the pair (direction, dual) that proves it: any w has
    min_i x_i.w / ||w|| <= upper_bound = ||X'dual||_dual."""

    norm: str
    margin_: float
    upper_bound: float
    gap: float
    dual: Floats
    unique: bool
    face_dimension: int

    @property
    def support(self) -> npt.NDArray[np.intp]:
        """The samples with a positive dual weight. (Of k > 2 classes dual has k - 1 for each, of the other classes in
        order.)"""
        return np.flatnonzero((self.dual > 0).reshape(len(self.dual), -1).any(axis=1))

    def _lines(self) -> list[str]:
        return [f"norm={self.norm!r}", f"margin_={self.margin_:.6g}", f"gap={self.gap:.1e}", f"support={len(self.support)} samples"]


@dataclass(frozen=True, repr=False)
class _Compared(_Direction):
    compare: Callable[[Floats], tuple[Cosines, Cosines]] = field(compare=False)

    @cached_property
    def _compared(self) -> tuple[Cosines, Cosines]:
        return self.compare(self.direction)

    @property
    def cosine(self) -> Cosines:
        """With the l2, linf and l1 max-margin directions, which are solved for when this is first read."""
        return self._compared[0]

    @property
    def angle(self) -> Cosines:
        """The same as angles in radians, exact however small."""
        return self._compared[1]


@dataclass(frozen=True, repr=False)
class Prediction(_Compared):
    """What training does in the long run (docs/limit.md): `kind` is "direction", "rest", "runaway", "not separating" or
    "unsettled". `gap` is that of the equilibrium `dual` of the epoch map. `confirmed`: that training goes there, as a
    theorem, the flow or a run of small steps says (`confirmed_by`)."""

    optimizer: str
    method: str
    gap: float
    rate: float
    standard_error: float
    unique: bool
    handover_step: float
    dual: Floats
    others: Floats
    kind: str
    confirmed: bool
    confirmed_by: str | None
    increment_cosine: float

    def _lines(self) -> list[str]:
        return [f"optimizer={self.optimizer!r}", f"kind={self.kind!r}", f"gap={self.gap:.1e}", f"rate={self.rate:.6g}",
                f"confirmed_by={self.confirmed_by!r}"]


@dataclass(frozen=True, repr=False)
class Forecast(_Compared):
    """Where a run is after `steps` steps, without taking them (docs/forecast.md). `error_estimate`: of the direction, in
    radians; three times it covers nearly every run, and 0 means that every step was taken (`steps_taken`). The trace has
    a row for each recorded step, with the fields step, log_loss, weight_norm, margin (the least of y_i x_i.w / ||w||) and
    accuracy."""

    optimizer: str
    steps: int
    weights: Floats
    log_loss: float
    margin: float
    accuracy: float
    error_estimate: float
    method: str
    steps_taken: int
    trace: npt.NDArray[Any]

    def plot(self, axes: Any = None) -> Any:
        """Draws the smallest margin of w / ||w|| against the steps, into matplotlib's axes (None: new ones)."""
        return _pictures.plot_trace(self.trace, f"{self.optimizer}, {self.steps} steps, predicted", axes)

    def _lines(self) -> list[str]:
        return [f"optimizer={self.optimizer!r}", f"steps={self.steps}", f"log_loss={self.log_loss:.6g}",
                f"error_estimate={self.error_estimate:.1e}"]


@dataclass(frozen=True, repr=False)
class Training(_Compared):
    """A run: the weights it ended with, and what was recorded on the way (a structured array; a frame by
    pandas.DataFrame(trace))."""

    optimizer: str
    steps: int
    weights: Floats
    log_loss: float
    margin: dict[str, float]
    accuracy: float
    trace: npt.NDArray[Any]

    def plot(self, axes: Any = None) -> Any:
        """Draws the smallest margins of w / ||w|| against the steps, into matplotlib's axes (None: new ones)."""
        return _pictures.plot_trace(self.trace, f"{self.optimizer}, {self.steps} steps", axes)

    def _lines(self) -> list[str]:
        return [f"optimizer={self.optimizer!r}", f"steps={self.steps}", f"log_loss={self.log_loss:.6g}"]


@dataclass(frozen=True, repr=False)
class Separability(_Shown):
    """Whether some w has x_i.w > 0 for every sample, and which samples can be separated at once, all others left at
    margin zero (`part`, a boolean for each). `margin`: the l2 margin of the separable part, along `direction`;
    `dual`: weights that combine the others to zero, to a relative `residual`; `minimiser`: the finite minimiser of the
    loss on those, or None where it was not found. Of more than two classes `part` and `minimiser` are None, and
    `inseparable_pairs` are the classes that cannot be told apart by themselves."""

    separable: bool
    part: npt.NDArray[np.bool_] | None
    margin: float
    direction: Floats
    dual: Floats
    residual: float
    minimiser: Floats | None
    inseparable_pairs: list[tuple[Any, Any]]

    def __bool__(self) -> bool:
        return self.separable

    def _lines(self) -> list[str]:
        if self.separable:
            return ["separable=True", f"margin={self.margin:.6g}"]
        if self.part is None:
            return ["separable=False", f"inseparable_pairs={self.inseparable_pairs!r}"]
        return ["separable=False", f"part={int(self.part.sum())} of {len(self.part)} samples"]


@dataclass(frozen=True, repr=False)
class Diagnosis(_Shown):
    """What a run will do, and options that do better: `recommended` reaches the part `expected` of the wanted norm's best
    margin within the steps wanted. `fraction`: of the best margin in each norm that the limit has. Steps until which
    the buffers hold old gradients: `momentum_stale_until`, `second_moment_stale_until`."""

    limit: Prediction | None
    fraction: dict[str, float]
    momentum_stale_until: float
    second_moment_stale_until: float
    misalignment: float
    guaranteed: float
    recommended: dict[str, float]
    expected: float

    def _lines(self) -> list[str]:
        fractions = ", ".join(f"{norm} {value:.4f}" for norm, value in self.fraction.items())
        return [f"fraction of the best margins={{{fractions}}}", f"recommended={self.recommended!r}", f"expected={self.expected:.4f}"]
