"""Relative positions of a ViT, pair by pair."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mimseg.models.backbones.relative_positions import RelativePositionBias


@pytest.mark.parametrize("grid", [(3, 4), (2, 6), (1, 1)])
def test_relative_bias_of_every_pair(grid):
    """Table (2h-1, 2w-1), bicubically resized for another grid, and three entries for the class token."""
    own = (3, 4)
    bias = RelativePositionBias(2, own)
    nn.init.normal_(bias.table)
    square = bias.table[:-3].t().reshape(1, 2, 5, 7)
    h, w = grid
    if grid != own:
        square = F.interpolate(square, (2 * h - 1, 2 * w - 1), mode="bicubic", align_corners=False)
    places = [None, *((y, x) for y in range(h) for x in range(w))]
    expected = torch.empty(2, len(places), len(places))
    for i, query in enumerate(places):
        for j, key in enumerate(places):
            if query is None:
                expected[:, i, j] = bias.table[-1 if key is None else -3]
            elif key is None:
                expected[:, i, j] = bias.table[-2]
            else:
                expected[:, i, j] = square[0, :, query[0] - key[0] + h - 1, query[1] - key[1] + w - 1]
    torch.testing.assert_close(bias(grid), expected)
    assert bias(own).shape == (2, 13, 13)  # back again
    assert not RelativePositionBias(2, own).table.any()
