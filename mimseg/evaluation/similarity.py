"""How alike two images are, or two maps of features: PSNR and SSIM."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SSIM_WINDOW = 7  # side in pixels


@dataclass(frozen=True)
class Similarity:
    """Mean PSNR and SSIM of pairs.

    Attributes:
        psnr: in dB, mean over the pairs that differ; None where none does.
        ssim: mean over all pairs.
        identical: number of pairs without any difference, whose PSNR is infinite.
    """

    psnr: float | None
    ssim: float
    identical: int

    @classmethod
    def mean(cls, pairs: Sequence[tuple[float, float]]) -> "Similarity":
        """Of what :func:`psnr_and_ssim` gave, at least once."""
        finite = [psnr for psnr, _ in pairs if math.isfinite(psnr)]
        psnr = float(np.mean(finite)) if finite else None
        return cls(psnr, float(np.mean([ssim for _, ssim in pairs])), len(pairs) - len(finite))


def psnr_and_ssim(reference: NDArray[Any], other: NDArray[Any], data_range: float) -> tuple[float, float]:
    """Peak signal-to-noise ratio in dB, infinite for equal arrays, and structural similarity (Wang et al., 2004).

    SSIM is scikit-image's default, a uniform window of 7 x 7 pixels and the mean over channels.

    Args:
        reference: ``(H, W, C)``.
        other: likewise.
        data_range: largest possible difference of two values, 255 for 8 bits.

    Raises:
        ValueError: the shapes differ, or a side is less than the window's.
    """
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity  # slow to import

    if reference.shape != other.shape or min(reference.shape[:2]) < SSIM_WINDOW:
        raise ValueError(
            f"PSNR and SSIM compare two arrays (H, W, C) of one shape, of {SSIM_WINDOW} or more pixels a side; got "
            f"{reference.shape} and {other.shape}"
        )
    if np.array_equal(reference, other):
        return math.inf, 1.0
    psnr = peak_signal_noise_ratio(reference, other, data_range=data_range)
    ssim = structural_similarity(reference, other, win_size=SSIM_WINDOW, data_range=data_range, channel_axis=-1)
    return float(psnr), float(ssim)
