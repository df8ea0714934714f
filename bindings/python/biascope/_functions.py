"""The functions of the package. All of them take X, N x d (an array of any real dtype, a SciPy sparse matrix, a pandas or
polars frame, a torch tensor), and y, N labels of two classes; y=None where the rows of X are y_i x_i already."""
from __future__ import annotations

import math
import re
import time
from typing import Any, Callable

import numpy as np

from . import _biascope
from ._data import Floats, Prepared, prepare
from ._errors import fail
from ._options import make_options
from ._results import Cosines, Diagnosis, Forecast, Prediction, Separability, Solution, Training

NORMS = ("l2", "linf", "l1")
_CONFIRM = ("flow", "run", "none")  # in the order of biascope_confirm
_SLICE = 0.05  # seconds between two looks for Ctrl-C


def _call(function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except _biascope.Failure as failure:
        fail(*failure.args)


def _norm(name: str, metric: Any, features: int) -> tuple[str, float, Floats | None]:
    if metric is not None:
        if name != "mahalanobis":
            raise ValueError(f"metric goes with norm='mahalanobis', not {name!r}")
        entries = np.ascontiguousarray(metric, dtype=np.float64)
        if entries.shape != (features,):
            raise ValueError(f"metric has shape {entries.shape}; expected ({features},), an entry for each feature")
        return name, 0.0, entries
    if name in NORMS:
        return name, 0.0, None
    match = re.fullmatch(r"l(\d+(?:\.\d+)?)", name) if isinstance(name, str) else None
    if match and 1.0 < float(match[1]) <= 1e6:
        return "lp", float(match[1]), None
    raise ValueError(f"norm is {name!r}; expected 'l2', 'linf', 'l1', 'lP' with 1 < P <= 1e6, or 'mahalanobis' with a metric")


def _solution(prepared: Prepared, norm: str, metric: Any, tolerance: float) -> tuple[int, str, Solution]:
    kind, p, entries = _norm(norm, metric, prepared.data.features)
    status, message, found = _call(_biascope.solve, prepared.data, kind, p, entries, tolerance)
    return status, message, Solution(found["direction"], prepared, norm, found["margin"], found["upper_bound"], found["gap"],
                                     found["dual"], found["unique"], found["face_dimension"])


def solve(X: Any, y: Any = None, *, norm: str = "l2", metric: Any = None, intercept: bool = False,
          tolerance: float = 0.0) -> Solution:
    """The max-margin direction, argmax min_i y_i x_i.w over ||w|| = 1, with the pair that proves it.

    norm: 'l2', 'linf', 'l1', 'l1.5' or any 'lP', or 'mahalanobis' with metric, its d diagonal entries.
    intercept: a further feature of ones, whose weight counts in the norm. tolerance: relative gap to certify; 0: 1e-10.
    Raises NotSeparable, with the Farkas certificate as result.dual, and NotConverged, with the best certified pair.

    >>> import biascope
    >>> round(biascope.solve([[2.0, 0.0], [0.0, 1.0]], norm="l2").margin_, 9)
    0.894427191
    >>> biascope.solve([[1.0, 0.5], [0.5, 1.0]], norm="linf").coef_
    array([[1., 1.]])
    """
    status, message, solution = _solution(prepare(X, y, intercept), norm, metric, tolerance)
    if status:
        fail(status, message, solution)
    return solution


def _comparison(prepared: Prepared) -> Callable[[Floats], tuple[Cosines, Cosines]]:
    def compare(direction: Floats) -> tuple[Cosines, Cosines]:
        cosine, angle = {}, {}
        for norm in NORMS:
            status, _, found = _call(_biascope.solve, prepared.data, norm, 0.0, None, 0.0)
            pair = (math.nan, math.nan)
            if status == 0:
                pair = _call(_biascope.nearest, prepared.data, norm, direction, found)
            cosine[norm], angle[norm] = pair
        return cosine, angle
    return compare


def _prediction(prepared: Prepared, optimizer: str, found: dict[str, Any]) -> Prediction:
    return Prediction(found["direction"], prepared, _comparison(prepared), optimizer, found["method"], found["gap"], found["rate"],
                      found["standard_error"], found["unique"], found["log_loss"], found["handover_step"], found["dual"],
                      found["others"], found["kind"], found["confirmed"], found["confirmed_by"], found["increment_cosine"])


def _forecast(prepared: Prepared, training: Any, steps: int, record: int) -> Forecast:
    recorded = _recorded(steps, record)
    found = _call(_biascope.forecast, prepared.data, training, recorded)
    names = ["step", "log_loss", "weight_norm", "margin", "accuracy"]
    trace = np.array([(step, *row) for step, row in zip(recorded, found["measures"])],
                     dtype=[(name, np.int64 if name == "step" else np.float64) for name in names])
    weights, last = found["weights"][-1].copy(), trace[-1]
    length = np.linalg.norm(weights)
    return Forecast(weights / length if length > 0 else weights, prepared, _comparison(prepared), training.get("optimizer"), steps,
                    weights, float(last["log_loss"]), float(last["margin"]), float(last["accuracy"]), found["error_estimate"],
                    found["method"], found["steps_taken"], trace)


def predict(X: Any, y: Any = None, *, optimizer: Any = "adam", steps: int = 0, starts: int = 8, record: int = 10,
            intercept: bool = False, tolerance: float = 0.0, confirm: str = "run", **options: Any) -> Prediction | Forecast:
    """The direction in which training diverges, without training (docs/limit.md); with steps, where the run is after so
    many (docs/forecast.md), a Forecast.

    optimizer, options: as the command line's, docs/options.md, or by torch's names (lr, betas, eps, weight_decay);
    batch_size: a number, or 'full'. optimizer may be a torch.optim instance: its settings are taken, and those of options
    beside them. confirm: 'run', 'flow' or 'none', how it is made sure that training goes there.
    starts: random points from which other limits are looked for. record: with steps, rows of the trace for each factor of
    ten. Training starts from 0. Raises NotSeparable, and NotConverged with the best
    point found as its result.

    >>> import numpy as np, biascope
    >>> X = np.random.default_rng(1).standard_normal((5, 20))
    >>> biascope.predict(X, optimizer="signgd").cosine["linf"] > 1 - 1e-9
    True
    """
    if confirm not in _CONFIRM:
        raise ValueError(f"confirm is {confirm!r}; expected 'flow', 'run' or 'none'")
    if steps < 0:
        raise ValueError(f"steps is {steps}; expected 0, for the limit, or more")
    prepared = prepare(X, y, intercept)
    training = make_options(optimizer, options)
    if steps:
        return _forecast(prepared, training, int(steps), record)
    status, message, found = _call(_biascope.predict, prepared.data, training, 0, starts, tolerance, _CONFIRM.index(confirm))
    result = _prediction(prepared, training.get("optimizer"), found)
    if status:
        fail(status, message, result)
    return result


def _recorded(steps: int, per_decade: int) -> list[int]:
    """The steps recorded: log-spaced, the last one always."""
    if per_decade <= 0:
        return [steps]
    points = {round(10 ** (k / per_decade)) for k in range(math.ceil(per_decade * math.log10(max(steps, 1))) + 1)}
    return sorted(point for point in points | {steps} if point <= steps)


def _advance(trainer: Any, target: int) -> None:
    """Steps to `target` in slices, between which Ctrl-C is heard."""
    size = 1
    while trainer.step < target:
        start = time.perf_counter()
        _call(trainer.run, min(size, target - trainer.step))
        size = size * 2 if time.perf_counter() - start < _SLICE else max(1, size // 2)


def train(X: Any, y: Any = None, *, optimizer: Any = "adam", steps: int = 10_000, record: int = 10, intercept: bool = False,
          **options: Any) -> Training:
    """Trains from 0, to the bits of the command line's `train`, for as many steps as asked, without underflow.

    options: as for predict. record: measurements for each factor of ten in the steps. The trace has the fields step,
    log_loss, log_weight_norm, margin_l2, margin_linf, margin_l1.

    >>> import biascope
    >>> run = biascope.train([[1.0, 0.5], [-0.5, 1.0]], optimizer="gd", steps=1000)
    >>> run.steps, run.trace["step"][-1] == 1000, run.margin["l2"] > 0
    (1000, np.True_, True)
    """
    if steps < 1:
        raise ValueError(f"steps is {steps}; expected at least 1")
    prepared = prepare(X, y, intercept)
    training = make_options(optimizer, options)
    trainer = _call(_biascope.Trainer, prepared.data, training)
    rows = []
    for target in _recorded(int(steps), record):
        _advance(trainer, target)
        weights = trainer.weights
        with np.errstate(divide="ignore"):
            size = np.log(np.linalg.norm(weights))
        rows.append((target, trainer.log_loss, size, *(prepared.data.margin_of(norm, weights) for norm in NORMS)))
    names = ["step", "log_loss", "log_weight_norm", *(f"margin_{norm}" for norm in NORMS)]
    trace = np.array(rows, dtype=[(name, np.int64 if name == "step" else np.float64) for name in names])
    length = np.linalg.norm(weights)
    return Training(weights / length if length > 0 else weights, prepared, _comparison(prepared), training.get("optimizer"), int(steps), weights,
                    float(trainer.log_loss), {norm: float(trace[-1][f"margin_{norm}"]) for norm in NORMS}, trace)


def separable(X: Any, y: Any = None, *, loss: str = "logistic", intercept: bool = False) -> Separability:
    """Whether a direction separates the data, and if not, which samples one can (Ji and Telgarsky 2019).

    >>> import biascope
    >>> found = biascope.separable([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]])
    >>> bool(found), found.part.tolist()
    (False, [False, False, True])
    """
    found = _call(_biascope.find_parts, prepare(X, y, intercept).data, loss)
    part = np.asarray(found["separable"], dtype=bool)
    return Separability(bool(part.all()), part, found["margin"], found["direction"], found["dual"], found["residual"],
                        found["minimiser"])


def doctor(X: Any, y: Any = None, *, optimizer: Any = "adam", want: str | None = None, fraction: float = 0.98,
           steps: int = 1_000_000, intercept: bool = False, **options: Any) -> Diagnosis:
    """What a run with these options will do, and options that reach `fraction` of the best margin of the norm `want`
    (by default l2 for gd and ngd, linf for the others) within `steps`; without training."""
    prepared = prepare(X, y, intercept)
    training = make_options(optimizer, options)
    norm = want or ("l2" if training.get("optimizer") in ("gd", "ngd") else "linf")
    if norm not in NORMS:
        raise ValueError(f"want is {want!r}; expected 'l2', 'linf' or 'l1'")
    found = _call(_biascope.diagnose, prepared.data, training, norm, fraction, steps)
    limit = found["limit"]
    return Diagnosis(_prediction(prepared, training.get("optimizer"), limit) if limit else None, dict(zip(NORMS, found["fraction"])),
                     found["momentum_stale_until"], found["second_moment_stale_until"], found["misalignment"],
                     found["guaranteed"], found["recommended"], found["expected"])
