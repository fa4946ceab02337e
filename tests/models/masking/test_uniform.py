"""Uniform sampling (UM-MAE)."""

import pytest
import torch

from mimseg.models import Draw
from mimseg.models.masking.policies.uniform import UniformPolicy
from mimseg.registry import MODELS


def noise(rows, length, seed=0):
    columns = UniformPolicy().noise_per_image(length)
    return torch.rand(rows, columns, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("grid", "pool"), [((14, 14), 100), ((8, 8), 32), ((6, 10), 32), ((2, 2), 4)])
def test_one_of_four_is_visible_where_the_shuffled_pool_says(grid, pool):
    """The pool of the public code: four places again and again, until it holds two entries a square."""
    h, w = grid
    entries = [place for _ in range(pool // 4) for place in range(4)]
    assert 4 * len(entries) >= 2 * h * w > 4 * (len(entries) - 4)
    drawn = noise(8, h * w)
    assert drawn.shape[1] == pool
    mask = UniformPolicy()(Draw(drawn, h * w * 3 // 4, 0.5, grid)).view(8, h, w)
    for numbers, image in zip(drawn.tolist(), mask, strict=True):
        shuffled = [place for _, place in sorted(zip(numbers, entries, strict=True))]
        for i in range(h // 2):
            for j in range(w // 2):
                square = image[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].flatten().tolist()
                visible = shuffled[i * (w // 2) + j]
                assert square == [place != visible for place in range(4)]


def test_the_four_places_are_balanced_within_an_image():
    """Without replacement: the variance of a count is that of the hypergeometric distribution, half the binomial's."""
    mask = UniformPolicy()(Draw(noise(4000, 196), 147, 0.5, (14, 14)))
    counts = (~mask).view(-1, 7, 2, 7, 2).permute(0, 1, 3, 2, 4).reshape(-1, 49, 4).sum(dim=1).float()
    assert counts.sum(dim=1).unique().tolist() == [49] and counts.max() <= 25
    torch.testing.assert_close(counts.mean(dim=0), torch.full((4,), 49 / 4), atol=0.15, rtol=0)
    expected = 49 * 0.25 * 0.75 * (100 - 49) / (100 - 1)
    torch.testing.assert_close(counts.var(dim=0).mean().item(), expected, rtol=0.1, atol=0)


@pytest.mark.parametrize("grid", [(7, 14), (14, 7)])
def test_odd_grids_are_refused(grid):
    with pytest.raises(ValueError, match="even numbers of patches, got a"):
        UniformPolicy()(Draw(noise(2, 98), 73, 0.5, grid))


def test_other_ratios_are_refused():
    ratio = dict(type="mimseg.FixedRatio", ratio=0.6)
    with pytest.raises(ValueError, match=r"three of every four patches; set masking.ratio to dict\(type='FixedRatio'"):
        MODELS.build(dict(type="mimseg.MaskGenerator", policy=dict(type="mimseg.UniformPolicy"), ratio=ratio))
