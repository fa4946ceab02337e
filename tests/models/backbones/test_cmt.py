"""CMT: sizes, every part against arithmetic written the long way, position biases of other image sizes."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mimseg.models.backbones.cmt import CMT
from mimseg.models.backbones.cmt_blocks import CMTBlock, CMTStage, InvertedResidual, ReducedAttention
from mimseg.registry import MODELS

TINY = dict(stem_dim=4, embed_dims=(8, 16, 24, 32), depths=(1, 2, 1, 1), num_heads=(1, 2, 3, 4), mlp_ratio=2.0)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def randomize(module):
    """No zero bias, no unit scale, no empty statistics of BatchNorm."""
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 2)
            elif tensor.is_floating_point():
                tensor.normal_(std=0.5)
    return module.eval()


def batch_norm(x, norm):
    """(C, h, w) by running statistics, channel by channel."""
    rows = zip(x, norm.weight, norm.bias, norm.running_mean, norm.running_var, strict=True)
    return torch.stack(
        [(plane - mean) / math.sqrt(var + 1e-5) * scale + shift for plane, scale, shift, mean, var in rows]
    )


def depthwise(x, conv, size, stride, padding):
    """(C, h, w) by a kernel a channel, cell by cell."""
    padded = F.pad(x, [padding] * 4)
    h, w = ((side + 2 * padding - size) // stride + 1 for side in x.shape[1:])
    out = torch.zeros(len(x), h, w)
    for c in range(len(x)):
        for i in range(h):
            for j in range(w):
                window = padded[c, i * stride : i * stride + size, j * stride : j * stride + size]
                out[c, i, j] = (window * conv.weight[c, 0]).sum() + conv.bias[c]
    return out


def plain_attention(attn, x, grid, bias, reduction):
    """(N, D) to (N, D), one head and one query at a time."""
    n, dim = x.shape
    coarse = x.t().reshape(dim, *grid)
    if reduction > 1:
        coarse = batch_norm(depthwise(coarse, attn.reduce[0], reduction, reduction, 0), attn.reduce[1])
    coarse = coarse.flatten(1).t()
    query = x @ attn.query.weight.t() + attn.query.bias
    key = coarse @ attn.key_value.weight[:dim].t() + attn.key_value.bias[:dim]
    value = coarse @ attn.key_value.weight[dim:].t() + attn.key_value.bias[dim:]
    out, width = torch.zeros(n, dim), dim // attn.num_heads
    for head in range(attn.num_heads):
        part = slice(head * width, (head + 1) * width)
        for i in range(n):
            logits = [query[i, part] @ key[j, part] / math.sqrt(width) + bias[head, i, j] for j in range(len(key))]
            weights = torch.stack(logits).exp()
            out[i, part] = sum(weight * value[j, part] for j, weight in enumerate(weights / weights.sum()))
    return out @ attn.proj.weight.t() + attn.proj.bias


def pointwise(x, conv):
    return torch.einsum("dc,chw->dhw", conv.weight[:, :, 0, 0], x) + conv.bias[:, None, None]


def gelu(x):
    return 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))


def plain_ffn(ffn, x):
    """(D, h, w) to (D, h, w)."""
    x = batch_norm(gelu(pointwise(x, ffn.expand[0])), ffn.expand[2])
    x = batch_norm(gelu(x + depthwise(x, ffn.depthwise, 3, 1, 1)), ffn.project[1])
    return batch_norm(pointwise(x, ffn.project[2]), ffn.project[3])


def plain_layer_norm(x, norm, eps):
    mean, variance = x.mean(-1, keepdim=True), x.var(-1, keepdim=True, unbiased=False)
    return (x - mean) / (variance + eps).sqrt() * norm.weight + norm.bias


def test_the_parameters_are_those_of_the_public_code():
    """Beside the trunk a classifier has a 1 x 1 convolution to 1280 channels with BatchNorm, and 1000 classes."""
    millions = {}
    for arch, size in (("tiny", 160), ("xsmall", 192), ("small", 224), ("base", 256)):
        with torch.device("meta"):
            model = CMT(arch, size)
        classifier = (model.embed_dim + 1) * 1280 + 2 * 1280 + 1281 * 1000
        millions[arch] = (sum(p.numel() for p in model.parameters()) + classifier) / 1e6
    # The paper: 9.49, 15.24, 25.14, 45.72; the public code gives 26.26 for CMT-S.
    assert {arch: round(number, 2) for arch, number in millions.items()} == {
        "tiny": 9.49,
        "xsmall": 15.25,
        "small": 26.26,
        "base": 45.72,
    }


@pytest.mark.parametrize("size", [(64, 64), (32, 32), (96, 64), (160, 32)])
def test_a_map_of_one_cell_for_32_px(size):
    model = MODELS.build(dict(type="CMT", arch=TINY, image_size=64, in_channels=2))
    assert model(torch.randn(2, 2, *size)).shape == (2, 32, size[0] // 32, size[1] // 32)
    assert [tuple(stage.relative_position_bias.shape) for stage in model.stages] == [
        (1, 256, 4),
        (2, 64, 4),
        (3, 16, 4),
        (4, 4, 4),
    ]


def test_images_need_not_be_square():
    model = CMT(TINY, (64, 96))
    assert tuple(model.stages[0].relative_position_bias.shape) == (1, 16 * 24, 2 * 3)
    assert model(torch.randn(2, 3, 64, 96)).shape == (2, 32, 2, 3)


@pytest.mark.parametrize(("reduction", "grid"), [(1, (2, 3)), (2, (4, 2)), (4, (4, 8))])
def test_attention_is_that_of_the_paper(reduction, grid):
    attn = randomize(ReducedAttention(8, 2, reduction))
    length = grid[0] * grid[1]
    x, bias = torch.randn(2, length, 8), torch.randn(2, length, length // reduction**2)
    expected = torch.stack([plain_attention(attn, sample, grid, bias, reduction) for sample in x])
    torch.testing.assert_close(attn(x, grid, bias), expected, rtol=1e-4, atol=1e-5)


def test_the_feed_forward_network_is_that_of_the_paper():
    ffn, x = randomize(InvertedResidual(4, 6)), torch.randn(2, 4, 3, 5)
    torch.testing.assert_close(ffn(x), torch.stack([plain_ffn(ffn, sample) for sample in x]), rtol=1e-4, atol=1e-4)


def test_a_block_perceives_attends_and_feeds_forward():
    grid, block = (4, 2), randomize(CMTBlock(8, 2, 2, 12))
    x, bias = torch.randn(1, 8, *grid), torch.randn(2, 8, 2)
    tokens = (x[0] + depthwise(x[0], block.perceive, 3, 1, 1)).flatten(1).t()
    tokens = tokens + plain_attention(block.attn, plain_layer_norm(tokens, block.norm1, 1e-6), grid, bias, 2)
    image = tokens.t().reshape(8, *grid)
    expected = image + plain_ffn(block.mlp, plain_layer_norm(tokens, block.norm2, 1e-6).t().reshape(8, *grid))
    torch.testing.assert_close(block(x, bias)[0], expected, rtol=1e-4, atol=1e-4)


def test_the_blocks_of_a_stage_share_its_bias_and_patches_are_normalised():
    stage = randomize(CMTStage(3, 8, 2, 2, 16, [0.0, 0.0], (4, 4)))
    x = torch.randn(2, 3, 8, 8)
    cells = torch.stack([stage.embed(x)[:, :, i // 4, i % 4] for i in range(16)], dim=1)
    expected = plain_layer_norm(cells, stage.norm, 1e-5).transpose(1, 2).reshape(2, 8, 4, 4)
    for block in stage.blocks:
        expected = block(expected, stage.relative_position_bias)
    torch.testing.assert_close(stage(x), expected)


def test_the_stem_halves_the_image_and_normalises_after_gelu():
    model = randomize(CMT(TINY, 32))
    x = images = torch.randn(1, 3, 32, 32)
    for conv, norm, stride in ((0, 2, 2), (3, 5, 1), (6, 8, 1)):
        x = gelu(F.conv2d(x, model.stem[conv].weight, model.stem[conv].bias, stride=stride, padding=1))
        x = batch_norm(x[0], model.stem[norm])[None]
    assert x.shape == (1, 4, 16, 16)
    for stage in model.stages:
        x = stage(x)
    torch.testing.assert_close(model(images), x, rtol=1e-4, atol=1e-4)


def test_the_bias_of_another_image_size_is_resized_as_an_image():
    """Bicubic with a = -0.75 and aligned corners off, entry by entry."""
    stage = CMTStage(3, 8, 2, 2, 16, [0.0], (4, 4))
    bias, resized = stage.relative_position_bias.detach(), stage.bias((6, 4))
    assert resized.shape == (2, 24, 6)
    assert stage.bias((4, 4)) is stage.relative_position_bias

    def kernel(t):
        t, a = abs(t), -0.75
        if t <= 1:
            return (a + 2) * t**3 - (a + 3) * t**2 + 1
        return a * t**3 - 5 * a * t**2 + 8 * a * t - 4 * a if t < 2 else 0.0

    def taps(i, old, new):
        centre = (i + 0.5) * old / new - 0.5
        first = math.floor(centre) - 1
        return [(min(max(j, 0), old - 1), kernel(centre - j)) for j in range(first, first + 4)]

    for q, k in ((0, 0), (11, 3), (23, 5), (7, 1)):
        expected = sum(u * v * bias[:, i, j] for i, u in taps(q, 16, 24) for j, v in taps(k, 4, 6))
        torch.testing.assert_close(resized[:, q, k].detach(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("size", [64, 96])
def test_everything_learns(size):
    model = CMT(TINY, 64, drop_path=0.1)
    model(torch.randn(4, 3, size, size)).square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name
    assert all(stage.relative_position_bias.grad.abs().sum() > 0 for stage in model.stages)


@pytest.mark.parametrize("size", [64, 96])
def test_bf16_is_close_to_fp32_and_learns(size):
    model, images = CMT(TINY, 64), torch.randn(4, 3, size, size)
    exact = model(images)
    with torch.autocast("cpu", torch.bfloat16):
        rough = model(images)
    error = (rough.float() - exact).norm() / exact.norm()
    assert error < 0.05
    rough.float().square().sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


def test_stochastic_depth_rises_over_all_blocks():
    model = CMT(TINY, 64, drop_path=0.4)
    rates = [getattr(block.drop_path1, "drop_prob", 0.0) for stage in model.stages for block in stage.blocks]
    assert rates == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
    assert all(not part.bias.any() for part in model.modules() if isinstance(part, nn.Linear | nn.Conv2d))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (dict(arch="huge"), "unknown CMT arch 'huge'; use one of tiny, xsmall, small, base or a dict"),
        (dict(arch=dict(depths=(1,))), "has exactly the keys"),
        (dict(arch={**TINY, "depths": (1, 1)}), "as many embed_dims as depths and num_heads"),
        (dict(arch={**TINY, "num_heads": (1, 2, 5, 4)}), "width 24 of stage 2 of a CMT is no multiple of 5 heads"),
        (dict(arch=TINY, image_size=100), "image size 100x100 is not a multiple of patch_size=32"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(options, complaint):
    with pytest.raises(ValueError, match=complaint) as error:
        CMT(**options)
    assert "\n" not in str(error.value)


def test_images_that_the_stride_does_not_divide_are_refused():
    with pytest.raises(ValueError, match="image size 64x48 is not a multiple of patch_size=32"):
        CMT(TINY, 64)(torch.randn(1, 3, 64, 48))
