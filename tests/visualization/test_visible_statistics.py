import pytest
import torch

from mimseg.models import Reconstruction
from mimseg.visualization import use_visible_statistics

NAN = float("nan")


def seen_with(pixels, mask, grid=(2, 2), note="the true patches' statistics"):
    mask = torch.tensor([mask])
    return Reconstruction(mask, grid, pixels, torch.full(mask.shape, NAN), None, note)


def four_patches(*statistics):
    """A 4x4 image of 2x2 patches, each with the pattern -1, 1, 1, -1 (unbiased std of it: sqrt(4/3))."""
    pattern = torch.tensor([[-1.0, 1.0], [1.0, -1.0]])
    cells = [mean + scale * pattern for mean, scale in statistics]
    return torch.cat([torch.cat(cells[:2], dim=1), torch.cat(cells[2:], dim=1)])[None, None]


def test_hidden_patches_get_the_average_of_the_visible_ones_by_inverse_squared_distance():
    image = four_patches((9, 5), (1, 1), (2, 2), (3, 4))
    shown = use_visible_statistics(image, seen_with(image, [True, False, False, False]))
    # Patches 1 and 2 are at distance 1 of patch 0, patch 3 at sqrt(2): weights 1, 1 and 1/2 of 2.5.
    mean, scale = (1 + 2 + 3 / 2) / 2.5, (1 + 2 + 4 / 2) / 2.5
    expected = four_patches((mean, scale), (1, 1), (2, 2), (3, 4))
    torch.testing.assert_close(shown.pixels, expected, rtol=1e-5, atol=1e-5)
    assert "visible patches" in shown.note and "undo" in shown.note


def test_nothing_of_the_hidden_patches_statistics_is_left():
    mask = [True, False, True, False]
    one = four_patches((9, 5), (1, 1), (-4, 2), (3, 4))
    other = four_patches((0, 1), (1, 1), (7, 30), (3, 4))
    first, second = (use_visible_statistics(image, seen_with(image, mask)).pixels for image in (one, other))
    torch.testing.assert_close(first, second, rtol=1e-5, atol=1e-5)


def test_images_that_are_not_square_keep_what_is_visible():
    images = torch.randn(3, 2, 8, 24, generator=torch.Generator().manual_seed(0))
    mask = torch.rand(3, 12, generator=torch.Generator().manual_seed(1)) < 0.6
    hidden = mask.view(3, 1, 2, 6).repeat_interleave(4, 2).repeat_interleave(4, 3).expand_as(images)
    seen = Reconstruction(mask, (2, 6), images, torch.zeros(3, 12), None, "a note")
    shown = use_visible_statistics(images, seen).pixels
    assert torch.equal(shown[~hidden], images[~hidden])
    assert not torch.isclose(shown[hidden], images[hidden]).all()


@pytest.mark.parametrize("seen", [{"note": ""}, {"pixels": None}])
def test_without_a_normalised_target_there_is_nothing_to_undo(seen):
    image = four_patches((9, 5), (1, 1), (2, 2), (3, 4))
    with pytest.raises(ValueError, match="normalised pixels; this one does not"):
        use_visible_statistics(image, seen_with(**{"pixels": image, "mask": [True] * 3 + [False], **seen}))
