"""Which parameters decay."""

import pytest
import torch
from torch import nn

from mimseg.engine import WeightDecayByShape

CFG = dict(type="MIMOptimWrapper", optimizer=dict(type="AdamW", lr=1e-3, weight_decay=0.05, fused=True))


class Tokens(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, 4))
        self.linear = nn.Linear(4, 4)
        self.norm = nn.LayerNorm(4)
        self.frozen = nn.Parameter(torch.zeros(4, 4), requires_grad=False)
        self.table = nn.Parameter(torch.zeros(3, 2))


def groups(paramwise=None):
    model = Tokens()
    wrapper = WeightDecayByShape(CFG, paramwise)(model)
    names = {id(p): name for name, p in model.named_parameters()}
    return {g["weight_decay"]: [names[id(p)] for p in g["params"]] for g in wrapper.optimizer.param_groups}


def test_two_groups_by_shape_and_tokens_decay():
    assert groups() == {
        0.05: ["cls_token", "table", "linear.weight"],
        0.0: ["linear.bias", "norm.weight", "norm.bias"],
    }


def test_more_can_be_exempted_by_name():
    assert groups(dict(no_decay=("cls_token",)))[0.05] == ["table", "linear.weight"]


def test_an_exemption_that_matches_nothing_or_an_unknown_key_is_refused():
    with pytest.raises(ValueError, match="no trained parameter has 'cls_tokn' in its name"):
        groups(dict(no_decay=("cls_tokn",)))
    with pytest.raises(ValueError, match="unknown key 'norm_decay_mult'"):
        groups(dict(norm_decay_mult=0.0))


def test_a_frozen_model_is_refused():
    with pytest.raises(ValueError, match="nothing to train"):
        WeightDecayByShape(CFG)(Tokens().requires_grad_(False))
