"""A selection in a checkpoint is of this run's plan, and of the right structure."""

import pytest
import torch

from mimseg.selection.budget import SelectionPlan
from mimseg.selection.ledger import Ledger
from mimseg.selection.state import read_state

PLAN = SelectionPlan(dataset_size=8, nominal_epochs=6, warmup_epochs=2, interval=2, keep=0.5, end=6.0)


def state(**changes):
    plan = {"warmup_epochs": 2, "interval": 2, "kept": 4}
    ledger = Ledger(images=30, seconds=1.5).state()
    own = {"dataset_size": 8, "plan": plan, "chosen_at": 2, "round": 1, "kept": torch.arange(4), "ledger": ledger}
    return {**own, **changes}


def test_an_honest_one_is_taken():
    taken = read_state(state(), PLAN)
    assert (taken.chosen_at, taken.round, taken.kept.tolist()) == (2, 1, [0, 1, 2, 3])
    assert taken.ledger == Ledger(images=30, seconds=1.5)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ([1], "selection is a list of 1 entries, not a dict"),
        (state(dataset_size="8"), "selection.dataset_size is '8', not a whole number"),
        (state(dataset_size=9), "written with 9 training images, now there are 8"),
        (state(plan=None), "selection.plan is None, not a dict"),
        (state(plan={"warmup_epochs": 2, "interval": 3, "kept": 4}), "SelectionHook interval=3, this run has 2"),
        (state(chosen_at=10**9), "selection.chosen_at is 1000000000, but must be from -1 to 6"),
        (state(round=None), "selection.round is None"),
        (state(kept=None), "selection.kept is missing, the images chosen before epoch 3"),
        (state(kept=torch.arange(3)), r"selection.kept has the shape \(3,\), in this run \(4,\)"),
        (state(kept=torch.zeros(4)), "selection.kept holds numbers of torch.float32"),
        (state(ledger={"images": 3}), "selection.ledger has not the counts images, seconds"),
        (state(ledger={**Ledger().state(), "seconds": float("nan")}), "selection.ledger.seconds is nan"),
    ],
)
def test_a_wrong_one_is_refused_in_one_line(wrong, complaint):
    with pytest.raises(ValueError, match=complaint) as error:
        read_state(wrong, PLAN)
    assert "\n" not in str(error.value)
