"""The CPU paths for bf16 against PyTorch's own operators; on a CPU with bf16 instructions they are forced."""

import pytest
import torch
import torch.nn.functional as F

from mimseg.ops import bf16


@pytest.fixture
def emulating(monkeypatch):
    """Behave as on a CPU without bf16 instructions."""
    monkeypatch.setattr(bf16, "NATIVE", False)


def leaf(*shape, dtype=torch.float32, seed=0):
    values = torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
    return values.to(dtype).requires_grad_()


def gradients(call, inputs, upstream, autocast):
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        out = call(*inputs)
    return out, torch.autograd.grad(out, inputs, upstream.to(out.dtype))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_linear_under_autocast_is_pytorchs_within_bf16_rounding(emulating, dtype):
    inputs = leaf(2, 5, 16, dtype=dtype), leaf(8, 16, seed=1), leaf(8, seed=2)
    upstream = torch.randn(2, 5, 8)
    out, grads = gradients(bf16.linear, inputs, upstream, autocast=True)
    reference, expected = gradients(F.linear, inputs, upstream, autocast=True)
    assert out.dtype == reference.dtype == torch.bfloat16
    assert [grad.dtype for grad in grads] == [grad.dtype for grad in expected] == [dtype, torch.float32, torch.float32]
    for ours, theirs in zip((out, *grads), (reference, *expected), strict=True):
        # sums of up to 16 products of values rounded to 8 bits
        torch.testing.assert_close(ours.float(), theirs.float(), rtol=0.02, atol=0.05)


def test_linear_keeps_its_input_in_bf16_and_no_copy_of_the_weight(emulating):
    inputs, kept = (leaf(4, 16), leaf(8, 16, seed=1), leaf(8, seed=2)), []
    hooks = torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t)
    with hooks, torch.autocast("cpu", torch.bfloat16):
        bf16.linear(*inputs)
    activation, weight = kept
    assert activation.dtype == torch.bfloat16 and activation.shape == (4, 16)
    assert weight.data_ptr() == inputs[1].data_ptr()


def test_linear_in_fp32_is_pytorchs_to_the_bit(emulating):
    inputs, upstream = (leaf(3, 16), leaf(8, 16, seed=1), leaf(8, seed=2)), torch.randn(3, 8)
    out, grads = gradients(bf16.linear, inputs, upstream, autocast=False)
    reference, expected = gradients(F.linear, inputs, upstream, autocast=False)
    assert torch.equal(out, reference) and all(map(torch.equal, grads, expected))


def test_linear_gives_no_gradient_to_frozen_inputs(emulating):
    images, weight = torch.randn(3, 16), leaf(8, 16)
    with torch.autocast("cpu", torch.bfloat16):
        bf16.linear(images, weight, None).sum().backward()
    assert images.grad is None and weight.grad.shape == (8, 16)


def test_attention_has_a_better_gradient_in_bf16_than_pytorchs():
    exact = [leaf(2, 4, length, 8, seed=seed) for seed, length in enumerate((6, 9, 9))]
    upstream = torch.randn(2, 4, 6, 8)
    reference, expected = gradients(F.scaled_dot_product_attention, exact, upstream, autocast=False)
    rounded = [tensor.detach().bfloat16().requires_grad_() for tensor in exact]
    out, grads = gradients(bf16.attention, rounded, upstream, autocast=False)
    _, theirs = gradients(F.scaled_dot_product_attention, rounded, upstream, autocast=False)
    torch.testing.assert_close(out.float(), reference, rtol=0.02, atol=0.02)
    for ours, other, true in zip(grads, theirs, expected, strict=True):
        assert ours.dtype == torch.bfloat16
        torch.testing.assert_close(ours.float(), true, rtol=0.05, atol=0.05)
        assert (ours.float() - true).abs().mean() <= 1.1 * (other.float() - true).abs().mean()


def test_attention_in_fp32_is_pytorchs_to_the_bit():
    inputs, upstream = [leaf(2, 4, 9, 8, seed=seed) for seed in range(3)], torch.randn(2, 4, 9, 8)
    out, grads = gradients(bf16.attention, inputs, upstream, autocast=False)
    reference, expected = gradients(F.scaled_dot_product_attention, inputs, upstream, autocast=False)
    assert torch.equal(out, reference) and all(map(torch.equal, grads, expected))
