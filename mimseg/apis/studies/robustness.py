"""PIMR: how well a method does at each mask ratio, between its worst and its best one."""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

Origin = Literal["lowest-value", "lowest-ratio"]


def pimr(values: Sequence[float], origin: Origin = "lowest-value") -> list[float]:
    """``(P(M) - P_min) / (P_max - P_min)`` of one model's metric at several mask ratios M (SBAM's PIMR).

    P_min and P_max are the lowest and the highest value observed, wherever they occur. 1 marks the best ratio, 0 the
    worst; a model that hardly minds the ratio stays near 1 over a wide range. Where all values are equal, or there is
    only one, the quotient is 0/0, and all results are NaN.

    Args:
        values: the metric at each ratio, by rising ratio, higher = better.
        origin: 'lowest-ratio' takes for P_min the value at the lowest ratio, as SBAM's text introduces its Eq. 5; what
            is worse than that is below 0. After the equation it says "minimum", which is 'lowest-value'.

    Raises:
        ValueError: a value that is not finite.
    """
    return global_pimr({"": values}, origin)[""]


def global_pimr(curves: Mapping[str, Sequence[float]], origin: Origin = "lowest-value") -> dict[str, list[float]]:
    """:func:`pimr` of several models, with P_min and P_max over all of them (SBAM's Global PIMR).

    Args:
        curves: by model, the metric at each ratio, by rising ratio.
        origin: as in :func:`pimr`; 'lowest-ratio' takes the lowest of the models' values at their lowest ratios.

    Raises:
        ValueError: a value that is not finite.
    """
    every = [value for values in curves.values() for value in values]
    if wrong := [value for value in every if not math.isfinite(value)]:
        raise ValueError(f"PIMR compares finite values, got {wrong[0]}: leave that mask ratio out, or repeat its run")
    starts = every if origin == "lowest-value" else [values[0] for values in curves.values() if values]
    low, high = min(starts, default=math.nan), max(every, default=math.nan)
    return {name: _between(values, low, high) for name, values in curves.items()}


def _between(values: Sequence[float], low: float, high: float) -> list[float]:
    return [(value - low) / (high - low) if high > low else math.nan for value in values]
