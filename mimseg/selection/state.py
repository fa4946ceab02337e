"""The state of a selection in a checkpoint, checked before it is taken up."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..engine.resuming import Checker
from .budget import SelectionPlan
from .ledger import Ledger

CHECKER = Checker("the checkpoint")


@dataclass(frozen=True)
class SelectionState:
    """A selection that goes on.

    Attributes:
        ledger: images seen and seconds spent.
        chosen_at: epoch before which the subset was chosen, -1 for none.
        round: selections so far.
        kept: int64 ``(K,)``, the images chosen; None for all.
    """

    ledger: Ledger
    chosen_at: int
    round: int
    kept: Tensor | None


def read_state(saved: Any, plan: SelectionPlan) -> SelectionState:
    """Check the state of a selection, which must be of this run's plan.

    Raises:
        ValueError: it is of another training set or plan, or anything is missing or of a wrong kind.
    """
    saved = CHECKER.mapping(saved, "selection")
    _check_plan(saved, plan)
    chosen_at = CHECKER.whole(saved.get("chosen_at"), "selection.chosen_at", -1, plan.epochs)
    ledger = CHECKER.mapping(saved.get("ledger"), "selection.ledger")
    own = Ledger().state()
    if ledger.keys() != own.keys():
        CHECKER.refuse(f"selection.ledger has not the counts {', '.join(own)}")
    counts = {name: CHECKER.number(ledger[name], f"selection.ledger.{name}") for name in own}
    kept = saved.get("kept")
    if kept is not None:
        kept = CHECKER.tensor(kept, "selection.kept", torch.empty(plan.kept, dtype=torch.int64)).cpu()
    elif chosen_at >= 0:
        CHECKER.refuse(f"selection.kept is missing, the images chosen before epoch {chosen_at + 1}")
    return SelectionState(Ledger(**counts), chosen_at, CHECKER.whole(saved.get("round"), "selection.round"), kept)  # type: ignore[arg-type]


def _check_plan(saved: dict[str, Any], plan: SelectionPlan) -> None:
    size = CHECKER.whole(saved.get("dataset_size"), "selection.dataset_size")
    if size != plan.dataset_size:
        raise ValueError(
            f"the checkpoint was written with {size} training images, now there are "
            f"{plan.dataset_size}: the chosen ones cannot be told any more; restore the data, or start from "
            "its weights with load_from"
        )
    theirs = CHECKER.mapping(saved.get("plan"), "selection.plan")
    for name in ("warmup_epochs", "interval", "kept"):
        then, now = CHECKER.whole(theirs.get(name), f"selection.plan.{name}"), getattr(plan, name)
        if then != now:
            raise ValueError(
                f"the checkpoint was written with SelectionHook {name}={then}, this run has {now}; "
                "resume with the settings of the first run, or start from its weights with load_from"
            )
