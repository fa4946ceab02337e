"""Precision, accumulation, clipping, and steps that must not happen."""

import copy
import math

import pytest
import torch
from torch import nn

from mimseg.engine import MIMOptimWrapper


def layer() -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(3, 2)


def adamw(model: nn.Module, fused: bool = True) -> torch.optim.AdamW:
    return torch.optim.AdamW(model.parameters(), lr=0.1, betas=(0.9, 0.95), weight_decay=0.05, fused=fused)


def snapshot(model: nn.Module, wrapper: MIMOptimWrapper) -> list[torch.Tensor]:
    state = wrapper.optimizer.state_dict()["state"]
    tensors = [p.detach() for p in model.parameters()]
    tensors += [value for index in sorted(state) for _, value in sorted(state[index].items())]
    return [tensor.clone() for tensor in tensors]


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("poison", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("clip", [None, dict(max_norm=1.0)])
def test_a_non_finite_step_changes_nothing_and_later_steps_are_as_if_it_never_was(fused, poison, clip):
    model, twin = layer(), layer()
    wrapper = MIMOptimWrapper(adamw(model, fused), clip_grad=clip, non_finite="skip")
    reference = MIMOptimWrapper(adamw(twin, fused), clip_grad=clip)
    x = torch.randn(5, 3)
    for step in range(3):
        wrapper.update_params(model(x).square().mean())
        reference.update_params(twin(x).square().mean())
        assert wrapper.stepped
        assert not wrapper.non_finite_flag.value()
        before = snapshot(model, wrapper)
        poisoned = x.clone()
        poisoned[0, 0] = poison
        wrapper.update_params(model(poisoned).square().mean())
        assert not wrapper.stepped
        assert wrapper.non_finite_flag.value()
        assert not math.isfinite(wrapper.log_vars["grad_norm"])
        after = snapshot(model, wrapper)
        assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True)), step
        assert all(p.grad is None or torch.isfinite(p.grad).all() for p in model.parameters())
    assert all(torch.equal(a, b) for a, b in zip(snapshot(model, wrapper), snapshot(twin, reference), strict=True))
    steps = {float(state["step"]) for state in wrapper.optimizer.state.values()}
    assert steps == {3.0}
    assert not hasattr(wrapper.optimizer, "found_inf")


def test_the_first_step_of_all_may_be_the_bad_one():
    model = layer()
    wrapper = MIMOptimWrapper(adamw(model))
    before = [p.detach().clone() for p in model.parameters()]
    wrapper.update_params(model(torch.full((1, 3), math.nan)).sum())
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    assert all(float(state["step"]) == 0 and not state["exp_avg"].any() for state in wrapper.optimizer.state.values())


def test_accumulating_two_batches_equals_one_of_twice_the_size():
    x = torch.randn(8, 3)
    model, twin = layer(), layer()
    wrapper = MIMOptimWrapper(adamw(model), accumulative_counts=2, clip_grad=dict(max_norm=0.5))
    whole = MIMOptimWrapper(adamw(twin), clip_grad=dict(max_norm=0.5))
    stepped = []
    for half in (x[:4], x[4:]):
        wrapper.update_params(model(half).square().mean())
        stepped.append((wrapper.stepped, wrapper.non_finite_flag is not None))
    whole.update_params(twin(x).square().mean())
    assert stepped == [(False, False), (True, True)]
    assert float(wrapper.log_vars["grad_norm"]) == pytest.approx(float(whole.log_vars["grad_norm"]), rel=1e-6)
    for a, b in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-6)


def test_clipping_scales_the_whole_gradient_to_the_norm_and_logs_the_norm_before():
    model = layer()
    wrapper = MIMOptimWrapper(torch.optim.SGD(model.parameters(), lr=1.0), clip_grad=dict(max_norm=0.25))
    before = torch.cat([p.detach().flatten().clone() for p in model.parameters()])
    loss = 10 * model(torch.ones(1, 3)).sum()
    gradient = torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(model.parameters()), retain_graph=True)])
    wrapper.update_params(loss)
    after = torch.cat([p.detach().flatten() for p in model.parameters()])
    assert float(wrapper.log_vars["grad_norm"]) == pytest.approx(float(gradient.norm()), rel=1e-6)
    torch.testing.assert_close(before - after, 0.25 * gradient / gradient.norm(), rtol=1e-4, atol=1e-6)


def test_bf16_computes_in_bf16_and_keeps_weights_and_step_in_fp32():
    model = layer()
    wrapper = MIMOptimWrapper(adamw(model), precision="bf16")
    before = copy.deepcopy(model.state_dict())
    with wrapper.optim_context(model):
        out = model(torch.randn(4, 3))
    assert out.dtype == torch.bfloat16
    wrapper.update_params(out.float().square().mean())
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert not torch.equal(before["weight"], model.weight)
    with MIMOptimWrapper(adamw(model)).optim_context(model):
        assert model(torch.randn(4, 3)).dtype == torch.float32


@pytest.mark.skipif(torch.cuda.is_available(), reason="fp16 is allowed there")
def test_fp16_without_a_gpu_is_refused_in_one_line():
    with pytest.raises(ValueError, match="precision='fp16' needs a GPU, this run is on cpu; use 'bf16'"):
        MIMOptimWrapper(adamw(layer()), precision="fp16")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_on_a_gpu_a_bad_step_is_left_out_and_scaler_state_survives(precision):
    model = layer().cuda()
    wrapper = MIMOptimWrapper(adamw(model), precision=precision, non_finite="skip")
    for x in (torch.randn(4, 3), torch.full((4, 3), math.nan)):
        before = copy.deepcopy(model.state_dict())
        with wrapper.optim_context(model):
            loss = model(x.cuda()).float().square().mean()
        wrapper.update_params(loss)
        bad = bool(torch.isnan(x).any())
        assert wrapper.non_finite_flag.value() == bad
        assert torch.equal(before["weight"], model.weight) == bad
    twin = MIMOptimWrapper(adamw(model), precision=precision)
    twin.load_state_dict(wrapper.state_dict())
    if precision == "fp16":
        assert twin.scaler.get_scale() == wrapper.scaler.get_scale()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (dict(precision="fp8"), "optim_wrapper.precision must be 'fp32', 'bf16' or 'fp16', got 'fp8'"),
        (
            dict(non_finite="ignore"),
            "optim_wrapper.non_finite must be 'stop' or 'skip', got 'ignore'",
        ),
        (dict(clip_grad=dict(max_nrm=1.0)), "optim_wrapper.clip_grad must be dict(max_norm="),
        (dict(clip_grad=dict(max_norm=0.0)), "optim_wrapper.clip_grad must be dict(max_norm="),
        (dict(accumulative_counts=0), "optim_wrapper.accumulative_counts must be at least 1, got 0"),
    ],
)
def test_bad_options_are_refused(options, complaint):
    with pytest.raises(ValueError) as error:
        MIMOptimWrapper(adamw(layer()), **options)
    assert complaint in str(error.value)
