"""Which classifier does training find? Given data and an optimizer, biascope trains, solves for the max-margin
references, and predicts the direction in which training diverges, each with a certificate.

>>> import numpy as np, biascope
>>> X = np.random.default_rng(0).standard_normal((10, 50))
>>> y = np.array(["cat", "dog"] * 5)
>>> adam = biascope.predict(X, y, optimizer="adam", betas=(0.9, 0.95), batch_size=1)
>>> adam.gap < 1e-10, adam.coef_.shape
(True, (1, 50))
>>> 0.9 < adam.cosine["l2"] < 0.999 and adam.cosine["linf"] < 0.9  # neither max margin
True
"""
from __future__ import annotations

from typing import Any

from ._biascope import version as _version
from ._errors import BiascopeError, NotConfirmed, NotConverged, NotSeparable, WeightsNotZero
from ._functions import doctor, predict, separable, solve, train
from ._results import Diagnosis, Forecast, Prediction, Separability, Solution, Training
from ._studies import Store, sweep

__version__ = _version()
__all__ = ["predict", "train", "solve", "separable", "doctor", "sweep", "Store", "Prediction", "Forecast", "Training", "Solution",
           "Separability", "Diagnosis", "BiascopeError", "NotSeparable", "NotConverged", "NotConfirmed", "WeightsNotZero",
           "ImplicitBiasClassifier", "MaxMarginClassifier"]


def __getattr__(name: str) -> Any:
    """The estimators, whose scikit-learn is imported when they are first asked for."""
    if name in ("ImplicitBiasClassifier", "MaxMarginClassifier"):
        from . import _estimators
        return getattr(_estimators, name)
    raise AttributeError(f"module 'biascope' has no attribute {name!r}")
