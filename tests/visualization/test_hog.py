"""Histograms of oriented gradients as strokes."""

import numpy as np
import pytest
import torch

from mimseg.ops.hog import hog
from mimseg.visualization import draw_hog

SIDE = 17
DOWN, RIGHT = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2


def direction(picture: np.ndarray) -> float:
    """Angle of the one stroke of a cell, in degrees from the horizontal, counter-clockwise, 0 to 180."""
    weights = picture / picture.sum()
    xx, yy, xy = ((weights * product).sum() for product in (RIGHT**2, DOWN**2, -RIGHT * DOWN))
    return float(np.degrees(0.5 * np.arctan2(2 * xy, xx - yy)) % 180)


@pytest.mark.parametrize(
    ("slope", "edge"),  # change to the right and downwards; how the edges of such a ramp run
    [((1, 0), 90.0), ((-1, 0), 90.0), ((1, 1), 45.0), ((1, -1), 135.0), ((1, 3), 18.4), ((3, -1), 108.4)],
)
def test_strokes_run_along_the_edge(slope, edge):
    y, x = torch.meshgrid(torch.arange(24.0), torch.arange(24.0), indexing="ij")
    ramp = slope[0] * x + slope[1] * y
    (picture,) = draw_hog(hog(ramp.view(1, 1, 24, 24)), 9, SIDE)
    inner = picture[SIDE : 2 * SIDE, SIDE : 2 * SIDE]  # a cell whose mirrored borders are far
    assert inner.max() == pytest.approx(1, abs=0.01)
    assert abs(direction(inner) - edge) <= 10  # half a bin


@pytest.mark.parametrize("bins", [4, 9])
def test_every_bin_has_the_middle_of_its_range(bins):
    for bin in range(bins):
        histogram = torch.zeros(1, bins, 1, 1)
        histogram[0, bin] = 1
        (picture,) = draw_hog(histogram, bins, SIDE)
        assert direction(picture) == pytest.approx((bin + 0.5) * 180 / bins, abs=1.5)
        assert picture[SIDE // 2, SIDE // 2] == 1  # through the middle
        far = max(abs(float(x)) for x in RIGHT[0])
        assert picture[np.hypot(RIGHT, DOWN) > far + 1].max() == 0 and (picture > 0.5).sum() >= SIDE - 3


def test_cells_channels_and_signs():
    histograms = torch.zeros(2, 3 * 9, 2, 3)
    histograms[1, 4, 0, 2] = 0.9  # first channel: a vertical stroke in the cell of row 0 and column 2
    histograms[1, 9 + 4, 0, 2] = -5.0  # second channel: below 0, counts as 0
    pictures = draw_hog(histograms, 9, 9)
    assert pictures.shape == (2, 18, 27) and pictures[0].max() == 0
    cell = pictures[1, :9, 18:]
    assert cell.max() == pytest.approx(0.3)  # the mean of 0.9, 0 and 0
    np.testing.assert_allclose(cell, cell[:, ::-1], atol=1e-6)
    assert cell[:, :3].max() == 0 and (cell[1:-1, 4] == cell.max()).all()
    pictures[1, :9, 18:] = 0
    assert pictures.max() == 0


def test_the_brighter_stroke_is_seen_where_two_cross():
    both = torch.zeros(1, 9, 1, 1)
    both[0, 4], both[0, 0] = 0.5, 1.0
    alone = [draw_hog(both * torch.eye(9)[bin].view(1, 9, 1, 1), 9, SIDE) for bin in (4, 0)]
    assert np.array_equal(draw_hog(both, 9, SIDE), np.maximum(*alone))
