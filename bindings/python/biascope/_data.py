"""Arrays, frames and tensors of users become the library's data sets: rows y_i x_i of float64."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _biascope

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Prepared:
    """A data set with what was taken off it: the names of classes and features; and the rows as they came, with the sign
    of each one's class (None: it is folded in)."""

    data: Any
    classes: npt.NDArray[Any] | None
    names: list[str] | None
    intercept: bool
    rows: Any
    signs: Floats | None

    def margins(self, w: Floats) -> Floats:
        """y_i x_i.w, N entries; w has an entry for each feature, and a last one for the intercept if there is one."""
        values = self.rows @ (w[:-1] if self.intercept else w) + (w[-1] if self.intercept else 0.0)
        return values if self.signs is None else values * self.signs


def _plain(value: Any) -> Any:
    """Frames and tensors as NumPy arrays; anything else as it is."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    if hasattr(value, "to_numpy"):
        value = value.to_numpy()
    return value


def _numbers(value: Any, name: str) -> Floats:
    array = np.asarray(_plain(value))
    if array.dtype == object or array.dtype.kind not in "biuf":
        raise TypeError(f"{name} has dtype {array.dtype}; expected real numbers")
    return np.ascontiguousarray(array, dtype=np.float64)


def _check_finite(values: Floats, name: str) -> None:
    if np.isfinite(values).all():
        return
    where = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
    raise ValueError(f"{name}{list(where)} is {values[where]} (NaN or infinity); expected finite numbers")


def _signs(y: Any, samples: int) -> tuple[Floats, npt.NDArray[Any]]:
    labels = np.asarray(_plain(y))
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels.ravel()
    if labels.shape != (samples,):
        raise ValueError(f"y has shape {labels.shape}; expected a label for each of the {samples} rows of X")
    if labels.dtype.kind == "f":
        _check_finite(labels.astype(np.float64), "y")
    classes, index = np.unique(labels, return_inverse=True)
    if len(classes) != 2:
        raise ValueError(f"y has {len(classes)} class{'es' if len(classes) != 1 else ''}; expected two")
    return np.where(index == 1, 1.0, -1.0), classes


def _fold_sparse(X: Any, signs: Floats | None, intercept: bool) -> Any:
    matrix = X.tocsr().astype(np.float64)
    if intercept:
        from scipy.sparse import csr_matrix, hstack  # whoever hands in a sparse matrix has SciPy
        matrix = hstack([matrix, csr_matrix(np.ones((matrix.shape[0], 1)))], format="csr")
    matrix = matrix.copy()
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    _check_finite(matrix.data, "the stored values of X")
    values = matrix.data if signs is None else matrix.data * np.repeat(signs, np.diff(matrix.indptr))
    return _biascope.Data.sparse(matrix.shape[1], matrix.indptr.astype(np.uint64), matrix.indices.astype(np.uint32),
                                 np.ascontiguousarray(values))


def _fold_dense(X: Floats, signs: Floats | None, intercept: bool) -> Any:
    if intercept:
        X = np.hstack([X, np.ones((len(X), 1))])
    return _biascope.Data.dense(np.ascontiguousarray(X if signs is None else X * signs[:, None]))


def prepare(X: Any, y: Any = None, intercept: bool = False) -> Prepared:
    """X: N x d, dense or SciPy-sparse; y: N labels of two classes, the larger one positive, or None where the rows are
    y_i x_i already. With an intercept a column of ones follows the features."""
    columns = getattr(X, "columns", None)
    names = [str(name) for name in columns] if columns is not None else None
    sparse = hasattr(X, "tocsr")
    rows = X if sparse else _numbers(X, "X")
    if len(rows.shape) != 2:
        raise ValueError(f"X has {len(rows.shape)} dimension(s), shape {rows.shape}; expected two, (samples, features)")
    if 0 in rows.shape:
        raise ValueError(f"X has shape {rows.shape}; expected at least one sample and one feature")
    if not sparse:
        _check_finite(rows, "X")
    signs, classes = (None, None) if y is None else _signs(y, rows.shape[0])
    fold = _fold_sparse if sparse else _fold_dense
    try:
        return Prepared(fold(rows, signs, intercept), classes, names, intercept, rows, signs)
    except _biascope.Failure as failure:
        raise ValueError(failure.args[1]) from None
