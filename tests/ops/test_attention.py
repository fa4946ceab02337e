"""Attention maps against the explicit matrix of all pairs, in double precision."""

import itertools

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from mimseg.ops.attention import ClassAttention, PatchAttention, class_attention, patch_attention

BATCH, LENGTH, DIM, HEADS = 2, 7, 12, 3


@pytest.fixture
def layer():
    """(tokens (B, 1 + L, D), weight, bias) of a qkv projection."""
    generator = torch.Generator().manual_seed(0)
    return (
        torch.randn(BATCH, 1 + LENGTH, DIM, generator=generator),
        0.5 * torch.randn(3 * DIM, DIM, generator=generator),
        torch.randn(3 * DIM, generator=generator),
    )


def logits(tokens, weight, bias, head):
    """Q K^T / sqrt(d) of one head, ``(B, 1 + L, 1 + L)``, query by key, in double precision."""
    d = DIM // HEADS
    projected = tokens.double() @ weight.double().T + bias.double()
    query = projected[..., head * d : (head + 1) * d]
    key = projected[..., DIM + head * d : DIM + (head + 1) * d]
    return query @ key.transpose(1, 2) / d**0.5


def explicit(tokens, weight, bias, want):
    """Eq. 5 with its switches, pair by pair."""
    heads = range(HEADS) if want.head is None else [want.head % HEADS]
    out = torch.zeros(BATCH, LENGTH, dtype=torch.float64)
    for head in heads:
        pairs = logits(tokens, weight, bias, head)
        for m in range(1, 1 + LENGTH):
            for i in range(0 if want.with_class else 1, 1 + LENGTH):
                if i == m and not want.with_self:
                    continue
                out[:, m - 1] += pairs[:, i, m] if want.axis == "key" else pairs[:, m, i]
    return out


@pytest.mark.parametrize(
    ("head", "axis", "with_self", "with_class"),
    list(itertools.product([0, 2, -1, None], ["key", "query"], [True, False], [True, False])),
)
def test_every_switch_equals_the_explicit_matrix(layer, head, axis, with_self, with_class):
    want = PatchAttention(0, head, axis, with_self, with_class)
    got = patch_attention(*layer, HEADS, want)
    assert got.dtype == torch.float32 and got.shape == (BATCH, LENGTH)
    torch.testing.assert_close(got.double(), explicit(*layer, want), rtol=1e-5, atol=1e-4)


def test_the_switches_do_differ(layer):
    maps = [
        patch_attention(*layer, HEADS, PatchAttention(0, 1, axis, with_self, with_class))
        for axis, with_self, with_class in itertools.product(["key", "query"], [True, False], [True, False])
    ]
    assert all((a - b).abs().max() > 0.1 for a, b in itertools.combinations(maps, 2))


def test_no_head_is_the_sum_of_the_heads(layer):
    each = [patch_attention(*layer, HEADS, PatchAttention(0, head)) for head in range(HEADS)]
    torch.testing.assert_close(patch_attention(*layer, HEADS, PatchAttention(0, None)), sum(each), rtol=1e-4, atol=1e-4)


def test_scaling_queries_or_keys_scales_the_map_and_values_do_not_matter(layer):
    tokens, weight, bias = layer
    scale = torch.ones(3 * DIM)
    scale[:DIM], scale[2 * DIM :] = 2.0, torch.nan
    got = patch_attention(tokens, weight * scale[:, None], bias * scale, HEADS, PatchAttention(0, 1))
    torch.testing.assert_close(got, 2 * patch_attention(*layer, HEADS, PatchAttention(0, 1)))


def test_other_heads_are_not_read(layer):
    tokens, weight, bias = layer
    other = weight.clone()
    other[: DIM // HEADS] = other[DIM : DIM + DIM // HEADS] = torch.nan
    want = PatchAttention(0, 1)
    assert torch.equal(patch_attention(tokens, other, bias, HEADS, want), patch_attention(*layer, HEADS, want))


def test_permuted_patches_have_a_permuted_map(layer):
    tokens, weight, bias = layer
    order = torch.tensor([3, 0, 6, 1, 5, 2, 4])
    permuted = torch.cat([tokens[:, :1], tokens[:, 1:][:, order]], dim=1)
    for want in (PatchAttention(0, 1), PatchAttention(0, None, "query", False, False)):
        got = patch_attention(permuted, weight, bias, HEADS, want)
        torch.testing.assert_close(got, patch_attention(*layer, HEADS, want)[:, order], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("biased", [False, True])
def test_class_attention_is_the_class_row_of_the_softmax(layer, biased):
    position_bias = torch.randn(HEADS, 1 + LENGTH, 1 + LENGTH) if biased else None
    rows = []
    for head in range(HEADS):
        pairs = logits(*layer, head) + (position_bias[head].double() if biased else 0)
        rows.append(pairs.softmax(dim=-1)[:, 0, 1:])
    got = class_attention(*layer, HEADS, position_bias)
    torch.testing.assert_close(got.double(), torch.stack(rows).mean(0), rtol=1e-5, atol=1e-6)
    assert (got.sum(dim=1) < 1).all()


def test_each_head_may_be_stretched_before_they_are_averaged():
    """As AMT weighs patches: one head that looks at a single patch does not outweigh those that look everywhere."""
    generator = torch.Generator().manual_seed(3)
    tokens, bias = torch.randn(BATCH, 1 + LENGTH, DIM, generator=generator), torch.zeros(3 * DIM)
    weight = torch.randn(3 * DIM, DIM, generator=generator)
    d = DIM // HEADS
    weight[:d] *= 3.0  # sharp
    weight[d : 2 * d] *= 0.003  # diffuse
    rows = torch.stack([logits(tokens, weight, bias, head).softmax(dim=-1)[:, 0, 1:] for head in range(HEADS)])
    assert rows[0].amax(dim=1).min() > 0.9 and (rows[1].amax(dim=1) - rows[1].amin(dim=1)).max() < 0.02
    expected = torch.zeros(BATCH, LENGTH, dtype=torch.float64)
    for b in range(BATCH):
        for head in range(HEADS):
            values = rows[head, b].tolist()
            low, high = min(values), max(values)
            expected[b] += torch.tensor([(value - low) / (high - low) / HEADS for value in values])
    got = class_attention(tokens, weight, bias, HEADS, heads="minmax_mean")
    torch.testing.assert_close(got.double(), expected, rtol=1e-4, atol=1e-4)
    mean = class_attention(tokens, weight, bias, HEADS)
    stretched = (mean - mean.amin(dim=1, keepdim=True)) / (mean.amax(dim=1, keepdim=True) - mean.amin(1, keepdim=True))
    assert (got / got.sum(1, keepdim=True) - stretched / stretched.sum(1, keepdim=True)).abs().max() > 0.1


def test_a_head_that_looks_everywhere_alike_counts_nothing():
    weight, bias = torch.zeros(3 * DIM, DIM), torch.zeros(3 * DIM)
    assert not class_attention(torch.randn(2, 8, DIM), weight, bias, HEADS, heads="minmax_mean").any()


class Largest(TorchDispatchMode):
    """Remembers the largest tensor that was made."""

    elements = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if isinstance(out, torch.Tensor):
            self.elements = max(self.elements, out.numel())
        return out


def test_no_matrix_of_all_pairs_is_made(layer):
    _, weight, bias = layer
    tokens = torch.randn(1, 1 + 1000, DIM)
    for want in (PatchAttention(0, 1), PatchAttention(0, None, "query", with_self=False, with_class=False)):
        with Largest() as made:
            patch_attention(tokens, weight, bias, HEADS, want)
        assert made.elements <= 1001 * DIM


def test_half_precision_and_autocast_do_not_blur_it(layer):
    want = PatchAttention(0, 1)
    with torch.autocast("cpu", torch.bfloat16):
        patches, classes = patch_attention(*layer, HEADS, want), class_attention(*layer, HEADS)
    assert torch.equal(patches, patch_attention(*layer, HEADS, want))
    assert torch.equal(classes, class_attention(*layer, HEADS))


def test_there_is_no_gradient(layer):
    tokens, weight, bias = layer
    weight.requires_grad_()
    assert not patch_attention(tokens, weight, bias, HEADS, PatchAttention(0, 1)).requires_grad
    assert not class_attention(tokens, weight, bias, HEADS).requires_grad


def test_wants_are_keys_and_an_unknown_axis_is_refused():
    assert {PatchAttention(9, 11), PatchAttention(block=9, head=11)} == {PatchAttention()}
    assert ClassAttention() != ClassAttention(0)
    assert str(PatchAttention(9, None)) == "attention (all heads of block 9)"
    with pytest.raises(ValueError, match="axis of the attention must be 'key' or 'query', got 'value'"):
        PatchAttention(axis="value")
    with pytest.raises(ValueError, match="heads of the attention must be 'mean' or 'minmax_mean', got 'max'"):
        ClassAttention(heads="max")
