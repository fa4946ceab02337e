"""Swin's windows beside plain references written from their definition."""

import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import init_default_scope
from timm.models.swin_transformer import SwinTransformer

from mimseg.models.backbones import dense_swin as swin
from mimseg.models.backbones.dense_swin import DenseSwin
from mimseg.models.backbones.swin_blocks import PatchMerging, WindowAttention, WindowPlan, fit_window

FITTING = [((8, 8), (4, 4), (2, 2)), ((6, 9), (3, 3), (1, 1)), ((4, 6), (2, 3), (1, 1)), ((4, 8), (4, 4), (0, 2))]
OTHERS = [
    ((5, 7), (3, 3), (1, 1)),
    ((5, 7), (3, 3), (1, 0)),
    ((9, 10), (7, 7), (3, 3)),
    ((16, 11), (7, 7), (3, 3)),
    ((2, 3), (7, 7), (3, 3)),
    ((8, 5), (4, 3), (2, 1)),
    ((3, 8), (3, 5), (0, 2)),
]


@pytest.fixture(autouse=True)
def seed():
    init_default_scope("mimseg")
    torch.manual_seed(0)


def randomized(module):
    """Weights none of which is zero."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape) * 0.3)
    return module.eval()


def places_of(grid, window, shift):
    """Of every token of the filled map, in raster order: itself, where it is after the roll, its window and its region.

    Liu et al. 2021, section 3.2: the map is rolled by the shift, windows are laid over it, and only tokens that were
    neighbours before may attend to each other. Those before the shift are rolled to the far side, into windows whose
    other tokens, the map's last ones and the filling behind them, are not their neighbours.
    """
    (h, w), (down, right) = window, shift
    high, wide = -(-grid[0] // h) * h, -(-grid[1] // w) * w
    for y in range(high):
        for x in range(wide):
            rolled = (y - down) % high, (x - right) % wide
            yield (y, x), rolled, (rolled[0] // h, rolled[1] // w), (y < down, x < right)


def reference(attn, x, window, shift):
    """Attention ``(B, H, W, D)`` as a softmax over the explicit pairs of the whole map."""
    batch, high, wide, dim = x.shape
    heads, places = attn.num_heads, list(places_of((high, wide), window, shift))
    tokens = torch.zeros(batch, len(places), dim)
    for n, ((down, right), *_) in enumerate(places):
        if down < high and right < wide:
            tokens[:, n] = x[:, down, right]
    projected = F.linear(tokens, attn.qkv.weight, attn.qkv.bias).view(batch, len(places), 3, heads, dim // heads)
    query, key, value = projected.permute(2, 0, 3, 1, 4)
    bias = torch.full((heads, len(places), len(places)), -torch.inf)
    for i, (_, one, cell, region) in enumerate(places):
        for j, (_, other, its_cell, its_region) in enumerate(places):
            if (cell, region) == (its_cell, its_region):
                down, right = one[0] - other[0] + window[0] - 1, one[1] - other[1] + window[1] - 1
                bias[:, i, j] = attn.relative_position_bias_table[down * (2 * window[1] - 1) + right]
    mixed = (query @ key.transpose(-1, -2) / (dim // heads) ** 0.5 + bias).softmax(-1) @ value
    out = F.linear(mixed.transpose(1, 2).flatten(2), attn.proj.weight, attn.proj.bias)
    inside = [n for n, ((down, right), *_) in enumerate(places) if down < high and right < wide]
    return out[:, inside].view(batch, high, wide, dim)


@pytest.mark.parametrize(("grid", "window", "shift"), FITTING + OTHERS)
def test_attention_in_windows_is_that_over_the_pairs_of_one_window_and_region(grid, window, shift):
    attn = randomized(WindowAttention(8, 2, window))
    x = torch.randn(2, *grid, 8)
    for moved in ((0, 0), shift):
        plan = WindowPlan.of(grid, window, moved, torch.device("cpu"))
        out = plan.join(attn(plan.cut(x), plan), grid)
        torch.testing.assert_close(out, reference(attn, x, window, moved), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("grid", "window", "shift"), FITTING + OTHERS)
def test_a_token_attends_to_its_neighbours_only(grid, window, shift):
    """Seen from outside: which tokens of the map change with one of them."""
    attn = randomized(WindowAttention(4, 1, window))
    plan = WindowPlan.of(grid, window, shift, torch.device("cpu"))
    x = torch.randn(1, *grid, 4)
    before = plan.join(attn(plan.cut(x), plan), grid)[0]
    places = {
        place: (cell, region)
        for place, _, cell, region in places_of(grid, window, shift)
        if place[0] < grid[0] and place[1] < grid[1]
    }
    for moved in ((0, 0), (grid[0] - 1, grid[1] - 1), (grid[0] // 2, 0)):
        changed = x.clone()
        changed[0, moved[0], moved[1]] += 1.0
        after = plan.join(attn(plan.cut(changed), plan), grid)[0]
        seen = {tuple(place) for place in (after - before).abs().sum(-1).gt(1e-7).nonzero().tolist()}
        assert seen == {place for place, where in places.items() if where == places[moved]}


def test_the_first_and_last_rows_of_a_map_are_no_neighbours():
    """Rows 0 .. 9, windows of 7 rolled by 3: 4 .. 9 and one of filling; six of filling with 0 .. 3 rolled in apart."""
    plan = WindowPlan.of((10, 7), (7, 7), (3, 0), torch.device("cpu"))
    rows = torch.arange(1.0, 11).view(1, 10, 1, 1).expand(1, 10, 7, 1)
    windows = plan.cut(rows).view(2, 7, 7)[:, :, 0]
    assert windows.tolist() == [[4, 5, 6, 7, 8, 9, 10], [0, 0, 0, 0, 1, 2, 3]]
    apart = plan.elsewhere.view(2, 49, 49)[1, ::7, ::7] < 0  # between the rows of the second window
    assert apart[0].tolist() == [False] * 4 + [True] * 3
    assert apart[-1].tolist() == [True] * 4 + [False] * 3


@pytest.mark.parametrize(("grid", "window", "shift"), FITTING + OTHERS)
def test_windows_are_cut_and_joined(grid, window, shift):
    plan = WindowPlan.of(grid, window, shift, torch.device("cpu"))
    x = torch.arange(1.0, 2 * grid[0] * grid[1] * 3 + 1).view(2, *grid, 3)
    windows = plan.cut(x)
    rows, columns = -(-grid[0] // window[0]), -(-grid[1] // window[1])
    assert windows.shape == (2, rows * columns, window[0] * window[1], 3)
    assert torch.equal(plan.join(windows, grid), x)
    for (y, right), (down, across), _, _ in places_of(grid, window, shift):
        cell = down // window[0] * columns + across // window[1]
        place = down % window[0] * window[1] + across % window[1]
        inside = y < grid[0] and right < grid[1]
        assert torch.equal(windows[:, cell, place], x[:, y, right] if inside else torch.zeros(2, 3))


@pytest.mark.parametrize(
    ("grid", "window", "expected"), [((8, 8), 4, (4, 2)), ((4, 8), 4, (4, 0)), ((3, 8), 4, (3, 0))]
)
def test_a_window_is_no_larger_than_its_stage(grid, window, expected):
    (h, w), (down, right) = fit_window(grid, (window, window))
    assert ((h, down), (w, right)) == (expected, (4, 2))


@pytest.mark.parametrize("grid", [(4, 6), (5, 6), (4, 3), (7, 1)])
def test_merging_fills_up_odd_sides(grid):
    """Four neighbours in the order of Swin's code: (0, 0), (1, 0), (0, 1), (1, 1), each (row, column)."""
    merging = randomized(PatchMerging(4))
    x = torch.randn(2, *grid, 4)
    filled = torch.zeros(2, grid[0] + grid[0] % 2, grid[1] + grid[1] % 2, 4)
    filled[:, : grid[0], : grid[1]] = x
    four = torch.cat([filled[:, r::2, c::2] for r, c in ((0, 0), (1, 0), (0, 1), (1, 1))], dim=-1)
    normed = F.layer_norm(four, (16,), merging.norm.weight, merging.norm.bias)
    torch.testing.assert_close(merging(x), F.linear(normed, merging.reduction.weight))


@pytest.mark.parametrize(
    ("window", "size"), [(7, (224, 224)), (7, (224, 448)), (3, (96, 96)), (3, (96, 192)), (4, (128, 128))]
)
def test_every_stage_is_timms_where_windows_fit(window, size):
    """Where they do not, timm rolls before it fills up, and its mask is not of that order."""
    arch = dict(embed_dim=8, depths=(2, 2, 2, 2), num_heads=(1, 2, 2, 4))
    encoder = randomized(DenseSwin(size, window, arch))
    theirs = SwinTransformer(img_size=size, num_classes=0, window_size=window, **arch).eval()
    theirs.load_state_dict({name: value for name, value in encoder.state_dict().items() if name != "mask_token"})
    images = torch.randn(1, 3, *size)
    for ours, other in zip(
        encoder.stage_maps(images), theirs.forward_intermediates(images, intermediates_only=True), strict=True
    ):
        assert (ours - other).norm() < 1e-5 * other.norm()


def test_images_of_every_size_have_maps_of_rounded_up_sides():
    encoder = randomized(DenseSwin(64, 3, dict(embed_dim=4, depths=(1, 1, 1, 1), num_heads=(1, 1, 1, 1))))
    for size in ((150, 110), (33, 1), (96, 80)):
        maps = encoder.stage_maps(torch.randn(1, 3, *size))
        assert [tuple(x.shape[2:]) for x in maps] == [tuple(-(-side // s) for side in size) for s in (4, 8, 16, 32)]
    with pytest.raises(ValueError, match=r"takes images \(B, 3, H, W\)"):
        encoder.stage_maps(torch.randn(1, 4, 64, 64))


def test_plans_of_many_image_sizes_are_not_kept_for_ever():
    encoder = DenseSwin(32, 2, dict(embed_dim=4, depths=(1, 1), num_heads=(1, 1)))
    plans = [encoder.plans_of((side, 4), torch.device("cpu")) for side in range(2, 3 * swin.KEPT_SIZES)]
    assert len(encoder.plans) == swin.KEPT_SIZES
    assert encoder.plans_of((3 * swin.KEPT_SIZES - 1, 4), torch.device("cpu")) is plans[-1]
