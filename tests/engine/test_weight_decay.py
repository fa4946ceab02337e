"""Which parameters decay, and how fast the layers learn."""

import pytest
import torch
from timm.layers import LayerScale
from torch import nn

from mimseg.engine import LayerDecay, WarmupCosineLR, WeightDecayByShape
from mimseg.models import LN2d

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


class Mixed(nn.Module):
    """One of each kind."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)
        self.norm = nn.LayerNorm(4)
        self.group = nn.GroupNorm(2, 4)
        self.bn = nn.SyncBatchNorm(4)
        self.ln = LN2d(4)
        self.scale = LayerScale(4)
        self.bias_free = nn.Linear(4, 4, bias=False)
        self.table = nn.Parameter(torch.zeros(3, 2))


@pytest.mark.parametrize(
    ("rule", "exempt"),
    [
        ("shape", "conv.bias norm.weight norm.bias group.weight group.bias bn.weight bn.bias ln.weight ln.bias"
                  " scale.gamma"),
        ("norms", "norm.weight norm.bias group.weight group.bias bn.weight bn.bias"),
        ("names", ""),
    ],
)  # fmt: skip
def test_rules_of_public_detectors(rule, exempt):
    """detectron2 exempts what it lists as norms (LayerNorm of tokens, BatchNorm, GroupNorm), mmcv what keys name."""
    model = Mixed()
    names = {id(p): name for name, p in model.named_parameters()}
    for extra in ((), ("table",)):
        wrapper = WeightDecayByShape(CFG, dict(exempt_by=rule, no_decay=extra))(model)
        found = {names[id(p)] for g in wrapper.optimizer.param_groups if not g["weight_decay"] for p in g["params"]}
        assert found == {*exempt.split(), *extra}
        assert sum(len(g["params"]) for g in wrapper.optimizer.param_groups) == len(names)


def test_an_unknown_rule_is_refused():
    with pytest.raises(ValueError, match="exempt_by must be 'shape', 'norms' or 'names', got 'kind'"):
        groups(dict(exempt_by="kind"))


def test_an_exemption_that_matches_nothing_or_an_unknown_key_is_refused():
    with pytest.raises(ValueError, match="no trained parameter has 'cls_tokn' in its name"):
        groups(dict(no_decay=("cls_tokn",)))
    with pytest.raises(ValueError, match="unknown key 'norm_decay_mult'; known are exempt, exempt_by, no_decay"):
        groups(dict(norm_decay_mult=0.0))


def test_a_frozen_model_is_refused():
    with pytest.raises(ValueError, match="nothing to train"):
        WeightDecayByShape(CFG)(Tokens().requires_grad_(False))


def test_exempt_parameters_may_have_other_options():
    """MAE's LARS: no layer-wise rate for biases. By hand: first step, no momentum yet, no decay."""
    torch.manual_seed(0)
    model = nn.Linear(3, 2)
    weight, bias = model.weight.detach().clone(), model.bias.detach().clone()
    lars = dict(type="mimseg.Lars", lr=0.1, momentum=0.9, weight_decay=0.0, trust_coeff=0.001, always_adapt=True)
    cfg = dict(type="MIMOptimWrapper", optimizer=lars)
    wrapper = WeightDecayByShape(cfg, dict(exempt=dict(always_adapt=False)))(model)
    wrapper.update_params(model(torch.ones(4, 3)).square().sum())
    residual = 2 * 4 * (weight.sum(dim=1) + bias)
    gradient = residual[:, None].expand(2, 3)
    torch.testing.assert_close(model.bias.detach(), bias - 0.1 * residual)
    rate = 0.1 * 0.001 * weight.norm() / gradient.norm()
    torch.testing.assert_close(model.weight.detach(), weight - rate * gradient)


class Layered(nn.Module):
    """Embedding, two blocks, head: layers 0 to 3."""

    num_layers = 4

    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.ModuleList(nn.Linear(2, 2) for _ in range(4))

    def layer_of(self, name: str) -> int:
        return int(name.split(".")[1])


def test_layers_learn_slower_towards_the_input():
    wrapper = LayerDecay(CFG, dict(layer_decay=0.5))(Layered())
    rates = {g["weight_decay"]: [] for g in wrapper.optimizer.param_groups}
    for group in wrapper.optimizer.param_groups:
        rates[group["weight_decay"]].append(group["lr"])
    assert rates == {decay: [1e-3 / 8, 1e-3 / 4, 1e-3 / 2, 1e-3] for decay in (0.05, 0.0)}


def test_the_lowest_rate_falls_with_the_layers_too():
    wrapper = LayerDecay(CFG, dict(layer_decay=0.5))(Layered())
    schedule = WarmupCosineLR(wrapper, end=1, warmup_epochs=0, epoch_length=1000, min_lr=1e-6)
    for _ in range(999):
        schedule.step()
    lowest = [group["lr"] for group in wrapper.optimizer.param_groups[:4]]
    assert lowest == pytest.approx([1e-6 / 8, 1e-6 / 4, 1e-6 / 2, 1e-6], rel=0.01)


def test_layer_decay_needs_a_factor_and_a_model_with_layers():
    for wrong in (None, 0, 1.2, "0.5"):
        with pytest.raises(ValueError, match=r"layer_decay must be in \(0, 1\]"):
            LayerDecay(CFG, dict(layer_decay=wrong))
    with pytest.raises(ValueError, match="Tokens does not tell its layers"):
        LayerDecay(CFG, dict(layer_decay=0.5))(Tokens())
