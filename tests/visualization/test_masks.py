from types import SimpleNamespace

import pytest
import torch

from mimseg.models.masking import Decision
from mimseg.ops.masking import PatchMask
from mimseg.visualization import Masks, name_score


def test_a_decision_keeps_score_and_units():
    mask = PatchMask.from_bool(torch.tensor([[True, False, True, True], [True, True, True, False]]), masked=3)
    masks = Masks.of_decision(Decision(mask, torch.tensor([[1.0], [2.0]]), (1, 1)), (2, 2), "salience")
    assert torch.equal(masks.hidden, mask.mask) and not masks.thrown.any() and not masks.differ
    assert masks.score.tolist() == [[1], [2]] and masks.units == (1, 1) and masks.grid == (2, 2)
    assert masks.share() == "75 % hidden"


def test_thrown_patches_are_those_hidden_and_not_predicted():
    state = torch.tensor([[0, 1, 2, 2, 0], [2, 0, 2, 0, 1]], dtype=torch.uint8)
    masks = Masks.of_decision(Decision(PatchMask.from_bool(state, 2, 1), None, (1, 5)), (1, 5), "")
    assert torch.equal(masks.hidden, state > 0) and torch.equal(masks.thrown, state == 1)
    assert masks.share() == "40 % masked, 20 % thrown" and masks.score is None


def test_adaptive_ratios_are_told_image_by_image():
    hidden = torch.tensor([[True, False, False, False], [True, True, True, False]])
    decision = Decision(PatchMask.from_counts(hidden, hidden.sum(dim=1)), None, (2, 2))
    masks = Masks.of_decision(decision, (2, 2), "")
    assert torch.equal(masks.hidden, hidden) and not masks.thrown.any() and masks.differ
    assert masks.shares() == ["25 % hidden", "75 % hidden"] and masks.share() == "50 % hidden on average"


@pytest.mark.parametrize(
    ("kind", "words"),
    [("SalienceScore", "salience"), ("PredictedLossScore", "predicted loss"), ("GPAScore", "gpa"), ("Edges", "edges")],
)
def test_scores_are_named_after_their_class(kind, words):
    assert name_score(SimpleNamespace(score=type(kind, (), {})())) == words


def test_masks_without_a_score_name_none():
    assert name_score(SimpleNamespace(score=None)) == ""
