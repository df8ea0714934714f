"""scikit-learn's classifiers: fit is the prediction, or the max-margin direction."""
from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from ._data import Floats
from ._errors import NotConverged, NotSeparable
from ._functions import predict, separable, solve

#: How far beyond the inseparable samples' margins the separable ones are put.
_BEYOND = 10.0


def _off_to_infinity(X: Any, y: npt.NDArray[Any], intercept: bool, loss: str) -> Floats:
    """For data that are not separable: the finite minimiser of the loss, plus so much of the separable part's direction,
    along which training runs away, that this part is classified by it."""
    found = separable(X, y, loss=loss, intercept=intercept)
    if found.minimiser is None:
        raise NotConverged("the data are not separable, and the minimiser of the loss was not found", found)
    weights = found.minimiser.copy()
    if found.part is not None and found.part.any():
        X = X.toarray() if hasattr(X, "toarray") else np.asarray(X)
        rows = np.hstack([X, np.ones((len(X), 1))]) if intercept else X
        weights += _BEYOND * (1.0 + np.abs(rows @ weights).max()) / found.margin * found.direction
    return weights


class _LinearClassifier(ClassifierMixin, BaseEstimator):
    """What both estimators share. Attributes after fit: coef_ (1 x d), intercept_ (1), classes_, separable_, and gap_,
    to which the direction is certified."""

    fit_intercept: bool
    loss: str

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.sparse = True
        return tags

    def _find(self, X: Any, y: npt.NDArray[Any]) -> Any:
        raise NotImplementedError

    def fit(self, X: Any, y: Any) -> Any:
        """X: N x d, dense or sparse; y: N labels of two classes."""
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=np.float64)
        check_classification_targets(y)
        self.classes_, index = np.unique(y, return_inverse=True)
        if len(self.classes_) > 2:
            raise ValueError("Only binary classification is supported. The type of the target is multiclass.")
        if len(self.classes_) < 2:
            raise ValueError(f"Classifier can't train when only one class is present: y holds {self.classes_[0]!r} alone.")
        self.separable_, self.gap_ = True, 0.0
        try:
            found = self._find(X, index)
            weights, self.gap_ = found.direction, getattr(found, "gap", np.nan)  # a point after `steps` has none
        except NotSeparable:
            self.separable_ = False
            weights = _off_to_infinity(X, index, self.fit_intercept, self.loss)
        except NotConverged as failure:
            if failure.result is None or not np.isfinite(failure.result.direction).all():
                raise
            warnings.warn(str(failure), stacklevel=2)
            weights, self.gap_ = failure.result.direction, failure.result.gap
        self.coef_ = (weights[:-1] if self.fit_intercept else weights)[None, :].copy()
        self.intercept_ = weights[-1:].copy() if self.fit_intercept else np.zeros(1)
        return self

    def decision_function(self, X: Any) -> Floats:
        """x.coef_ + intercept_ of each row; positive for classes_[1]."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float64, reset=False)
        values: Floats = np.asarray(X @ self.coef_[0], dtype=np.float64).ravel() + self.intercept_[0]
        return values

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """The class of each row."""
        check_is_fitted(self)
        classes: npt.NDArray[Any] = self.classes_[(self.decision_function(X) > 0).astype(int)]
        return classes


class ImplicitBiasClassifier(_LinearClassifier):
    """The classifier that training with an optimizer finds in the limit, predicted without training (or that after
    `steps`, where that is not 0). `options`: further options of training by name, such as {"lr_decay": 0.0}. A batch_size of N or
    more is the full batch.

    >>> import numpy as np
    >>> from biascope import ImplicitBiasClassifier
    >>> X = np.random.default_rng(0).standard_normal((10, 30))
    >>> y = np.arange(10) % 2
    >>> ImplicitBiasClassifier(optimizer="signgd").fit(X, y).score(X, y)
    1.0
    """

    def __init__(self, optimizer: str = "adam", *, batch_size: int | str = "full", loss: str = "logistic", steps: int = 0,
                 fit_intercept: bool = True, options: dict[str, Any] | None = None) -> None:
        self.optimizer = optimizer
        self.batch_size = batch_size
        self.loss = loss
        self.steps = steps
        self.fit_intercept = fit_intercept
        self.options = options

    def _find(self, X: Any, y: npt.NDArray[Any]) -> Any:
        whole = self.batch_size == "full" or self.batch_size >= X.shape[0]
        return predict(X, y, optimizer=self.optimizer, batch_size="full" if whole else self.batch_size, loss=self.loss, steps=self.steps, starts=0, confirm="flow",
                       intercept=self.fit_intercept, **(self.options or {}))


class MaxMarginClassifier(_LinearClassifier):
    """The hard-margin classifier of a norm ('l2', 'linf', 'l1', 'lP'). `loss`: whose finite minimiser stands in where
    the data are not separable.

    >>> import numpy as np
    >>> from biascope import MaxMarginClassifier
    >>> MaxMarginClassifier(norm="l1").fit([[0.0, 1.0], [0.0, -1.0]], [1, 0]).coef_
    array([[0., 1.]])
    """

    def __init__(self, norm: str = "l2", *, loss: str = "logistic", fit_intercept: bool = True, tolerance: float = 0.0) -> None:
        self.norm = norm
        self.loss = loss
        self.fit_intercept = fit_intercept
        self.tolerance = tolerance

    def _find(self, X: Any, y: npt.NDArray[Any]) -> Any:
        return solve(X, y, norm=self.norm, intercept=self.fit_intercept, tolerance=self.tolerance)
