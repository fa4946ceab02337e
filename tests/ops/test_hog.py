"""HOG against loops over pixels, and the facts that follow from its definition."""

import math

import numpy as np
import pytest
import torch

from mimseg.ops.hog import gaussian_window, group_cells, hog, sobel, ungroup_cells

SOBEL = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])


def pictures(*shape, seed=0):
    """Whole numbers, so that every gradient is exact; flat places among them."""
    picture = np.random.default_rng(seed).integers(-4, 5, shape)
    picture[..., : shape[-1] // 3] = 2
    return torch.from_numpy(picture).float()


def by_hand(image, cell, bins, gaussian, normalize):
    """One image (C, H, W), pixel by pixel."""
    channels, height, width = image.shape
    weights = np.ones((gaussian or 1, gaussian or 1))
    for row in range(gaussian):
        for column in range(gaussian):
            square = (row - (gaussian - 1) / 2) ** 2 + (column - (gaussian - 1) / 2) ** 2
            weights[row, column] = math.exp(-square / (2 * (gaussian / 2) ** 2))
    weights /= weights.sum() if gaussian else 1
    out = np.zeros((channels * bins, height // cell, width // cell))
    for channel in range(channels):
        padded = np.pad(image[channel], 1, mode="reflect")
        for y in range(height):
            for x in range(width):
                window = padded[y : y + 3, x : x + 3]
                gx, gy = (window * SOBEL).sum(), (window * SOBEL.T).sum()
                place = math.floor(bins * math.atan2(gx, gy) / math.pi) % bins
                weight = weights[y % (gaussian or 1), x % (gaussian or 1)]
                out[channel * bins + place, y // cell, x // cell] += weight * math.sqrt(gx**2 + gy**2)
        if normalize:
            part = out[channel * bins : (channel + 1) * bins]
            part /= np.maximum(np.sqrt((part**2).sum(axis=0)), 1e-12)
    return out


@pytest.mark.parametrize(
    ("cell", "bins", "gaussian", "normalize"), [(8, 9, 0, True), (8, 9, 16, True), (4, 6, 8, False), (2, 9, 0, False)]
)
def test_hog_against_loops(cell, bins, gaussian, normalize):
    images = pictures(2, 3, 16, 32)
    expected = np.stack([by_hand(image, cell, bins, gaussian, normalize) for image in images.double().numpy()])
    result = hog(images, cell, bins, gaussian, normalize)
    assert result.dtype == torch.float32
    assert result.shape == (2, 3 * bins, 16 // cell, 32 // cell)
    np.testing.assert_allclose(result.numpy(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("across", "down", "place"), [(1, 0, 4), (-1, 0, 4), (0, 1, 0), (0, -1, 0), (1, 1, 2), (-1, -1, 2), (1, -1, 6)]
)
def test_a_ramp_is_in_one_bin(across, down, place):
    """Away from the edges, where mirroring bends it."""
    y, x = torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing="ij")
    inner = hog((across * x + down * y).expand(1, 2, -1, -1))[0, :, 1:-1, 1:-1].unflatten(0, (2, 9))
    assert torch.equal(inner, torch.eye(9)[place].view(1, 9, 1, 1).expand_as(inner))


def test_a_flat_image_has_no_gradient_whatever_its_value():
    assert not hog(torch.full((1, 3, 16, 16), 0.1)).any()
    gx, gy = sobel(torch.rand(1, 1, 16, 1).expand(1, 1, 16, 16))
    assert not gx.any() and gy.any()


def test_sign_scale_and_offset_of_a_channel_do_not_matter():
    images = pictures(2, 3, 32, 32)
    torch.testing.assert_close(hog(-images), hog(images))
    changed = 4 * images + torch.tensor([1.0, -2.0, 8.0]).view(3, 1, 1)
    torch.testing.assert_close(hog(changed), hog(images))
    assert not torch.allclose(hog(changed, normalize=False), hog(images, normalize=False))


def test_a_histogram_has_norm_one_and_a_zero_prediction_costs_a_ninth():
    cells = hog(torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))).unflatten(1, (3, 9))
    torch.testing.assert_close(cells.square().sum(dim=2), torch.ones(2, 3, 4, 4))
    assert cells.square().mean().item() == pytest.approx(1 / 9)


def test_gaussian_windows_tile_the_image():
    window = gaussian_window(16, torch.device("cpu"))
    assert window.sum().item() == pytest.approx(1)
    assert (window[7, 8] / window[7, 15]).item() == pytest.approx(math.exp((7.5**2 - 0.5**2) / 128))
    ramp = torch.arange(48.0).expand(1, 1, 48, 48)
    inner = hog(ramp, gaussian=16, normalize=False)[0, 4, 2:4, 2:4]
    torch.testing.assert_close(inner, torch.full((2, 2), 8 * 0.25))  # a gradient of 8, a quarter of each window


def test_it_is_fp32_without_gradient_inside_autocast():
    images = pictures(1, 3, 16, 16).requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        result = hog(images)
    assert torch.equal(result, hog(images))
    assert not result.requires_grad
    assert hog(images.detach().bfloat16()).dtype == torch.float32
    assert torch.equal(images.detach(), pictures(1, 3, 16, 16))


def test_a_broken_pixel_is_seen_in_its_neighbourhood_only():
    images = pictures(1, 1, 32, 32)
    images[0, 0, 12, 12] = torch.nan
    assert torch.equal(hog(images)[0].isnan().any(dim=0).nonzero(), torch.tensor([[1, 1]]))


def test_patches_of_cells_and_back():
    cells = torch.arange(2 * 5 * 4 * 6.0).view(2, 5, 4, 6)
    patches = group_cells(cells, 2)
    assert patches.shape == (2, 6, 20)
    # patch (1, 2) covers cell rows 2 and 3, cell columns 4 and 5
    expected = [cells[1, d, 2 + row, 4 + column] for d in range(5) for row in range(2) for column in range(2)]
    assert torch.equal(patches[1, 1 * 3 + 2], torch.stack(expected))
    assert torch.equal(ungroup_cells(patches, 2, (2, 3)), cells)


@pytest.mark.parametrize(
    ("size", "options", "complaint"),
    [
        ((24, 20), {}, "24x20 px: a side is no multiple of cell=8; use e.g. images of 24x16"),
        ((24, 32), dict(gaussian=16), "24x32 px: a side is no multiple of gaussian=16; use e.g. images of 16x32"),
    ],
)
def test_sizes_that_cells_do_not_fill_are_refused(size, options, complaint):
    with pytest.raises(ValueError, match=complaint) as error:
        hog(torch.zeros(1, 3, *size), **options)
    assert "\n" not in str(error.value)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_gpu_gives_the_same():
    images = pictures(2, 3, 32, 32)
    for gaussian in (0, 16):
        torch.testing.assert_close(hog(images.cuda(), gaussian=gaussian).cpu(), hog(images, gaussian=gaussian))
