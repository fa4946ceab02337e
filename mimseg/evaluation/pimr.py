"""PIMR: how well a method does at each mask ratio, between its worst and its best one."""

import math
from collections.abc import Mapping, Sequence


def pimr(values: Sequence[float]) -> list[float]:
    """``(P(M) - P_min) / (P_max - P_min)`` of one model's metric at several mask ratios M (SBAM's PIMR).

    P_min and P_max are the lowest and the highest value observed, wherever they occur. 1 marks the best ratio, 0 the
    worst; a model that hardly minds the ratio stays near 1 over a wide range. Where all values are equal, or there is
    only one, the quotient is 0/0, and all results are NaN.

    Args:
        values: the metric at each ratio, higher = better.

    Raises:
        ValueError: a value that is not finite.
    """
    return _between(values, *_extremes(values))


def global_pimr(curves: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    """:func:`pimr` of several models, with P_min and P_max over all of them (SBAM's Global PIMR).

    Args:
        curves: by model, the metric at each ratio.

    Raises:
        ValueError: a value that is not finite.
    """
    extremes = _extremes([value for values in curves.values() for value in values])
    return {name: _between(values, *extremes) for name, values in curves.items()}


def _extremes(values: Sequence[float]) -> tuple[float, float]:
    wrong = [value for value in values if not math.isfinite(value)]
    if wrong:
        raise ValueError(f"PIMR compares finite values, got {wrong[0]}: leave that mask ratio out, or repeat its run")
    return min(values, default=math.nan), max(values, default=math.nan)


def _between(values: Sequence[float], low: float, high: float) -> list[float]:
    return [(value - low) / (high - low) if high > low else math.nan for value in values]
