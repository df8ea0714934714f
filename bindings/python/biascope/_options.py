"""Options of training, by the names of the library's table or by torch's."""
from __future__ import annotations

from typing import Any

from . import _biascope
from ._errors import fail

#: name: (type, what it does, what its value may be)
TABLE: dict[str, tuple[int, str, str]] = {name: (kind, text, expected)
                                          for name, kind, text, expected in _biascope.option_table()}
_FLAG = 3


def _text(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if name in TABLE and TABLE[name][0] == _FLAG:
        return "true" if value else "false"
    number = value.item() if hasattr(value, "item") else value
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise TypeError(f"{name} is {value!r}; expected {TABLE[name][2] if name in TABLE else 'a number'}")
    return repr(number)


def _settings(options: dict[str, Any]) -> list[tuple[str, str]]:
    settings = []
    for name, value in options.items():
        if name == "betas":
            if len(value) != 2:
                raise ValueError(f"betas is {value!r}; expected two numbers, (beta1, beta2)")
            settings += [("beta1", _text("beta1", value[0])), ("beta2", _text("beta2", value[1]))]
        elif name not in TABLE:
            raise TypeError(f"unknown option {name!r}; expected betas or one of {', '.join(sorted(TABLE))}")
        elif value is not None:
            settings.append((name, _text(name, value)))
    return settings


def make_options(optimizer: str, options: dict[str, Any]) -> Any:
    """The library's options. `None` leaves an option at the optimizer's usual value."""
    if not isinstance(optimizer, str):
        raise TypeError(f"optimizer is {optimizer!r}; expected a name, such as 'adam'")
    try:
        return _biascope.Options(optimizer, _settings(options))
    except _biascope.Failure as failure:
        fail(*failure.args)
