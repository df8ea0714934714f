"""PyTorch's models: the data of a classifier's last layer, which are what a linear classifier is trained on."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterable

import numpy as np
import numpy.typing as npt

from ._data import Floats


@dataclass(frozen=True)
class LastLayer:
    """What the last linear layer of a model sees: `features`, N x d, `labels`, N, and whether the layer has a bias
    (`intercept`). `predict(*last_layer)` and the like take it apart."""

    features: Floats
    labels: npt.NDArray[Any]
    intercept: bool

    def __iter__(self) -> Any:
        return iter((self.features, self.labels))


def _last_linear(model: Any) -> Any:
    import torch
    layers = [module for module in model.modules() if isinstance(module, torch.nn.Linear)]
    if not layers:
        raise ValueError(f"{type(model).__name__} has no torch.nn.Linear; expected a model whose last layer is one, or layer=")
    return layers[-1]


def last_layer(model: Any, loader: Iterable[Any], *, layer: Any = None) -> LastLayer:
    """Runs the model over the loader's (inputs, labels) batches, without gradients and in evaluation mode, and collects
    what its last linear layer (or `layer`) is given.

    The features are float64, in the loader's order: use one that does not shuffle where the order matters. The model's
    mode (training or evaluation) is as before afterwards.
    """
    import torch
    target = layer if layer is not None else _last_linear(model)
    seen: list[Any] = []
    labels: list[Any] = []
    hook = target.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach().to("cpu", torch.float64)))
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            for inputs, answers in loader:
                model(inputs)
                labels.append(torch.as_tensor(answers).detach().cpu())
    finally:
        hook.remove()
        model.train(training)
    if not seen:
        raise ValueError("the loader gave no batch, or the layer was never reached; expected (inputs, labels) pairs")
    features = torch.cat([part.reshape(-1, part.shape[-1]) for part in seen]).numpy()
    answers = np.concatenate([np.atleast_1d(part.numpy()) for part in labels])
    if len(features) != len(answers):
        raise ValueError(f"the layer saw {len(features)} rows for {len(answers)} labels; expected one for each")
    return LastLayer(features, answers, target.bias is not None)
