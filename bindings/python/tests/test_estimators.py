"""scikit-learn's own judgement of the estimators, with no failure expected, and their use in pipelines."""
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from biascope import ImplicitBiasClassifier, MaxMarginClassifier


@parametrize_with_checks([MaxMarginClassifier(), MaxMarginClassifier(norm="linf"), ImplicitBiasClassifier(),
                          ImplicitBiasClassifier("adamw", batch_size=32)])
def test_scikit_learn_accepts_the_estimators(estimator, check):
    check(estimator)


def test_pipelines_searches_and_pickles():
    X = np.random.default_rng(0).standard_normal((20, 60))
    y = np.where(X[:, 0] > 0, "b", "a")
    search = GridSearchCV(make_pipeline(StandardScaler(), MaxMarginClassifier()), {"maxmarginclassifier__norm": ["l2", "l1"]}, cv=3)
    assert search.fit(X, y).score(X, y) == 1.0
    fitted = clone(MaxMarginClassifier("linf")).fit(X, y)
    assert (pickle.loads(pickle.dumps(fitted)).predict(X) == y).all()


def test_data_that_are_not_separable_get_the_finite_minimiser():
    X = np.array([[1.0], [2.0], [-1.0], [1.5]])
    fitted = MaxMarginClassifier(fit_intercept=False).fit(X, [0, 1, 0, 1])
    w = fitted.coef_[0, 0]
    slope = sum(-s * x / (1 + np.exp(s * x * w)) for (x,), s in zip(X, (-1, 1, -1, 1)))
    assert not fitted.separable_ and slope == pytest.approx(0, abs=1e-9)
