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


#: torch.optim's classes, and what their param_groups hold that is no option here but has to have one value
_TORCH = {"SGD": "gd", "Adam": "adam", "AdamW": "adamw", "NAdam": "nadam", "Adamax": "adamax", "RMSprop": "rmsprop",
          "Adagrad": "adagrad"}
_FIXED = {"amsgrad": False, "maximize": False, "dampening": 0, "centered": False, "lr_decay": 0, "initial_accumulator_value": 0,
          "decoupled_weight_decay": False}


def _from_torch(optimizer: Any, options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The name and the settings of a torch.optim instance; the options given go before them."""
    kind = type(optimizer).__name__
    if kind not in _TORCH or len(optimizer.param_groups) != 1:
        raise TypeError(f"optimizer is {kind} with {len(optimizer.param_groups)} parameter groups; expected one group and one of "
                        + ", ".join(sorted(_TORCH)))
    name, group = _TORCH[kind], optimizer.param_groups[0]
    for key, expected in _FIXED.items():
        if key in group and group[key] != expected and not (kind == "AdamW" and key == "decoupled_weight_decay"):
            raise ValueError(f"{kind} has {key}={group[key]!r}; expected {expected!r}, which is all that is known here")
    settings: dict[str, Any] = {"torch": True, "lr": group["lr"]}
    if "betas" in group:
        settings["betas"] = group["betas"]
    if "alpha" in group:
        settings["beta2"] = group["alpha"]
    if "eps" in group:
        settings["eps"] = group["eps"]
    for key in ("weight_decay", "momentum", "nesterov"):
        if group.get(key):
            settings[key] = group[key]
    return name, {**settings, **options}


def make_options(optimizer: Any, options: dict[str, Any]) -> Any:
    """The library's options. `None` leaves an option at the optimizer's usual value."""
    if hasattr(optimizer, "param_groups"):
        optimizer, options = _from_torch(optimizer, options)
    if not isinstance(optimizer, str):
        raise TypeError(f"optimizer is {optimizer!r}; expected a name, such as 'adam'")
    try:
        return _biascope.Options(optimizer, _settings(options))
    except _biascope.Failure as failure:
        fail(*failure.args)
