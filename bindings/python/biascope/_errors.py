"""What the library reports, as exceptions that carry its sentence."""
from __future__ import annotations

from typing import Any, NoReturn

USAGE, BAD_INPUT, NOT_SEPARABLE, NOT_CONVERGED, NO_MEMORY = 1, 2, 3, 4, 5


class BiascopeError(Exception):
    """The base of what biascope raises beside ValueError, TypeError and MemoryError."""


class NotSeparable(BiascopeError, ValueError):
    """No direction has a positive margin on every sample. `result`: what proves it, or None."""

    def __init__(self, message: str, result: Any = None) -> None:
        super().__init__(message)
        self.result = result


class NotConverged(BiascopeError, RuntimeError):
    """The certificate asked for was not reached. `result`: the best that was found, or None."""

    def __init__(self, message: str, result: Any = None) -> None:
        super().__init__(message)
        self.result = result


class NotConfirmed(UserWarning):
    """What was predicted satisfies the equations of a limit, but training was not seen to go there."""


class WeightsNotZero(UserWarning):
    """A torch optimizer's parameters are not 0, where the run that is computed starts."""


def fail(status: int, message: str, result: Any = None) -> NoReturn:
    """Raises the exception of a status."""
    if status == NOT_SEPARABLE:
        raise NotSeparable(message, result)
    if status == NOT_CONVERGED:
        raise NotConverged(message, result)
    if status == NO_MEMORY:
        raise MemoryError(message)
    raise ValueError(message)
