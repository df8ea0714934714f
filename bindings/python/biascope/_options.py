"""Options of training, by the names of the library's table or by torch's."""
from __future__ import annotations

import warnings
from typing import Any

from . import _biascope
from ._errors import WeightsNotZero, fail

#: name: (type, what it does, what its value may be)
TABLE: dict[str, tuple[int, str, str]] = {name: (kind, text, expected)
                                          for name, kind, text, expected in _biascope.option_table()}
_FLAG = 3


def _text(name: str, value: Any) -> str:
    if isinstance(value, str):
        if not value.isascii() or "\0" in value:
            raise ValueError(f"{name} is {value!r}; expected {TABLE[name][2]}")
        return value
    if name in TABLE and TABLE[name][0] == _FLAG:
        return "true" if value else "false"
    number = value.item() if getattr(value, "size", None) == 1 or hasattr(value, "detach") and value.numel() == 1 else value
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise TypeError(f"{name} is {value!r}; expected {TABLE[name][2] if name in TABLE else 'a number'}")
    return repr(number)


def _settings(options: dict[str, Any]) -> list[tuple[str, str]]:
    settings = []
    for name, value in options.items():
        if name == "betas":
            if not isinstance(value, (tuple, list)) or len(value) != 2:
                raise ValueError(f"betas is {value!r}; expected two numbers, (beta1, beta2)")
            settings += [("beta1", _text("beta1", value[0])), ("beta2", _text("beta2", value[1]))]
        elif name not in TABLE:
            raise TypeError(f"unknown option {name!r}; expected betas or one of {', '.join(sorted(TABLE))}")
        elif value is not None:
            settings.append((name, _text(name, value)))
    return settings


#: torch.optim's classes, and what their param_groups hold that is no option here but has to have one value
_TORCH = {"SGD": "gd", "Adam": "adam", "AdamW": "adamw", "NAdam": "nadam", "Adamax": "adamax", "RMSprop": "rmsprop",
          "Adagrad": "adagrad", "Muon": "muon"}
_FIXED = {"amsgrad": False, "maximize": False, "dampening": 0, "centered": False, "lr_decay": 0, "initial_accumulator_value": 0,
          "decoupled_weight_decay": False, "momentum_decay": 0.004, "ns_coefficients": (3.4445, -4.775, 2.0315)}


def _from_torch(optimizer: Any, options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The name and the settings of a torch.optim instance; the options given go before them."""
    kind, groups = type(optimizer).__name__, optimizer.param_groups
    if kind not in _TORCH or not isinstance(groups, list) or len(groups) != 1 or "lr" not in groups[0]:
        count = len(groups) if isinstance(groups, list) else 0
        raise TypeError(f"optimizer is {kind} with {count} parameter groups; expected one group, with lr, and one of "
                        + ", ".join(sorted(_TORCH)))
    name, group = _TORCH[kind], groups[0]
    for key, expected in _FIXED.items():
        if key in group and group[key] != expected and not (kind == "AdamW" and key == "decoupled_weight_decay"):
            raise ValueError(f"{kind} has {key}={group[key]!r}; expected {expected!r}, the only value that is known here")
    settings: dict[str, Any] = {"torch": True, "lr": group["lr"]}
    if "betas" in group:
        settings["betas"] = group["betas"]
    if "alpha" in group:
        settings["beta2"] = group["alpha"]
    if "eps" in group:
        settings["eps"] = group["eps"]
    if "weight_decay" in group:
        settings["weight_decay"] = group["weight_decay"]
    for key in ("momentum", "nesterov"):
        if group.get(key):
            settings[key] = group[key]
    if kind == "Muon":
        settings.pop("momentum", None)
        settings |= {"beta1": group["momentum"], "nesterov": group["nesterov"], "newton_schulz": group["ns_steps"],
                     "adjust_lr": (group["adjust_lr_fn"] or "original").replace("_", "-")}
    return name, {**settings, **options}


def make_options(optimizer: Any, options: dict[str, Any]) -> Any:
    """The library's options. `None` leaves an option at the optimizer's usual value."""
    if hasattr(optimizer, "param_groups"):
        optimizer, options = _from_torch(optimizer, options)
    if not isinstance(optimizer, str) or not optimizer.isascii() or "\0" in optimizer:
        raise TypeError(f"optimizer is {optimizer!r}; expected a name, such as 'adam', or a torch.optim instance")
    try:
        return _biascope.Options(optimizer, _settings(options))
    except _biascope.Failure as failure:
        fail(*failure.args)


def settle_steps(training: _biascope.Options, steps: int) -> None:
    """A schedule that ends with the run ends after these steps."""
    if training.reads("total_steps") and training.get("total_steps") == "steps":
        training.set("total_steps", str(steps))


def warn_of_weights(optimizer: Any) -> None:
    """Where a torch optimizer's parameters are not 0, as the run's are at its start."""
    groups = getattr(optimizer, "param_groups", None) or []
    if any(bool(parameter.detach().ne(0).any()) for group in groups for parameter in group.get("params", [])):
        warnings.warn(f"the parameters of {type(optimizer).__name__} are not 0; the run that is computed starts from weights 0",
                      WeightsNotZero, stacklevel=3)
