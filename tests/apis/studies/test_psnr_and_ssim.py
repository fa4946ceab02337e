"""PSNR and SSIM against their formulas."""

import math

import numpy as np
import pytest

from mimseg.apis.studies.target_similarity import Similarity, psnr_and_ssim

RNG = np.random.default_rng(0)


def ssim_by_hand(a, b, data_range):
    """Wang et al. (2004), Eq. 13, in every window of 7 x 7 inside the image, unbiased variances; mean over channels."""
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    values = []
    for channel in range(a.shape[2]):
        for top in range(a.shape[0] - 6):
            for left in range(a.shape[1] - 6):
                x, y = (array[top : top + 7, left : left + 7, channel].astype(np.float64).ravel() for array in (a, b))
                covariance = np.cov(x, y, ddof=1)
                numerator = (2 * x.mean() * y.mean() + c1) * (2 * covariance[0, 1] + c2)
                denominator = (x.mean() ** 2 + y.mean() ** 2 + c1) * (covariance[0, 0] + covariance[1, 1] + c2)
                values.append(numerator / denominator)
    return np.mean(values)


@pytest.mark.parametrize("kind", ["uint8", "float32"])
def test_psnr_and_ssim_by_their_formulas(kind):
    a = RNG.integers(0, 256, (9, 11, 2))
    b = (a + RNG.integers(-20, 20, a.shape)).clip(0, 255)
    scale = 1 if kind == "uint8" else 255
    a, b = (array.astype(kind) / scale if scale > 1 else array.astype(kind) for array in (a, b))
    psnr, ssim = psnr_and_ssim(a, b, 255 / scale)
    error = np.mean((a.astype(np.float64) - b) ** 2)
    assert psnr == pytest.approx(10 * math.log10((255 / scale) ** 2 / error), rel=1e-5)
    assert ssim == pytest.approx(ssim_by_hand(a, b, 255 / scale), abs=1e-5)


def test_equal_images():
    image = RNG.random((8, 8, 3))
    assert psnr_and_ssim(image, image.copy(), 1) == (math.inf, 1.0)


def test_the_mean_leaves_infinite_psnr_out():
    assert Similarity.mean([(20.0, 0.5), (math.inf, 1.0), (30.0, 0.6)]) == Similarity(25.0, pytest.approx(0.7), 1)
    assert Similarity.mean([(math.inf, 1.0)]) == Similarity(None, 1.0, 1)


@pytest.mark.parametrize("shapes", [((8, 8, 3), (8, 9, 3)), ((6, 8, 3), (6, 8, 3))])
def test_what_cannot_be_compared_is_refused(shapes):
    with pytest.raises(ValueError, match="7 or more pixels a side"):
        psnr_and_ssim(*map(np.zeros, shapes), 1)
