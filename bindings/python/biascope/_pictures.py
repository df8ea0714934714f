"""Pictures of results, by matplotlib."""
from __future__ import annotations

import base64
import html
import io
from typing import Any

import numpy as np

from ._data import Floats

MARGINS = {"margin": "l2", "margin_l2": "l2", "margin_linf": "linf", "margin_l1": "l1"}


def axes_of(axes: Any) -> Any:
    if axes is not None:
        return axes
    from matplotlib import pyplot
    return pyplot.subplots(figsize=(5.0, 3.0), layout="constrained")[1]


def plot_margins(margins: Floats, title: str, axes: Any = None) -> Any:
    """The samples' margins y_i x_i.w, from the least to the largest."""
    axes = axes_of(axes)
    ordered = np.sort(margins)
    axes.plot(np.arange(1, len(ordered) + 1), ordered, ".")
    axes.axhline(ordered[0], linewidth=0.8, linestyle="--")
    low, high = min(0.0, ordered[0]), max(0.0, ordered[-1])
    axes.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low) or 1.0)
    axes.set(xlabel="sample, by margin", ylabel="margin", title=title)
    return axes


def plot_trace(trace: Any, title: str, axes: Any = None) -> Any:
    """The margins of w / ||w|| in each norm, against the steps."""
    axes = axes_of(axes)
    for name in trace.dtype.names:
        if name in MARGINS:
            axes.plot(trace["step"], trace[name], label=MARGINS[name])
    axes.set(xscale="log", xlabel="step", ylabel="smallest margin of w / ||w||", title=title)
    axes.legend()
    return axes


def as_html(result: Any) -> str:
    """The result's line, and where matplotlib is installed its picture."""
    text = f"<code>{html.escape(repr(result))}</code>"
    if not hasattr(result, "plot"):
        return text
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return text
    figure = Figure(figsize=(5.0, 3.0), layout="constrained")
    result.plot(figure.subplots())
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=90)
    picture = base64.b64encode(stream.getvalue()).decode("ascii")
    return f'{text}<br><img alt="{html.escape(repr(result))}" src="data:image/png;base64,{picture}">'
