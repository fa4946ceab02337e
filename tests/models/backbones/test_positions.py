"""Position embeddings of grids that an encoder was not made for."""

import math

import pytest
import torch
from mmengine.registry import init_default_scope

from mimseg.models.backbones.positions import LearnedPositions, Positions
from mimseg.registry import MODELS

ARCH = dict(embed_dim=16, depth=1, num_heads=2)


def sincos(grid, dim):
    """MAE's table, number by number: columns, then rows, each sines, then cosines."""
    rows = []
    for y in range(grid[0]):
        for x in range(grid[1]):
            angles = [[place / 10000 ** (i / (dim // 4)) for i in range(dim // 4)] for place in (x, y)]
            rows.append([wave(a) for axis in angles for wave in (math.sin, math.cos) for a in axis])
    return torch.tensor(rows, dtype=torch.float64)


def weights_of(old, new):
    """Cubic convolution (Keys 1981, a = -0.75) between aligned cell centres, borders repeated: ``(new, old)``."""
    matrix = torch.zeros(new, old, dtype=torch.float64)
    for i in range(new):
        at = (i + 0.5) * old / new - 0.5
        for tap in range(math.floor(at) - 1, math.floor(at) + 3):
            d = abs(at - tap)
            near = (1.25 * d - 2.25) * d * d + 1
            far = ((-0.75 * d + 3.75) * d - 6) * d + 3
            matrix[i, min(max(tap, 0), old - 1)] += near if d <= 1 else far
    return matrix


def bicubic(table, old, new):
    """A table ``(h * w, D)`` as an image, rows and columns by themselves."""
    image = table.double().unflatten(0, old)
    return torch.einsum("yh,xw,hwd->yxd", weights_of(old[0], new[0]), weights_of(old[1], new[1]), image).flatten(0, 1)


@pytest.mark.parametrize(("old", "new"), [((8, 8), (14, 14)), ((8, 8), (10, 12)), ((6, 4), (3, 4)), ((5, 7), (5, 7))])
def test_fixed_positions_of_a_reference_are_resized_bicubically(old, new):
    made = Positions(16, old)(new)
    torch.testing.assert_close(made.double(), bicubic(sincos(old, 16), old, new), rtol=0, atol=3e-6)


def test_without_a_reference_they_are_computed_for_every_grid():
    positions = Positions(16)
    for grid in ((8, 8), (14, 14), (3, 5), (8, 8)):
        torch.testing.assert_close(positions(grid).double(), sincos(grid, 16), rtol=0, atol=3e-6)


def test_a_new_reference_takes_effect_at_once():
    positions = Positions(16)
    computed = positions((14, 14)).clone()
    positions.reference = (8, 8)
    assert (positions((14, 14)) - computed).abs().max() > 0.5
    torch.testing.assert_close(
        positions((14, 14)).double(), bicubic(sincos((8, 8), 16), (8, 8), (14, 14)), atol=3e-6, rtol=0
    )


def test_the_grid_of_weights_is_that_of_training_not_the_last_one_used():
    positions = Positions(16)
    assert positions.eval()((4, 4)).shape == (16, 16) and positions.own_grid is None
    positions.train()((8, 8))
    positions.eval()((14, 14))
    assert positions.own_grid == (8, 8)
    positions.train()((10, 10))
    assert positions.own_grid == (10, 10)
    referring = Positions(16, (8, 8)).train()
    referring((10, 10))
    assert referring.own_grid == (8, 8)
    assert LearnedPositions(16, (3, 5)).own_grid == (3, 5)


@pytest.mark.parametrize("kind", ["SparseViT", "DenseViT"])
def test_encoders_resize_or_compute(kind):
    """'sincos' is for image_size; 'sincos_per_grid' for whatever comes."""
    init_default_scope("mimseg")
    made = {
        name: MODELS.build(dict(type=kind, arch=ARCH, patch_size=4, image_size=32, positions=name)).position_table(
            (14, 14)
        )
        for name in ("sincos", "sincos_per_grid")
    }
    torch.testing.assert_close(
        made["sincos"].double(), bicubic(sincos((8, 8), 16), (8, 8), (14, 14)), atol=3e-6, rtol=0
    )
    torch.testing.assert_close(made["sincos_per_grid"].double(), sincos((14, 14), 16), atol=3e-6, rtol=0)
