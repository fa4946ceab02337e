"""Reading one image file into an array."""

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from PIL import Image, ImageOps
from PIL.TiffImagePlugin import TiffImageFile

from mimseg.registry import TRANSFORMS

MAX_CHANNELS = 16
BITS_PER_SAMPLE = 258  # TIFF tag; PIL would turn 16-bit RGB into 8-bit RGB
# What the decoders raise on damaged bytes, next to OSError (PIL's UnidentifiedImageError is one).
DECODER_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    struct.error,
    zlib.error,
    cv2.error,
    Image.DecompressionBombError,
)


class UnreadableImageError(OSError):
    """An image file that cannot be decoded, or not into the asked number of channels."""


def _to_channels_last(array: np.ndarray, channels: int) -> np.ndarray:
    """``(H, W)``, ``(H, W, C)`` or ``(C, H, W)`` to ``(H, W, C)``; the channel axis is found by its size."""
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim == 3 and array.shape[-1] != channels and array.shape[0] == channels:
        array = array.transpose(1, 2, 0)
    if array.ndim != 3 or array.shape[-1] != channels:
        raise ValueError(f"its shape is {array.shape}, but channels={channels} was asked for")
    if array.dtype != np.uint8:
        if array.dtype.kind not in "uifb":
            raise ValueError(f"its values have type {array.dtype}, not numbers")
        array = array.astype(np.float32)
    return np.ascontiguousarray(array)


def decode_upright(file: Image.Image, channels: int) -> Image.Image:
    """Decode an opened file in place: grey (1) or RGB (3), turned upright by the EXIF orientation."""
    ImageOps.exif_transpose(file, in_place=True)
    if file.mode.startswith(("I", "F")):  # 16 or 32 bits a pixel: PIL would clip them to 8
        return file
    image = file.convert("RGBA") if file.mode == "P" and "transparency" in file.info else file
    mode = "L" if channels == 1 else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _read_pil(path: str, channels: int) -> np.ndarray:
    with Image.open(path) as file:
        return np.array(decode_upright(file, channels))


def _read_tiff(path: str) -> np.ndarray:
    """All pages of a TIFF by OpenCV, values unchanged, as ``(H, W, C)`` with RGB order within a page."""
    read, pages = cv2.imreadmulti(path, flags=cv2.IMREAD_UNCHANGED)
    if not read or not pages:
        raise ValueError(
            "OpenCV cannot decode this TIFF (damaged, or more than 4 interleaved channels: "
            "store those as .npy or one channel a page)"
        )
    return np.concatenate([_page_to_rgb(page) for page in pages], axis=-1)


def _page_to_rgb(page: np.ndarray) -> np.ndarray:
    if page.ndim == 2:
        return page[..., None]
    return page[..., [2, 1, 0, *range(3, page.shape[-1])]] if page.shape[-1] >= 3 else page


def read_image(path: str | Path, channels: int = 3) -> np.ndarray:
    """Read an image file as an array ``(H, W, C)``.

    - 8-bit files with ``channels`` 1 or 3: PIL, converted to grey or RGB, EXIF orientation respected.
    - ``.npy`` (any ``channels``): ``(H, W)``, ``(H, W, C)`` or ``(C, H, W)``.
    - ``.tif``/``.tiff`` with another number of channels, or with more than 8 bits: OpenCV, values unchanged;
      up to 4 interleaved channels a page, pages are stacked as channels.

    Args:
        path: The file.
        channels: The number of channels C wanted, 1 to 16.

    Returns:
        ``(H, W, C)``, uint8 as read, or float32 for every other type (16-bit values keep their scale).

    Raises:
        UnreadableImageError: Damaged, truncated or missing file, or another number of channels.
    """
    path = str(path)
    suffix = Path(path).suffix.lower()
    try:
        if suffix == ".npy":
            array = np.load(path, allow_pickle=False)
        elif suffix in (".tif", ".tiff") and not _is_8bit_picture(path, channels):
            array = _read_tiff(path)
        elif channels in (1, 3):
            array = _read_pil(path, channels)
        else:
            raise ValueError(f"channels={channels} is read from .npy and .tif files only")
        return _to_channels_last(array, channels)
    except DECODER_ERRORS as error:
        raise UnreadableImageError(f"cannot read image '{path}': {error}") from error


def _is_8bit_picture(path: str, channels: int) -> bool:
    """Whether a TIFF is a one-page 8-bit picture that PIL turns into grey or RGB."""
    if channels not in (1, 3):
        return False
    try:
        with TiffImageFile(path) as image:
            return max(image.tag_v2.get(BITS_PER_SAMPLE, (1,))) <= 8 and image.n_frames == 1
    except DECODER_ERRORS:
        return False  # 16-bit grey with alpha for one: OpenCV reads it, or names what is wrong


@TRANSFORMS.register_module()
class LoadImage(BaseTransform):
    """Read ``img_path`` into ``img``, or take an ``img`` that is already there (digits, CIFAR).

    Required keys: ``img_path`` or ``img``. Added keys: ``img`` ``(H, W, C)``, uint8, or float32 where the
    file has more than 8 bits; RGB order; ``img_shape`` and ``ori_shape``, both ``(H, W)``.

    Transforms behind it: mmcv's and mmpretrain's flips and crops take any number of channels. Resizing in
    mmpretrain does not: ``backend='pillow'`` fails for 1 channel and for float, takes a 4th channel for
    alpha, and fails from 5 channels on; ``backend='cv2'`` takes any, without antialiasing. Use
    ``RandomResizedCrop`` and ``CenterResizedCrop`` of this package, which are antialiased for 1 to 16
    channels.

    Args:
        channels: Number of channels C wanted, 1 (grey), 3 (RGB) or up to 16 (``.npy`` and TIFF), see
            `read_image`.

    Raises:
        ValueError: ``channels`` out of range.
        UnreadableImageError: See `read_image`; also an ``img`` with another number of channels.
    """

    def __init__(self, channels: int = 3) -> None:
        if not isinstance(channels, int) or not 1 <= channels <= MAX_CHANNELS:
            raise ValueError(f"LoadImage(channels={channels!r}): give a whole number from 1 to {MAX_CHANNELS}")
        self.channels = channels

    def transform(self, results: dict) -> dict:
        """Add ``img``, ``img_shape`` and ``ori_shape``; see the class."""
        if "img" in results:
            try:
                image = _to_channels_last(np.asarray(results["img"]), self.channels)
            except ValueError as error:
                name = results.get("img_path", f"number {results.get('sample_idx', '?')}")
                raise UnreadableImageError(f"cannot use image '{name}': {error}") from error
        else:
            image = read_image(results["img_path"], self.channels)
        results["img"] = image
        results["img_shape"] = results["ori_shape"] = image.shape[:2]
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}(channels={self.channels})"
