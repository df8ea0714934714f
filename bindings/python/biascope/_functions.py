"""The functions of the package. All of them take X, N x d (an array of any real dtype, a SciPy sparse matrix, a pandas or
polars frame, a torch tensor), and y, N labels of two classes or more; y=None where the rows of X are y_i x_i already.
With `intercept` a last feature is 1 in every row. `progress`: whether tqdm shows what takes longer than a second; None:
on terminals and in notebooks. Ctrl-C is heard within a tenth of a second. All raise ValueError or TypeError for a wrong
argument, with a sentence that names it."""
from __future__ import annotations

import re
import warnings
from typing import Any, Callable, TypeVar

import numpy as np

from . import _biascope
from ._checks import one_of, real, whole
from ._data import Floats, Prepared, check_finite, numbers_of, prepare
from ._errors import NOT_CONVERGED, NOT_SEPARABLE, NotConfirmed, fail
from ._options import make_options, settle_steps, warn_of_weights
from ._progress import Progress
from ._results import Cosines, Diagnosis, Forecast, Prediction, Separability, Solution, Training

NORMS = ("l2", "linf", "l1")
_MATRIX_NORMS = ("spectral", "nuclear")
_ALL_NORMS = 7  # a set of references, a bit for each of NORMS
_CONFIRM = ("flow", "run", "none")  # in the order of biascope_confirm
#: the gap up to which a point is an equilibrium where no tolerance is given, and a run can confirm it (docs/limit.md)
_EQUILIBRIUM = 1e-9
_MEASURES = ("weight_norm", "accuracy", *(f"margin_{norm}" for norm in NORMS))
_Answer = TypeVar("_Answer")


def _call(function: Callable[..., _Answer], *arguments: Any) -> _Answer:
    try:
        return function(*arguments)
    except _biascope.Failure as failure:
        fail(*failure.args)


def _norm(name: Any, metric: Any, features: int) -> tuple[str, float, Floats | None]:
    if metric is not None:
        if name != "mahalanobis":
            raise ValueError(f"metric goes with norm='mahalanobis', not {name!r}")
        entries = numbers_of(metric, "metric")
        if entries.shape != (features,):
            raise ValueError(f"metric has shape {entries.shape}; expected ({features},), an entry for each feature")
        check_finite(entries, "metric")
        if entries.min() <= 0:
            raise ValueError(f"metric has the entry {entries.min()}; expected numbers above 0")
        return name, 0.0, entries
    if isinstance(name, str) and name in NORMS + _MATRIX_NORMS:
        return name, 0.0, None
    match = re.fullmatch(r"l(\d{1,9}(?:\.\d{1,99})?)", name, re.ASCII) if isinstance(name, str) else None
    if match and 1.0 < float(match[1]) <= 1e6:
        return "lp", float(match[1]), None
    raise ValueError(f"norm is {name!r}; expected 'l2', 'linf', 'l1', 'lP' with 1 < P <= 1e6, 'mahalanobis' with a metric, or "
                     "of several classes 'spectral' or 'nuclear'")


def solve(X: Any, y: Any = None, *, norm: str = "l2", metric: Any = None, intercept: bool | str = False, tolerance: float = 0.0,
          progress: bool | None = None) -> Solution:
    """The max-margin direction, argmax min_i y_i x_i.w over ||w|| = 1, with the pair that proves it. Of k > 2 classes,
    argmax min (w_y - w_j).x over a matrix k x d, over the samples x of class y and the other classes j.

    norm: 'l2', 'linf', 'l1', 'l1.5' or any 'lP', of the entries; 'mahalanobis' with metric, its d diagonal entries; or of
    matrices 'spectral' or 'nuclear'. intercept: its weight counts in the norm; 'free': the norm leaves it out, as support
    vector machines do (two classes; l2, linf, l1, lP). tolerance: relative gap to certify; 0:
    1e-10. Raises NotSeparable, with the Farkas certificate as result.dual, and NotConverged, with the best certified pair.

    >>> import biascope
    >>> round(biascope.solve([[2.0, 0.0], [0.0, 1.0]], norm="l2").margin_, 9)
    0.894427191
    >>> biascope.solve([[1.0, 0.5], [0.5, 1.0]], norm="linf").coef_
    array([[1., 1.]])
    >>> biascope.solve([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]], ["a", "b", "c"]).coef_.shape
    (3, 2)
    """
    tolerance, free = real("tolerance", tolerance, 0.0, 1.0), isinstance(intercept, str) and intercept == "free"
    prepared = prepare(X, y, True if free else intercept)
    kind, p, entries = _norm(norm, metric, prepared.data.features)
    with Progress("biascope.solve", shown=progress) as tick:
        status, message, found = _call(_biascope.solve, prepared.data, kind, p, entries, tolerance, free, tick)
    solution = Solution(found["direction"], prepared, norm, found["margin"], found["upper_bound"], found["gap"], found["dual"],
                        found["unique"], found["face_dimension"])
    if status:
        fail(status, message, solution)
    return solution


def _comparison(prepared: Prepared) -> Callable[[Floats], tuple[Cosines, Cosines]]:
    def compare(direction: Floats) -> tuple[Cosines, Cosines]:
        with Progress("biascope: max margins") as tick:
            found = _call(_biascope.measure, prepared.data, _ALL_NORMS, direction, tick)
        return {norm: found[f"cosine_{norm}"] for norm in NORMS}, {norm: found[f"angle_{norm}"] for norm in NORMS}
    return compare


def _prediction(prepared: Prepared, optimizer: str, found: dict[str, Any]) -> Prediction:
    names = ("method", "gap", "rate", "standard_error", "unique", "handover_step", "dual", "others", "kind", "confirmed",
             "confirmed_by", "increment_cosine")
    found["others"] = found["others"].reshape(len(found["others"]), *found["direction"].shape)
    return Prediction(found["direction"], prepared, _comparison(prepared), optimizer, **{name: found[name] for name in names})


def _unit(weights: Floats) -> Floats:
    length = np.linalg.norm(weights)
    return weights / length if length > 0 else weights


def _trace(rows: list[tuple[float, ...]], names: list[str]) -> np.ndarray[Any, Any]:
    return np.array(rows, dtype=[("step", np.int64), *((name, np.float64) for name in names)])


def _forecast(prepared: Prepared, training: _biascope.Options, steps: int, record: int, tick: Progress) -> Forecast:
    recorded = _biascope.recorded_steps(steps, record)
    found = _call(_biascope.forecast, prepared.data, training, recorded, tick)
    trace = _trace([(step, *row) for step, row in zip(recorded, found["measures"])],
                   ["log_loss", "weight_norm", "margin", "accuracy"])
    last = trace[-1]
    return Forecast(_unit(found["weights"]), prepared, _comparison(prepared), training.get("optimizer"), steps, found["weights"],
                    float(last["log_loss"]), float(last["margin"]), float(last["accuracy"]), found["error_estimate"],
                    found["method"], found["steps_taken"], trace)


def _limit(prepared: Prepared, training: _biascope.Options, starts: int, tolerance: float, confirm: str,
           tick: Progress) -> Prediction:
    status, message, found = _call(_biascope.predict, prepared.data, training, starts, tolerance, _CONFIRM.index(confirm), tick)
    result = _prediction(prepared, training.get("optimizer"), found)
    if status and not (status == NOT_CONVERGED and result.gap <= (tolerance or _EQUILIBRIUM)):
        fail(status, message, result)
    if confirm != "none" and not result.confirmed:
        warnings.warn(message or "the equilibrium found is not confirmed: the differential equation that small steps follow "
                      "from w = 0 was not seen to come to it; confirm='run' asks training itself", NotConfirmed, stacklevel=3)
    return result


def predict(X: Any, y: Any = None, optimizer: Any = "adam", *, steps: int = 0, starts: int = 8, record: int = 10,
            intercept: bool = False, tolerance: float = 0.0, confirm: str = "run", progress: bool | None = None,
            **options: Any) -> Prediction | Forecast:
    """The direction in which training diverges, without training (docs/limit.md); with steps, where the run is after so
    many (docs/forecast.md), a Forecast. Training starts from weights 0.

    optimizer, options: as the command line's, docs/options.md, or by torch's names (lr, betas, eps, weight_decay, momentum,
    nesterov); batch_size: a number, or 'full'. optimizer may be a torch.optim instance: its settings are taken, and those
    of options before them. confirm: 'run', 'flow' or 'none', how it is made sure that training goes there.
    starts: random points from which other limits are looked for. record: with steps, rows of the trace for each factor of
    ten. Raises NotConverged, with the best point found as its result, where the equations of a limit are not solved; where
    they are and training was not seen to go there, the result comes with the warning NotConfirmed.

    >>> import numpy as np, biascope
    >>> X = np.random.default_rng(1).standard_normal((5, 20))
    >>> biascope.predict(X, optimizer="signgd").cosine["linf"] > 1 - 1e-9
    True
    """
    one_of("confirm", confirm, _CONFIRM)
    steps, starts = whole("steps", steps, 0), whole("starts", starts, 0, 10**6)
    record, tolerance = whole("record", record, 0, 10**4), real("tolerance", tolerance, 0.0, 1.0)
    prepared = prepare(X, y, intercept)
    training = make_options(optimizer, options)
    if steps:
        warn_of_weights(optimizer)
        settle_steps(training, steps)
    with Progress("biascope.predict", shown=progress) as tick:
        return (_forecast(prepared, training, steps, record, tick) if steps
                else _limit(prepared, training, starts, tolerance, confirm, tick))


def train(X: Any, y: Any = None, optimizer: Any = "adam", *, steps: int = 10_000, record: int = 10, intercept: bool = False,
          progress: bool | None = None, **options: Any) -> Training:
    """Trains from weights 0, to the bits of the command line's `train`, for as many steps as asked, without underflow. Of
    k > 2 classes the weights are a matrix k x d, and the loss is the cross-entropy.

    optimizer, options: as for predict. record: measurements for each factor of ten in the steps. The trace has the fields
    step, log_loss, weight_norm, accuracy, margin_l2, margin_linf and margin_l1 (the least margin over the norm).

    >>> import biascope
    >>> run = biascope.train([[1.0, 0.5], [-0.5, 1.0]], optimizer="gd", steps=1000)
    >>> run.steps, int(run.trace["step"][-1]), run.margin["l2"] > 0
    (1000, 1000, True)
    """
    steps, record = whole("steps", steps, 1), whole("record", record, 0, 10**4)
    prepared = prepare(X, y, intercept)
    training = make_options(optimizer, options)
    warn_of_weights(optimizer)
    settle_steps(training, steps)
    trainer = _call(_biascope.Trainer, prepared.data, training)
    rows: list[tuple[float, ...]] = []
    with Progress("biascope.train", steps, progress) as tick:
        for step in _biascope.recorded_steps(steps, record):
            _call(trainer.run_to, step, tick)
            found = _call(_biascope.measure, prepared.data, 0, trainer.weights, None)
            rows.append((step, trainer.log_loss, *(found[name] for name in _MEASURES)))
    trace, weights = _trace(rows, ["log_loss", *_MEASURES]), trainer.weights
    return Training(_unit(weights), prepared, _comparison(prepared), training.get("optimizer"), steps, weights, trainer.log_loss,
                    {norm: float(trace[-1][f"margin_{norm}"]) for norm in NORMS}, float(trace[-1]["accuracy"]), trace)


def _several(prepared: Prepared, tick: Progress) -> Separability:
    """Of more than two classes: the certificate, and which pairs are not separable by themselves."""
    status, message, found = _call(_biascope.certify, prepared.data, tick)
    if status not in (0, NOT_SEPARABLE):
        fail(status, message)
    names = [] if prepared.classes is None else prepared.classes.tolist()
    decided = _call(_biascope.decide_pairs, prepared.data, tick) if status else [[0] * len(names)] * len(names)
    pairs = [(names[j], names[k]) for j, row in enumerate(decided) for k in range(j + 1, len(row)) if row[k] == NOT_SEPARABLE]
    return Separability(status == 0, None, found["margin"], found["direction"], found["dual"],
                        0.0 if status == 0 else found["upper_bound"], None, pairs)


def separable(X: Any, y: Any = None, *, loss: str = "logistic", intercept: bool = False,
              progress: bool | None = None) -> Separability:
    """Whether a direction separates the data, and if not, which samples one can (Ji and Telgarsky 2019); of several
    classes, which pairs cannot be told apart.

    >>> import biascope
    >>> found = biascope.separable([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]])
    >>> bool(found), found.part.tolist()
    (False, [False, False, True])
    """
    prepared = prepare(X, y, intercept)
    loss = make_options("gd", {"loss": loss}).get("loss")
    with Progress("biascope.separable", shown=progress) as tick:
        if prepared.data.outputs > 1:
            return _several(prepared, tick)
        found = _call(_biascope.find_parts, prepared.data, loss, tick)
    part = np.asarray(found["separable"], dtype=bool)
    return Separability(bool(part.all()), part, found["margin"], found["direction"], found["dual"], found["residual"],
                        found["minimiser"], [])


def doctor(X: Any, y: Any = None, optimizer: Any = "adam", *, want: str | None = None, fraction: float = 0.98,
           steps: int = 1_000_000, intercept: bool = False, progress: bool | None = None, **options: Any) -> Diagnosis:
    """What a run with these options will do, and options that reach `fraction` of the best margin of the norm `want`
    (by default l2 for gd and ngd, spectral for muon, spectral and shampoo of several classes, linf for the others) within
    `steps`; without training.

    >>> import numpy as np, biascope
    >>> found = biascope.doctor(np.random.default_rng(2).standard_normal((6, 30)), optimizer="gd")
    >>> found.limit.cosine["l2"] > 1 - 1e-9, "lr" in found.recommended
    (True, True)
    """
    steps, fraction = whole("steps", steps, 1), real("fraction", fraction, 2.0**-40, 1.0 - 2.0**-40)
    prepared = prepare(X, y, intercept)
    training = make_options(optimizer, options)
    several = prepared.classes is not None and len(prepared.classes) > 2
    norm = None if want is None else one_of("want", want, NORMS + _MATRIX_NORMS if several else NORMS)
    with Progress("biascope.doctor", shown=progress) as tick:
        found = _call(_biascope.diagnose, prepared.data, training, norm, fraction, steps, tick)
    limit = found["limit"]
    return Diagnosis(_prediction(prepared, training.get("optimizer"), limit) if limit else None, found["fraction"],
                     found["momentum_stale_until"], found["second_moment_stale_until"], found["misalignment"],
                     found["guaranteed"], found["recommended"], found["expected"])
