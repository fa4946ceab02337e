"""How well pixels and HOG of a small image keep those of a large one: FastMIM's figure 3."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ...datasets import CenterResizedCrop, UnreadableImageError, read_image, resize_image
from ...ops.hog import hog
from ...tables import TextTable
from ...visualization import draw_hog

CELL, BINS = 8, 9  # the settings of FastMIM and MaskFeat
SSIM_WINDOW = 7  # side in pixels
TARGETS = ("pixels", "HOG", "HOG, drawn")


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

    def __str__(self) -> str:
        psnr = "∞" if self.psnr is None else f"{self.psnr:.2f}"
        return f"{psnr} / {self.ssim:.3f}"

    @classmethod
    def mean(cls, pairs: Sequence[tuple[float, float]]) -> "Similarity":
        """Of what :func:`psnr_and_ssim` gave, at least once."""
        finite = [psnr for psnr, _ in pairs if math.isfinite(psnr)]
        psnr = float(np.mean(finite)) if finite else None
        return cls(psnr, float(np.mean([ssim for _, ssim in pairs])), len(pairs) - len(finite))


@dataclass(frozen=True)
class TargetSimilarity:
    """Similarity of targets at low resolution to those at the reference resolution.

    Attributes:
        reference: side in pixels.
        images: how many were compared.
        enlarged: how many of them are smaller than the reference.
        curves: by target, what was found by side in pixels.
    """

    reference: int
    images: int
    enlarged: int
    curves: dict[str, dict[int, Similarity]]

    def table(self) -> TextTable:
        """Build a row a target, a column a size: PSNR and SSIM."""
        sizes = next(iter(self.curves.values()))
        rows = [[name, *map(str, curve.values())] for name, curve in self.curves.items()]
        title = f"alike to {self.reference} pixels: PSNR in dB / SSIM, mean of {self.images} images"
        return TextTable(["target", *map(str, sizes)], rows, title)

    def as_json(self) -> dict[str, Any]:
        """Everything as data; an infinite PSNR is null."""
        targets = {
            name: [{"size": size, **vars(similarity)} for size, similarity in curve.items()]
            for name, curve in self.curves.items()
        }
        return {"images": self.images, "enlarged": self.enlarged, "reference": self.reference, "targets": targets}


def target_similarity(
    paths: Sequence[str | Path],
    sizes: Sequence[int] = (64, 96, 128, 160, 192, 224),
    reference: int = 224,
    log: Callable[[str], object] = lambda line: None,
) -> TargetSimilarity:
    """Compare the targets of images at several resolutions with those at a reference resolution (FastMIM, figure 3).

    The paper names PSNR and SSIM, but not how targets of different size are made comparable. Here the largest central
    square of an image is resized to every size (bicubic, antialiased, from the file's full resolution, as in
    training), and then

    - *pixels*: the small image is resized to the reference size (bicubic); 8-bit values, range 255;
    - *HOG*: the map of the small image's cells (8 px, 9 orientations, each histogram divided by its L2 norm: the target
      of FastMIM) is resized to the reference's number of cells (bilinear); values, range 1;
    - *HOG, drawn*: that map and the reference's, both drawn as strokes of 8 px a cell; range 1.

    PSNR of pixels and PSNR of HOG have no common scale: compare how much each loses as the size falls.

    Args:
        paths: RGB images; grey ones count as RGB.
        sizes: sides in pixels, multiples of 8.
        reference: side in pixels, a multiple of 8, at least 56.
        log: takes a line every hundred images.

    Raises:
        UnreadableImageError: a file cannot be decoded, or has more than 8 bits.
        ValueError: no path, or a size that does not do.
    """
    _check(paths, sizes, reference)
    pairs: dict[str, dict[int, list[tuple[float, float]]]] = {name: {size: [] for size in sizes} for name in TARGETS}
    enlarged = 0
    for number, path in enumerate(paths, start=1):
        image = read_image(path)
        if image.dtype != np.uint8:
            raise UnreadableImageError(f"cannot compare image '{path}': it has more than 8 bits; leave it out")
        enlarged += min(image.shape[:2]) < reference
        for size, compared in _compare(image, sizes, reference).items():
            for name, pair in zip(TARGETS, compared, strict=True):
                pairs[name][size].append(pair)
        if number % 100 == 0:
            log(f"{number} of {len(paths)} images")
    curves = {name: {size: Similarity.mean(found[size]) for size in sizes} for name, found in pairs.items()}
    return TargetSimilarity(reference, len(paths), enlarged, curves)


def _check(paths: Sequence[str | Path], sizes: Sequence[int], reference: int) -> None:
    if not paths:
        raise ValueError("no image to compare: give at least one path")
    if not sizes:
        raise ValueError("no size to compare: give at least one, e.g. 128")
    for size in (*sizes, reference):
        if size < CELL or size % CELL:
            fit = max(1, size // CELL) * CELL
            raise ValueError(f"size {size} is no multiple of {CELL}, the side of a HOG cell in pixels; use e.g. {fit}")
    if reference < SSIM_WINDOW * CELL:
        least = SSIM_WINDOW * CELL
        raise ValueError(f"reference size {reference} is too small for SSIM over HOG cells; use {least} or more")


def _compare(image: NDArray[Any], sizes: Sequence[int], reference: int) -> dict[int, list[tuple[float, float]]]:
    """By size PSNR and SSIM of each of ``TARGETS``."""
    crops = {size: CenterResizedCrop(size, crop_fraction=1.0)({"img": image})["img"] for size in {*sizes, reference}}
    true = _hog(crops[reference])
    drawn = _draw(true)
    found = {}
    for size in sizes:
        large = resize_image(crops[size], (reference, reference))
        cells = F.interpolate(_hog(crops[size]), size=true.shape[2:], mode="bilinear", antialias=True)
        found[size] = [
            psnr_and_ssim(crops[reference], large, 255),
            psnr_and_ssim(_channels_last(true), _channels_last(cells), 1),
            psnr_and_ssim(drawn, _draw(cells), 1),
        ]
    return found


def _hog(image: NDArray[Any]) -> Tensor:
    """``(H, W, C)`` to ``(1, C * bins, h, w)``."""
    return hog(torch.from_numpy(image).permute(2, 0, 1).unsqueeze(0), CELL, BINS)


def _draw(cells: Tensor) -> NDArray[Any]:
    drawn: NDArray[Any] = draw_hog(cells, BINS, CELL).transpose(1, 2, 0)
    return drawn


def _channels_last(cells: Tensor) -> NDArray[Any]:
    return cells[0].permute(1, 2, 0).numpy()


def psnr_and_ssim(reference: NDArray[Any], other: NDArray[Any], data_range: float) -> tuple[float, float]:
    """Peak signal-to-noise ratio in dB, infinite for equal arrays, and structural similarity (Wang et al., 2004).

    SSIM is scikit-image's default, a uniform window of 7 x 7 pixels and the mean over channels.

    Args:
        reference: ``(H, W, C)``.
        other: ``(H, W, C)``, of the same shape.
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
