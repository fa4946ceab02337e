"""Epochs, kept share and budget of a run that trains on subsets.

The first W of T nominal epochs see the full set, the later ones the share rho of it, up to the epoch E. What they see
together, in full passes over T, is the budget (forward passes of a selection not counted):

    B = (W + rho (E - W)) / T
"""

import math
from dataclasses import dataclass
from typing import Literal, TypedDict

from ..choices import one_of

Stop = Literal["full", "budget"]
ROUNDING = 1e-9  # epochs


def budget_of(keep: float, warmup: float, end: float, epochs: float) -> float:
    """B of a run that keeps rho = ``keep`` after W = ``warmup`` epochs and ends at E = ``end`` of T = ``epochs``."""
    return (warmup + keep * (end - warmup)) / epochs


def keep_for(budget: float, warmup: float, epochs: float) -> float:
    """The rho that spends B = ``budget`` in exactly T = ``epochs``, of which W = ``warmup`` see the full set.

    Raises:
        ValueError: the full epochs alone take as much.
    """
    _check_affordable(budget, warmup, epochs)
    return (budget * epochs - warmup) / (epochs - warmup)


def end_for(keep: float, budget: float, warmup: float, epochs: float) -> float:
    """The fractional epoch E at which rho = ``keep`` has spent B = ``budget`` of T = ``epochs``.

    Raises:
        ValueError: the full epochs alone take as much.
    """
    _check_affordable(budget, warmup, epochs)
    return warmup + (budget * epochs - warmup) / keep


def _check_affordable(budget: float, warmup: float, epochs: float) -> None:
    if budget * epochs <= warmup:
        raise ValueError(
            f"SelectionHook: {warmup:g} warmup_epochs of {epochs:g} spend a budget of {budget:g} on the full set "
            f"alone; give more than {warmup / epochs:g}, or lower warmup_epochs"
        )


@dataclass(frozen=True)
class SelectionPlan:
    """The number of images that each epoch (0-based) sees.

    Attributes:
        dataset_size: N, images of the full set.
        nominal_epochs: T, what the schedules count to.
        warmup_epochs: W, epochs on the full set; the first selection comes before epoch W.
        interval: epochs from one selection to the next.
        keep: rho, share of the images that is kept.
        end: E, the fractional epoch at which the run ends.
    """

    dataset_size: int
    nominal_epochs: int
    warmup_epochs: int
    interval: int
    keep: float
    end: float

    @property
    def epochs(self) -> int:
        """Epochs that are begun; of the last, :meth:`share` is run."""
        return math.ceil(self.end - ROUNDING)

    @property
    def budget(self) -> float:
        """B."""
        return budget_of(self.keep, self.warmup_epochs, self.end, self.nominal_epochs)

    @property
    def selections(self) -> range:
        """Epochs before which a subset is chosen."""
        return range(self.warmup_epochs, self.epochs, self.interval)

    @property
    def kept(self) -> int:
        """Images of a subset."""
        return round(self.keep * self.dataset_size)

    def images(self, epoch: int) -> int:
        """Images that an epoch draws from."""
        return self.dataset_size if epoch < self.warmup_epochs else self.kept

    def share(self, epoch: int) -> float:
        """The part of an epoch that is run: 1, or in the last one what the budget leaves."""
        return min(1.0, max(0.0, self.end - epoch)) if epoch == self.epochs - 1 else 1.0

    def selected_at(self, epoch: int) -> int | None:
        """The epoch before which the subset of an epoch is chosen; None for the full set."""
        if epoch < self.warmup_epochs:
            return None
        return epoch - (epoch - self.warmup_epochs) % self.interval

    def epochs_before_selections(self, number: int, keep_last_block: bool) -> frozenset[int]:
        """The epochs in which a mask predictor is trained: the last ``number`` before each selection.

        Args:
            number: gamma; 3 in PASS: epochs 17-19, 37-39, ... for W = 20 and an interval of 20.
            keep_last_block: whether those count that lead up to a selection at the very end of the run, which nothing
                would read. With them, 200 epochs have 30, as table 4 of PASS says, without them 27.
        """
        ends = [*self.selections]
        following = self.warmup_epochs + self.interval * len(ends)
        if keep_last_block and abs(following - self.end) < ROUNDING:
            ends.append(following)
        return frozenset(epoch for end in ends for epoch in range(max(0, end - number), end))


class PlanOptions(TypedDict):
    """What :func:`make_plan` makes of a run's images and epochs."""

    warmup_epochs: int
    interval: int
    keep: float | None
    budget: float | None
    stop: Stop


def make_plan(
    dataset_size: int,
    epochs: int,
    warmup_epochs: int,
    interval: int,
    keep: float | None = None,
    budget: float | None = None,
    stop: Stop = "full",
) -> SelectionPlan:
    """Solve what is given for what is not.

    Args:
        dataset_size: N.
        epochs: T.
        warmup_epochs: W.
        interval: epochs from one selection to the next.
        keep: rho; or
        budget: B.
        stop: 'full' runs all T epochs: ``budget`` is then spent by keeping fewer images (0.37 keeps 0.30 for W = 20
            of T = 200), and ``keep`` costs more than its own share. 'budget' keeps that share and ends the run
            once it is also what was spent, at E = T - W (1 / rho - 1): 165.9 for 0.37.

    Raises:
        ValueError: ``keep`` and ``budget`` both given, or neither; one outside (0, 1]; W not below T; or a budget that
            the full epochs alone spend.
    """
    check_options(warmup_epochs, interval, keep, budget, stop)
    if warmup_epochs >= epochs:
        raise ValueError(
            f"SelectionHook: warmup_epochs={warmup_epochs} leaves no epoch to select for, schedule.epochs is {epochs}; "
            f"use at most {epochs - 1}"
        )
    share = keep if keep is not None else budget
    assert share is not None
    if stop == "budget":
        end = end_for(share, share, warmup_epochs, epochs)
        return SelectionPlan(dataset_size, epochs, warmup_epochs, interval, share, end)
    rho = share if budget is None else keep_for(budget, warmup_epochs, epochs)
    return SelectionPlan(dataset_size, epochs, warmup_epochs, interval, rho, float(epochs))


def check_options(warmup_epochs: int, interval: int, keep: float | None, budget: float | None, stop: str) -> None:
    """Refuse what cannot make sense whatever the run's epochs are.

    Raises:
        ValueError: see :func:`make_plan`.
    """
    if (keep is None) == (budget is None):
        both = f"got keep={keep} and budget={budget}" if keep is not None else "got neither"
        raise ValueError(
            f"SelectionHook: give either keep, the share of the images, or budget, the share of the run; {both}"
        )
    for name, value in (("keep", keep), ("budget", budget)):
        if value is not None and not 0 < value <= 1:
            raise ValueError(f"SelectionHook: {name} must be above 0 and at most 1, got {value!r}")
    one_of("SelectionHook: stop", stop, Stop)
    for name, value, least in (("warmup_epochs", warmup_epochs, 0), ("interval", interval, 1)):
        if not isinstance(value, int) or value < least:
            raise ValueError(f"SelectionHook: {name} must be a whole number of at least {least}, got {value!r}")
