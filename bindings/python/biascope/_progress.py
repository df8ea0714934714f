"""How far a long computation is, shown by tqdm where that is installed, on a terminal or in a notebook."""
from __future__ import annotations

import sys
import time
import warnings
from types import TracebackType
from typing import Any

_AFTER = 1.0  # seconds


def _is_watched() -> bool:
    return "ipykernel" in sys.modules or (sys.stderr is not None and sys.stderr.isatty())


class Progress:
    """Called from time to time, with the number of steps taken where there are any; shows a bar after a second. As a
    context manager it closes the bar. shown: True or False; None: on terminals and in notebooks."""

    def __init__(self, what: str, total: int | None = None, shown: bool | None = None) -> None:
        self._what, self._total = what, total
        self._shown = _is_watched() if shown is None else shown
        self._start = time.monotonic()
        self._bar: Any = None

    def __call__(self, done: int = 0) -> None:
        if not self._shown or time.monotonic() - self._start < _AFTER:
            return
        if self._bar is None:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # of notebooks without widgets, where the bar is text
                    from tqdm.auto import tqdm
            except ImportError:
                self._shown = False
                return
            counted = {"total": self._total, "unit": " steps", "unit_scale": True}
            self._bar = tqdm(desc=self._what, **counted if self._total else {"bar_format": "{desc}: {elapsed}"})
        if self._total:
            self._bar.update(done - self._bar.n)
        else:
            self._bar.refresh()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.close()
