"""Loss curves from the lines that MMEngine's local visualization backend writes."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

Curves = dict[str, tuple[NDArray[np.floating], NDArray[np.floating]]]


def read_losses(files: Sequence[str | Path]) -> Curves:
    """Every ``loss*`` value by name, as (steps, values), from ``scalars.json`` files in order of time.

    A later file, of a resumed or repeated run, replaces what earlier ones say from its own first step on. Lines that
    are no JSON, as a kill or a full disk leaves them, are left out. The total ``loss`` is left out where it is the
    only task's loss under a second name.
    """
    lines: list[dict[str, Any]] = []
    for file in files:
        text = Path(file).read_text(encoding="utf-8", errors="replace")
        new = [line for line in map(_values_of, text.splitlines()) if "step" in line and _has_loss(line)]
        if new:
            lines = [line for line in lines if line["step"] < new[0]["step"]] + new
    names = sorted({key for line in lines for key in line if key.startswith("loss")})
    if len(names) == 2 and "loss" in names:
        names.remove("loss")
    return {name: _curve(name, lines) for name in names}


def _values_of(line: str) -> dict[str, Any]:
    """The numbers of a line of the log; none where it was torn."""
    try:
        values = json.loads(line)
    except ValueError:
        return {}
    return {name: value for name, value in values.items() if _is_number(value)} if isinstance(values, dict) else {}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _has_loss(line: dict[str, Any]) -> bool:
    return any(key.startswith("loss") for key in line)


def _curve(name: str, lines: Sequence[dict[str, Any]]) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    pairs = [(line["step"], line[name]) for line in lines if name in line]
    steps, values = np.array(pairs, dtype=float).T
    return steps, values


def draw_loss_curves(losses: Curves, title: str) -> Figure:
    """One panel a loss: what was logged, thin, and its running mean over a thirtieth of the run, thick.

    Raises:
        ValueError: there are no losses.
    """
    if not losses:
        raise ValueError("no losses to draw: none were logged (is the logger's interval longer than the run?)")
    figure = Figure(figsize=(max(4.2 * len(losses), 5.0), 3.4), facecolor="white", layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    for axes, (name, (steps, values)) in zip(
        figure.subplots(1, len(losses), squeeze=False)[0], losses.items(), strict=True
    ):
        _panel(axes, name, steps, values)
    return figure


def _panel(axes: Axes, name: str, steps: NDArray[np.floating], values: NDArray[np.floating]) -> None:
    window = max(1, len(values) // 30)
    axes.plot(
        steps,
        values,
        color="tab:blue",
        alpha=0.35 if window > 1 else 1.0,
        linewidth=1,
        marker="." * (len(values) < 40),
    )
    if window > 1:
        mean = np.convolve(values, np.full(window, 1 / window), mode="valid")
        centre = (window - 1) // 2
        axes.plot(steps[centre : centre + len(mean)], mean, color="tab:blue", linewidth=2)
    axes.set_title(f"{name}: {values[0]:.4g} → {values[-1]:.4g}", fontsize=9)
    axes.set_xlabel("iteration", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
