"""What an optimizer keeps for a parameter, and how a checkpoint's share of it goes on."""

import pytest
import torch
from mmengine.optim import OptimWrapper
from timm.optim import Lamb, Lars

from mimseg.engine.resuming.checker import Checker
from mimseg.engine.resuming.moments import kept_by, read_optimizer


@pytest.mark.parametrize(
    ("optimizer", "kept"),
    [
        (lambda p: torch.optim.AdamW(p, fused=True), {"step": (), "exp_avg": (3, 2), "exp_avg_sq": (3, 2)}),
        (lambda p: torch.optim.AdamW(p, amsgrad=True), {"max_exp_avg_sq": (3, 2)}),
        (lambda p: torch.optim.SGD(p, lr=1.0, momentum=0.9), {"momentum_buffer": (3, 2)}),
        (lambda p: torch.optim.SGD(p, lr=1.0), {}),
        (lambda p: Lars(p, lr=1.0, momentum=0.9), {"momentum_buffer": (3, 2)}),
        (lambda p: torch.optim.Adafactor(p), {"row_var": (3, 1), "col_var": (1, 2)}),
    ],
)
def test_an_optimizer_tells_what_it_keeps_and_stays_as_it_is(optimizer, kept):
    parameter = torch.nn.Parameter(torch.ones(3, 2))
    built = optimizer([parameter])
    expected = kept_by(built, 0, parameter)
    assert {name: tuple(expected[name].shape) for name in kept} == kept
    assert bool(kept) == bool(expected)
    assert not built.state and (parameter == 1).all()


def test_moments_and_counts_are_the_files_and_options_the_configs():
    """Lamb counts its steps in the group."""
    parameter = torch.nn.Parameter(torch.ones(3, 2))
    first = OptimWrapper(Lamb([parameter], lr=1.0, weight_decay=0.1))
    for _ in range(2):
        first.update_params(parameter.square().sum())
    second = OptimWrapper(Lamb([parameter], lr=0.5, weight_decay=0.2))
    saved = first.state_dict()
    read_optimizer(Checker("x.pth"), saved, second, {parameter: "p"}, 2).give_to(second)
    now = second.state_dict()
    group = now["param_groups"][0]
    assert (group["step"], group["lr"], group["weight_decay"]) == (2, 0.5, 0.2)
    assert all(torch.equal(now["state"][0][name], value) for name, value in saved["state"][0].items())
