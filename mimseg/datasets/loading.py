"""Reading one image file into an array."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
from mmcv.transforms import BaseTransform
from numpy.typing import NDArray

from ..choices import one_of
from ..names import printable
from ..registry import TRANSFORMS
from .decoding import decode
from .tiff import MAX_CHANNELS
from .unreadable import UnreadableImageError, naming_unreadable

MAX_PIXELS = 2**27
"""Pixels that a picture may have: a camera's 100 million and a Sentinel-2 tile's 10980 x 10980 are fewer."""


def as_image(array: NDArray[Any], channels: int, rescale: bool = False) -> NDArray[Any]:
    """``(H, W)``, ``(H, W, C)`` or ``(C, H, W)`` to ``(H, W, C)``; the channel axis is found by its size.

    Args:
        array: numbers of any type.
        channels: C.
        rescale: map the whole range of an unsigned type to 0 to 255.

    Returns:
        uint8 as it is, everything else, and everything rescaled, as float32.

    Raises:
        ValueError: another shape, no pixels, no numbers, numbers that are not finite, or without a range to rescale.
    """
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim == 3 and array.shape[-1] != channels and array.shape[0] == channels:
        array = array.transpose(1, 2, 0)
    if array.ndim != 3 or array.shape[-1] != channels:
        raise ValueError(f"its shape is {array.shape}, but channels={channels} was asked for")
    if array.size == 0:
        raise ValueError(f"it has no pixels (its shape is {array.shape})")
    if array.dtype.kind not in "uifb":
        raise ValueError(f"its values have type {array.dtype}, not numbers")
    if rescale:
        return _rescaled(array)
    return np.ascontiguousarray(array) if array.dtype == np.uint8 else _as_float(array)


def _as_float(array: NDArray[Any]) -> NDArray[Any]:
    with np.errstate(over="ignore"):
        values = np.ascontiguousarray(array, dtype=np.float32)
    if array.dtype.kind == "f" and not np.isfinite(values).all():
        odd = int(values.size - np.isfinite(values).sum())
        raise ValueError(f"{odd} of its {values.size} values are not finite (NaN or infinite)")
    return values


def _rescaled(array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind not in "ub":
        raise ValueError(
            f"its values have type {array.dtype}, whose range is not known; mixed_depths='rescale' takes unsigned "
            "integers"
        )
    largest = 1 if array.dtype.kind == "b" else np.iinfo(array.dtype).max
    return np.ascontiguousarray(array, dtype=np.float32) * np.float32(255 / largest)


def read_image(path: str | Path, channels: int = 3, max_pixels: int = MAX_PIXELS) -> NDArray[Any]:
    """Read an image file as an array ``(H, W, C)``; docs/data.md has the table of formats.

    - pictures with ``channels`` 1 or 3: converted to grey or RGB, turned upright by their EXIF orientation; PNG and
      PPM files of 16 bits keep their values.
    - ``.npy`` (any ``channels``): ``(H, W)``, ``(H, W, C)`` or ``(C, H, W)``.
    - TIFF with another number of channels, or with more than 8 bits: values unchanged; the bands of a page,
      interleaved or one after the other, and pages are channels.

    Args:
        path: The file.
        channels: The number of channels C wanted, 1 to 16.
        max_pixels: H times W at most.

    Returns:
        ``(H, W, C)``, uint8 as read, or float32 for every other type (16-bit values keep their scale).

    Raises:
        UnreadableImageError: Damaged, truncated or missing file, no regular file, another number of channels, no or
            too many pixels, numbers that are not finite.
    """
    path = str(path)
    with naming_unreadable(path):
        return as_image(decode(path, channels, max_pixels), channels)


@TRANSFORMS.register_module()
class LoadImage(BaseTransform):
    """Read ``img_path`` into ``img``, or take an ``img`` that is already there (digits, CIFAR).

    Required keys: ``img_path`` or ``img``. Added keys: ``img`` ``(H, W, C)``, uint8, or float32 where the
    file has more than 8 bits; RGB order; ``img_shape`` and ``ori_shape``, both ``(H, W)``.

    One data set has one scale: files whose type differs from that of the others (`settle_depth` tells which) cannot be
    read, unless all are rescaled.

    Transforms behind it: mmcv's and mmpretrain's flips and crops take any number of channels. Resizing in
    mmpretrain does not: ``backend='pillow'`` fails for 1 channel and for float, takes a 4th channel for
    alpha, and fails from 5 channels on; ``backend='cv2'`` takes any, without antialiasing. Use
    ``RandomResizedCrop`` and ``CenterResizedCrop`` of this package, which are antialiased for 1 to 16
    channels.

    Args:
        channels: Number of channels C wanted, 1 (grey), 3 (RGB) or up to 16 (``.npy`` and TIFF), see
            `read_image`.
        max_pixels: H times W of a file at most.
        mixed_depths: 'refuse' files of another type than the others; or 'rescale' all to float32 from 0 to 255, the
            whole range of their unsigned type, so that 8 and 16 bits go together.

    Raises:
        ValueError: An argument out of range.
        UnreadableImageError: See `read_image`; also an ``img`` with another number of channels, and a file of
            another type than the others.
    """

    def __init__(
        self, channels: int = 3, max_pixels: int = MAX_PIXELS, mixed_depths: Literal["refuse", "rescale"] = "refuse"
    ) -> None:
        if not isinstance(channels, int) or not 1 <= channels <= MAX_CHANNELS:
            raise ValueError(f"LoadImage(channels={channels!r}): give a whole number from 1 to {MAX_CHANNELS}")
        if not isinstance(max_pixels, int) or max_pixels < 1:
            raise ValueError(f"LoadImage(max_pixels={max_pixels!r}): give a whole number of pixels, e.g. {MAX_PIXELS}")
        one_of("LoadImage: mixed_depths", mixed_depths, ("refuse", "rescale"))
        self.channels, self.max_pixels, self.mixed_depths = channels, max_pixels, mixed_depths
        self.reference: tuple[str, str] | None = None

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add ``img``, ``img_shape`` and ``ori_shape``; see the class."""
        path = str(results.get("img_path", f"number {results.get('sample_idx', '?')}"))
        with naming_unreadable(path):
            there = "img" in results
            array = np.asarray(results["img"]) if there else decode(path, self.channels, self.max_pixels)
            image = as_image(array, self.channels, self.mixed_depths == "rescale")
        self.check_depth(array.dtype, path)
        results["img"] = image
        results["img_shape"] = results["ori_shape"] = image.shape[:2]
        return results

    def check_depth(self, dtype: np.dtype[Any], path: str) -> None:
        """Compare a file's type with that of the data set, or let the first file tell it.

        Raises:
            UnreadableImageError: it has another one; names both files.
        """
        if self.mixed_depths == "rescale":
            return
        depth = depth_of(dtype)
        if self.reference is None:
            self.reference = depth, path
        elif depth != self.reference[0]:
            usual, example = self.reference
            raise UnreadableImageError(
                f"cannot read image '{printable(path)}': its values are {depth}, those of '{printable(example)}' "
                f"{usual}: one data set needs one scale; convert the files, or set "
                "mixed_depths='rescale' in the transform that loads images (all to 0 to 255)"
            )

    def __repr__(self) -> str:
        settings = f"channels={self.channels}, max_pixels={self.max_pixels}, mixed_depths={self.mixed_depths!r}"
        return f"{type(self).__name__}({settings})"


def depth_of(dtype: np.dtype[Any]) -> str:
    """What files of one data set must have in common: the type of their values, all floating-point ones alike."""
    return "float" if dtype.kind == "f" else dtype.name
