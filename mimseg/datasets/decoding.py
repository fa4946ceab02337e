"""From one file to an array of the file's own type: pictures by PIL (16 bits by OpenCV), arrays by NumPy."""

import os
from math import prod
from typing import Any

import cv2
import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import TiffImageFile

from .tiff import is_plain_picture, read_tiff
from .unreadable import check_pixels, check_regular
from .upright import upright

TIFF_SUFFIXES = (".tif", ".tiff")
NPY_VERSIONS = ((1, 0), (2, 0), (3, 0))
Image.MAX_IMAGE_PIXELS = None  # `check_pixels` says it with a setting; PIL's own limit cannot be lifted per file


def decode(path: str, channels: int, max_pixels: int) -> NDArray[Any]:
    """The values of a file in its own type: ``(H, W)``, ``(H, W, C)`` or, of an array, ``(C, H, W)``.

    Raises:
        Exception: nearly any, from the decoders; see `naming_unreadable`.
    """
    check_regular(path)
    if path.lower().endswith(".npy"):
        return _read_npy(path, channels, max_pixels)
    try:
        file = Image.open(path)
    except UnidentifiedImageError:
        if not path.lower().endswith(TIFF_SUFFIXES):
            raise
        return read_tiff(path, channels, max_pixels)
    with file:
        if not isinstance(file, TiffImageFile):
            return _read_picture(file, channels, max_pixels)
        by_pil = is_plain_picture(file, channels)
    if not by_pil:
        return read_tiff(path, channels, max_pixels)
    with Image.open(path) as file:  # anew: to count its pages moved it
        return _read_picture(file, channels, max_pixels)


def decode_upright(file: Image.Image, channels: int) -> Image.Image:
    """Decode an opened file in place: grey (1) or RGB (3), turned upright by the EXIF orientation."""
    ImageOps.exif_transpose(file, in_place=True)
    if file.mode.startswith(("I", "F")):  # 16 or 32 bits a pixel: PIL would clip them to 8
        return file
    image = file.convert("RGBA") if file.mode == "P" and "transparency" in file.info else file
    mode = "L" if channels == 1 else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _read_picture(file: ImageFile, channels: int, max_pixels: int) -> NDArray[Any]:
    if channels not in (1, 3):
        raise ValueError(f"channels={channels} is read from .npy and .tif files only")
    check_pixels(file.height, file.width, max_pixels)
    if not _has_16_bits(file):
        return np.array(decode_upright(file, channels))
    orientation = file.getexif().get(ExifTags.Base.Orientation, 1)
    return upright(_read_16_bits(file.filename, file.mode), orientation)


def _has_16_bits(file: ImageFile) -> bool:
    """Whether PIL would cut the values of a PNG, PPM or PGM file to 8 bits, or give them another type."""
    if not file.tile or file.format not in ("PNG", "PPM"):
        return False
    arguments = file.tile[0][3]
    if file.format == "PPM":
        return isinstance(arguments, tuple) and isinstance(arguments[-1], int) and arguments[-1] > 255
    return "16" in str(arguments) and not file.mode.startswith("I")


def _read_16_bits(path: str | bytes, mode: str) -> NDArray[Any]:
    """Values unchanged, in RGB order, without the alpha channel of a PNG."""
    values = cv2.imdecode(np.fromfile(path, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None:
        raise ValueError("OpenCV cannot decode this file of 16 bits")
    if values.ndim == 2 or mode == "LA":
        return values if values.ndim == 2 else values[..., 0]
    return values[..., 2::-1]


def _read_npy(path: str, channels: int, max_pixels: int) -> NDArray[Any]:
    """An array, after its header was compared with the file: no memory is taken for what it only claims."""
    with open(path, "rb") as file:
        version = npy.read_magic(file)
        if version not in NPY_VERSIONS:
            raise ValueError(f"its format version {version} is unknown")
        read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read_header(file)
        if dtype.kind not in "uifb":
            raise ValueError(f"its values have type {dtype}, not numbers")
        there = os.fstat(file.fileno()).st_size - file.tell()
        claimed = prod(shape) * dtype.itemsize
        if claimed > there:
            raise ValueError(f"its header tells of {claimed} bytes (shape {shape}, {dtype}), but {there} are there")
        if len(shape) in (2, 3):
            height, width = shape[-2:] if shape[0] == channels and shape[-1] != channels else shape[:2]
            check_pixels(height, width, max_pixels)
        file.seek(0)
        array: NDArray[Any] = np.load(file, allow_pickle=False)
        return array
