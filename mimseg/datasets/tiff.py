"""TIFF files beyond pictures of 8 bits: any number of bands and bits, in any order, on one page or several."""

import logging
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile
from tifffile import PHOTOMETRIC, TiffFile, TiffPage

from .unreadable import check_pixels
from .upright import upright

MAX_CHANNELS = 16
MAX_PAGES = 64
ALPHA = (1, 2)  # associated and unassociated
PHOTOMETRIC_TAG, BITS_TAG, SAMPLES_TAG, EXTRA_TAG, FORMAT_TAG, ORIENTATION_TAG = 262, 258, 277, 338, 339, 274
COLOURS = {0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3, 8: 3}  # samples that make the picture, by photometric interpretation

logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # it also logs what it raises, and what it mends


def is_plain_picture(file: TiffImageFile, channels: int) -> bool:
    """Whether an opened TIFF is one page of 8-bit grey or colours that PIL turns into grey or RGB."""
    tags = file.tag_v2
    bits, formats = tags.get(BITS_TAG, (1,)), tags.get(FORMAT_TAG, (1,))
    photometric, samples = tags.get(PHOTOMETRIC_TAG, 1), tags.get(SAMPLES_TAG, 1)
    if channels not in (1, 3) or max(bits) > 8 or set(formats) != {1} or photometric not in COLOURS:
        return False
    beyond = samples - COLOURS[photometric]
    has_alpha = beyond == 1 and (photometric == PHOTOMETRIC.RGB or tags.get(EXTRA_TAG, (0,))[0] in ALPHA)
    return (beyond == 0 or has_alpha) and _has_one_page(file)


def _has_one_page(file: TiffImageFile) -> bool:
    try:
        return file.n_frames == 1
    except Exception:  # of any kind, where the link to the next page is damaged; tifffile reads those before it
        return False


def read_tiff(path: str, channels: int, max_pixels: int) -> NDArray[Any]:
    """All pages as ``(H, W, C)``, values unchanged; overviews (smaller copies) and masks are left out.

    Alpha is left out of RGB where 3 channels are asked for.

    Raises:
        ValueError: more bands than channels are possible, too many pixels, or a compression that nothing here decodes.
    """
    with TiffFile(path) as file:
        pages = [page for page in _pages(file) if not page.is_reduced and not page.is_mask]
        if not pages:
            raise ValueError("this TIFF holds no picture")
        total = sum(page.samplesperpixel for page in pages)
        if total > MAX_CHANNELS:
            raise ValueError(f"it has {total} channels, but channels={channels} was asked for")
        for page in pages:
            check_pixels(page.imagelength, page.imagewidth, max_pixels)
        try:
            bands = [_bands(page) for page in pages]
        except ValueError as error:
            if "imagecodecs" not in str(error):
                raise
            bands = _read_compressed(path, pages)
    sizes = {band.shape[:2] for band in bands}
    if len(sizes) > 1:
        raise ValueError(f"its pages have several sizes (H, W): {sorted(sizes)}")
    array: NDArray[Any] = np.concatenate(
        [_finished(page, band) for page, band in zip(pages, bands, strict=True)], axis=-1
    )
    return array[..., :3] if channels == 3 and _is_rgb_with_alpha(pages) else array


def _pages(file: TiffFile) -> Iterator[TiffPage]:
    """The pages up to a damaged link."""
    for index in range(MAX_PAGES):
        try:
            page = file.pages[index]
        except Exception:
            if index == 0:
                raise
            return
        if not isinstance(page, TiffPage) or (index > 0 and not page.imagelength * page.imagewidth):
            return  # what a damaged link leads to
        yield page


def _bands(page: TiffPage) -> NDArray[Any]:
    """``(H, W, bands)`` of one page."""
    array: NDArray[Any] = page.asarray()
    if array.ndim == 2:
        return array[..., None]
    if array.ndim != 3:
        raise ValueError(f"a page of shape {array.shape} is no picture")
    return array if page.axes.endswith("S") else np.moveaxis(array, 0, -1)


def _finished(page: TiffPage, array: NDArray[Any]) -> NDArray[Any]:
    """Upright, and brighter for higher values."""
    if page.photometric == PHOTOMETRIC.PALETTE and array.shape[-1] == 1:
        raise ValueError("a palette is read from one page with channels 1 or 3 only")
    if page.photometric == PHOTOMETRIC.MINISWHITE and array.dtype.kind in "ub":
        array = ~array if array.dtype.kind == "b" else (1 << page.bitspersample) - 1 - array
    tag = page.tags.get(ORIENTATION_TAG)
    return upright(array, 1 if tag is None else int(tag.value))


def _is_rgb_with_alpha(pages: list[TiffPage]) -> bool:
    page = pages[0]
    rgba = page.photometric == PHOTOMETRIC.RGB and page.samplesperpixel == 4
    return len(pages) == 1 and rgba and bool(page.extrasamples) and int(page.extrasamples[0]) in ALPHA


def _read_compressed(path: str, pages: list[TiffPage]) -> list[NDArray[Any]]:
    """Pages whose compression tifffile has no decoder for (LZW, JPEG), where PIL or OpenCV change no value."""
    page = pages[0]
    if (
        len(pages) == 1
        and page.photometric == PHOTOMETRIC.RGB
        and page.samplesperpixel == 4
        and page.bitspersample == 8
    ):
        with Image.open(path) as file:
            if not page.extrasamples or int(page.extrasamples[0]) != ALPHA[0]:
                return [np.array(file)]
    elif all(_opencv_reads(page) for page in pages):
        decoded, arrays = cv2.imdecodemulti(np.fromfile(path, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
        if decoded and len(arrays) > max(page.index for page in pages):
            return [_to_rgb(arrays[page.index]) for page in pages]
        raise ValueError("OpenCV cannot decode this TIFF")
    compression = getattr(page.compression, "name", page.compression)
    raise ValueError(
        f"nothing here decodes {page.samplesperpixel} bands that are compressed by {compression}: save it "
        "uncompressed or with deflate, or pip install imagecodecs"
    )


def _opencv_reads(page: TiffPage) -> bool:
    rgb = page.photometric in (PHOTOMETRIC.RGB, PHOTOMETRIC.YCBCR) and page.planarconfig == 1
    return page.samplesperpixel == 1 or (rgb and page.samplesperpixel in (3, 4))


def _to_rgb(page: NDArray[Any]) -> NDArray[Any]:
    if page.ndim == 2:
        return page[..., None]
    return page[..., [2, 1, 0, *range(3, page.shape[-1])]] if page.shape[-1] >= 3 else page
