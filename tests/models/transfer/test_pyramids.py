"""Pyramids of a ViT's maps."""

import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import init_default_scope

from mimseg.registry import MODELS

GROUPS = dict(type="GN", num_groups=4)


def build(**config):
    init_default_scope("mmengine")
    torch.manual_seed(0)
    return MODELS.build({**config, "type": f"mimseg.{config['type']}"})


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("grid", [(4, 6), (5, 7), (3, 1)])
def test_levels_of_the_simple_pyramid_by_hand(grid):
    neck = build(type="SimplePyramid", in_channels=8, out_channels=6)
    x = torch.randn(2, 8, *grid)
    levels = neck((torch.zeros_like(x), x))
    sides = [(4 * h, 2 * h, h, -(-h // 2), -(-h // 4)) for h in grid]
    assert [tuple(level.shape[2:]) for level in levels] == list(zip(*sides, strict=True))
    first, norm, _, second = neck.scales[0]
    normed = F.layer_norm(first(x).permute(0, 2, 3, 1), (4,), norm.weight, norm.bias, 1e-6).permute(0, 3, 1, 2)
    scaled = [
        second(F.gelu(normed)),
        neck.scales[1](x),
        x,
        F.max_pool2d(F.pad(x, (0, grid[1] % 2, 0, grid[0] % 2), value=-1e9), 2),
    ]
    for level, at, output in zip(levels, scaled, neck.outputs, strict=False):
        for convolution, padding in ((output[0], 0), (output[2], 1)):
            at = F.conv2d(at, convolution.weight, padding=padding)
            at = (at - at.mean(1, keepdim=True)) / (at.var(1, unbiased=False, keepdim=True) + 1e-6).sqrt()
        torch.testing.assert_close(level, at, rtol=1e-4, atol=1e-4)
    assert torch.equal(levels[4], levels[3][:, :, ::2, ::2])


def test_parameters_of_the_simple_pyramid_of_vitdet_b():
    with torch.device("meta"):
        neck = build(type="SimplePyramid", in_channels=768)
    up = (768 * 384 * 4 + 384) + 2 * 384 + (384 * 192 * 4 + 192) + (768 * 384 * 4 + 384)
    outputs = sum(width * 256 + 256 * 256 * 9 + 4 * 256 for width in (192, 384, 768, 768))
    assert count(neck) == up + outputs


@pytest.mark.parametrize("grid", [(4, 6), (5, 7)])
def test_a_cell_of_every_level_stands_for_its_own_pixels(grid):
    """Cell i of stride s covers pixels from i s: it reads the patches of 16 px that hold these, and no others."""
    neck = build(type="FourTapPyramid", in_channels=8, norm_cfg=dict(type="mimseg.LN2d"))
    maps = [torch.randn(1, 8, *grid, requires_grad=True) for _ in range(4)]
    for level, x, stride in zip(neck(maps), maps, (4, 8, 16, 32), strict=True):
        for i in range(level.shape[2]):
            read = torch.autograd.grad(level[0, :, i].sum(), x, retain_graph=True)[0][0].abs().sum((0, 2)) > 0
            patches = range(i * stride // 16, min(-(-(i + 1) * stride // 16), grid[0]))
            assert read.nonzero().flatten().tolist() == list(patches)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_norm_of_channels_keeps_the_layout(layout):
    x = torch.randn(2, 8, 3, 5).contiguous(memory_format=layout)
    normed = build(type="LN2d", num_features=8)(x)
    assert normed.is_contiguous(memory_format=layout)
    expected = F.layer_norm(x.permute(0, 2, 3, 1), (8,), eps=1e-6).permute(0, 3, 1, 2)
    torch.testing.assert_close(normed, expected)
    assert build(type="LN2d", num_features=8)(x[..., :4]).is_contiguous()  # a part of a map is neither


def test_four_taps_by_hand():
    neck = build(type="FourTapPyramid", in_channels=8, norm_cfg=GROUPS)
    maps = tuple(torch.randn(2, 8, 3, 5) for _ in range(4))
    levels = neck(maps)
    first, norm, _, second = neck.scales[0]
    grouped = F.group_norm(first(maps[0]), 4, norm.weight, norm.bias)
    torch.testing.assert_close(levels[0], second(F.gelu(grouped)))
    torch.testing.assert_close(levels[1], neck.scales[1](maps[1]))
    assert torch.equal(levels[2], maps[2])
    assert torch.equal(levels[3][..., :1, :2], F.max_pool2d(maps[3], 2))
    assert count(neck) == 3 * (8 * 8 * 4 + 8) + 2 * 8


@pytest.mark.slow  # to import
def test_four_taps_are_those_of_mmsegmentation():
    """On even maps, by its Feature2Pyramid."""
    necks = pytest.importorskip("mmseg.models.necks.featurepyramid")
    theirs = necks.Feature2Pyramid(8, norm_cfg=GROUPS)
    ours = build(type="FourTapPyramid", in_channels=8, norm_cfg=GROUPS)
    ours.scales[0].load_state_dict(theirs.upsample_4x.state_dict())
    ours.scales[1].load_state_dict(theirs.upsample_2x[0].state_dict())
    maps = tuple(torch.randn(1, 8, 4, 6) for _ in range(4))
    for one, other in zip(ours(maps), theirs(maps), strict=True):
        torch.testing.assert_close(one, other)


def test_wrong_numbers_are_one_line():
    for config, complaint in (
        (dict(type="SimplePyramid", in_channels=10), "in_channels=10 must be a multiple of 4"),
        (dict(type="SimplePyramid", in_channels=8, num_outs=3), "num_outs=3 must be at least 4"),
    ):
        with pytest.raises(ValueError, match=complaint):
            build(**config)
    with pytest.raises(ValueError, match="needs 4 maps, got 1; set model.backbone.taps"):
        build(type="FourTapPyramid", in_channels=8, norm_cfg=GROUPS)((torch.zeros(1, 8, 2, 2),))
