"""Arrays, frames and tensors of users become the library's data sets."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _biascope
from ._errors import fail

Floats = npt.NDArray[np.float64]
_CLASSES_MOST = 1000


@dataclass(frozen=True)
class Prepared:
    """A data set with what was taken off it: the names of classes and features, and whether its last feature is the
    intercept's."""

    data: _biascope.Data
    classes: npt.NDArray[Any] | None
    names: list[str] | None
    intercept: bool


def _array(value: Any, name: str) -> npt.NDArray[Any]:
    """Frames, tensors and lists as NumPy arrays; an array is not copied."""
    if np.ma.isMaskedArray(value) and np.ma.getmaskarray(value).any():
        raise TypeError(f"{name} has masked entries; expected a value for each")
    try:
        if hasattr(value, "detach"):
            value = value.detach().cpu()
            value = value.double() if str(value.dtype) == "torch.bfloat16" else value
        if hasattr(value, "to_numpy"):
            array = value.to_numpy()  # of a frame whose columns are of pandas' own types: objects
            value = value.to_numpy(dtype=np.float64) if array.dtype == object and hasattr(value, "columns") else array
        return np.asarray(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise TypeError(f"{name} is {type(value).__name__}, of which no array could be made ({error}); expected real "
                        "numbers" + ("" if name == "X" else " or labels")) from None


def numbers_of(value: Any, name: str) -> Floats:
    array = _array(value, name)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} has dtype {array.dtype}; expected real numbers")
    with np.errstate(over="ignore"):  # of long doubles: infinities are refused later
        return np.ascontiguousarray(array, dtype=np.float64)


def check_finite(values: Floats, name: str) -> None:
    if np.isfinite(values).all():
        return
    where = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
    raise ValueError(f"{name}{list(where)} is {values[where]} (NaN or infinity); expected finite numbers")


def _labels(y: Any, samples: int) -> tuple[npt.NDArray[np.uint32], npt.NDArray[Any]]:
    """The class of each sample, and the classes in order."""
    labels = _array(y, "y")
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels.ravel()
    if labels.shape != (samples,):
        raise ValueError(f"y has shape {labels.shape}; expected a label for each of the {samples} rows of X")
    if labels.dtype.kind == "f":
        check_finite(labels.astype(np.float64), "y")
    if labels.dtype.kind in "biuf":  # two classes of numbers need no sorting
        low, high = labels.min(), labels.max()
        positive = labels == high
        if low < high and (positive | (labels == low)).all():
            return positive.astype(np.uint32), np.stack((low, high))
    try:
        classes, index = np.unique(labels, return_inverse=True)
    except TypeError:
        raise TypeError(f"y has labels of several types (dtype {labels.dtype}); expected numbers or texts alone") from None
    if not 2 <= len(classes) <= _CLASSES_MOST:
        raise ValueError(f"y has {len(classes)} class{'es' if len(classes) != 1 else ''}; expected from 2 to {_CLASSES_MOST}")
    return index.astype(np.uint32), classes


def _sparse(X: Any, intercept: bool) -> Any:
    if np.dtype(X.dtype).kind not in "biuf":
        raise TypeError(f"X has dtype {X.dtype}; expected real numbers")
    matrix = X.tocsr().astype(np.float64)
    if intercept:
        from scipy.sparse import csr_matrix, hstack  # whoever hands in a sparse matrix has SciPy
        matrix = hstack([matrix, csr_matrix(np.ones((matrix.shape[0], 1)))], format="csr")
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return matrix


def _with_ones(X: Floats) -> Floats:
    return np.hstack([X, np.ones((len(X), 1))])


def _make(X: Any, labels: npt.NDArray[np.uint32] | None, names: list[str], intercept: bool) -> _biascope.Data:
    if not hasattr(X, "tocsr"):
        return _biascope.Data.dense(_with_ones(X) if intercept else X, labels, names)
    matrix = _sparse(X, intercept)
    return _biascope.Data.sparse(matrix.shape[1], matrix.indptr.astype(np.uint64), matrix.indices.astype(np.uint32),
                                 np.ascontiguousarray(matrix.data), labels, names)


def prepare(X: Any, y: Any = None, intercept: Any = False) -> Prepared:
    """X: N x d, dense or SciPy-sparse; y: N labels, of which the larger of two classes is positive, or None where the rows
    are y_i x_i already. With an intercept a column of ones follows the features."""
    columns = getattr(X, "columns", None)
    feature_names = [str(name) for name in columns] if columns is not None else None
    sparse = hasattr(X, "tocsr")
    rows = X if sparse else numbers_of(X, "X")
    if len(rows.shape) != 2:
        raise ValueError(f"X has {len(rows.shape)} dimension(s), shape {rows.shape}; expected two, (samples, features)")
    if 0 in rows.shape:
        raise ValueError(f"X has shape {rows.shape}; expected at least one sample and one feature")
    if not isinstance(intercept, (bool, np.bool_, int)):
        raise TypeError(f"intercept is {intercept!r}; expected True or False (in solve also 'free')")
    if intercept and y is None:
        raise ValueError("intercept needs the labels y: of rows that are y_i x_i already its sign is not known")
    labels, classes = (None, None) if y is None else _labels(y, rows.shape[0])
    names = [] if classes is None else [str(name) for name in classes]
    try:
        return Prepared(_make(rows, labels, names, bool(intercept)), classes, feature_names, bool(intercept))
    except _biascope.Failure as failure:
        if not sparse:
            check_finite(rows, "X")
        fail(failure.args[0], f"X: {failure.args[1]}")
