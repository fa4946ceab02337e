"""A metric over the mask ratio, and PIMR over the mask ratio."""

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure

Curve = Mapping[float, float]  # by mask ratio


def draw_robustness(values: Mapping[str, Curve], own: Mapping[str, Curve], metric: str, title: str) -> Figure:
    """Draw two panels, one line a model: the metric, with Global PIMR on the other axis, and each model's own PIMR.

    Args:
        values: the metric by model and ratio.
        own: PIMR by model and ratio; NaN is not drawn.
        metric: its name.
        title: heading.

    Raises:
        ValueError: there is no model.
    """
    if not values:
        raise ValueError("no curve to draw: give the values of at least one model")
    figure = Figure(figsize=(11.0, 4.4), facecolor="white", layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    left, right = figure.subplots(1, 2)
    for axes, curves, heading in ((left, values, metric), (right, own, "PIMR: 0 = worst ratio of a model, 1 = best")):
        _draw(axes, curves, heading)
    right.set_ylim(-0.05, 1.05)
    every = [value for curve in values.values() for value in curve.values()]
    low, high = min(every), max(every)  # where Global PIMR is 0 and 1
    if high > low:
        both = (lambda value: (value - low) / (high - low), lambda share: low + share * (high - low))
        axis = left.secondary_yaxis("right", functions=both)
        axis.set_ylabel("Global PIMR", fontsize=9)
        axis.tick_params(labelsize=8)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    return figure


def _draw(axes: Axes, curves: Mapping[str, Curve], heading: str) -> None:
    for number, (name, curve) in enumerate(curves.items()):
        ratios = sorted(curve)
        axes.plot(ratios, [curve[ratio] for ratio in ratios], marker="o", color=f"C{number % 10}", label=name)
    axes.set_xticks(sorted({ratio for curve in curves.values() for ratio in curve}))
    axes.set_title(heading, fontsize=9)
    axes.set_xlabel("mask ratio", fontsize=9)
    axes.tick_params(labelsize=8)
    axes.grid(alpha=0.25)
    axes.spines["top"].set_visible(False)
