"""How much a method minds its mask ratio: PIMR, between its worst and its best one."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ...tables import TextTable
from .ratio_sweep import Curves, Sweep

Origin = Literal["lowest-value", "lowest-ratio"]


@dataclass(frozen=True)
class Robustness:
    """PIMR of the models of a sweep.

    Attributes:
        sweep: what was measured.
        own: PIMR by model and mask ratio.
        together: Global PIMR by model and mask ratio.
    """

    sweep: Sweep
    own: Curves
    together: Curves

    @classmethod
    def of(cls, sweep: Sweep, origin: Origin = "lowest-value") -> "Robustness":
        """Compute both kinds of PIMR, see :func:`pimr`."""
        values = {name: list(curve.values()) for name, curve in sweep.curves.items()}
        own = {name: pimr(curve, origin) for name, curve in values.items()}
        together = global_pimr(values, origin)
        return cls(sweep, *(_by_ratio(sweep.curves, found) for found in (own, together)))

    def undefined(self) -> dict[str, str]:
        """Tell why PIMR is undefined, by model; nothing of models that have one."""
        return {
            name: "only one mask ratio has finished"
            if len(curve) == 1
            else f"{self.sweep.metric} is equal at all mask ratios"
            for name, curve in self.own.items()
            if all(math.isnan(value) for value in curve.values())
        }

    def table(self) -> TextTable:
        """Build a row for the metric and for PIMR of every model; Global PIMR where there are several models."""
        curves = self.sweep.curves
        ratios = sorted({ratio for curve in curves.values() for ratio in curve})
        rows = []
        for name, curve in curves.items():
            shown = (
                (self.sweep.metric, curve, 2),
                ("PIMR", self.own[name], 3),
                ("Global PIMR", self.together[name], 3),
            )
            for what, values, digits in shown if len(curves) > 1 else shown[:2]:
                cells = [f"{values[ratio]:.{digits}f}" if ratio in values else "-" for ratio in ratios]
                rows.append([name, what, *cells])
        return TextTable(["model", "mask ratio", *(f"{ratio:g}" for ratio in ratios)], rows, text=(0, 1))

    def as_json(self) -> dict[str, Any]:
        """Everything as data; an undefined PIMR is null."""
        models = {
            name: [
                {
                    "ratio": ratio,
                    "value": value,
                    "pimr": _defined(self.own[name][ratio]),
                    "global_pimr": _defined(self.together[name][ratio]),
                }
                for ratio, value in curve.items()
            ]
            for name, curve in self.sweep.curves.items()
        }
        return {"metric": self.sweep.metric, "models": models, "missing": self.sweep.missing}


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


def _by_ratio(curves: Curves, found: Mapping[str, Sequence[float]]) -> Curves:
    return {name: dict(zip(curve, found[name], strict=True)) for name, curve in curves.items()}


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else value
