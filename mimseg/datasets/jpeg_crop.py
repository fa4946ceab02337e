"""Reading JPEG files no larger than a random crop needs."""

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from PIL import ExifTags, Image
from PIL.ImageFile import ImageFile

from ..registry import TRANSFORMS
from .decoding import decode_upright
from .loading import MAX_PIXELS, LoadImage
from .resizing import FILTERS, RandomResizedCrop
from .unreadable import check_pixels, check_regular, naming_unreadable

REDUCTIONS = (8, 4, 2)  # by which libjpeg can divide the sides of a picture while it decodes
SUFFIXES = (".jpg", ".jpeg")
UINT8 = np.dtype(np.uint8)
FORMATS = ("JPEG", "MPO")  # MPO: JPEG with further pictures behind the first, as phones write it
# EXIF orientations
TURNED = (5, 6, 7, 8)  # rows of the file are columns of the picture
FROM_RIGHT = (2, 3, 6, 7)  # the file begins at the picture's right edge,
FROM_BELOW = (3, 4, 7, 8)  # or at its lower edge


@TRANSFORMS.register_module()
class LoadResizedCrop(RandomResizedCrop):
    """`LoadImage` and `RandomResizedCrop` in one: a JPEG file is decoded at 1/2, 1/4 or 1/8 where its crop allows it.

    The crop is drawn from the size in the file's header and is that of `RandomResizedCrop` for the same random numbers.
    The file is decoded at the smallest size at which both sides of the crop still have ``margin`` times the output's
    pixels. Baseline RGB files with ``channels`` 1 or 3 are; for everything else (other formats, progressive, grey and
    CMYK files, an ``img`` that is there already, interpolation 'nearest'), and for crops that are too small, the result
    is that of the two transforms, bit by bit.

    Reduced crops differ a little, because the decoder's averaging comes before the resizing filter. Of 128-pixel crops,
    area 0.2 to 1, of photographs of 640 x 480 pixels (COCO), in levels of 255:

    ========  ======================  =========================  ===================
    margin    mean difference         99.9 % of the pixels       crops decoded small
    ========  ======================  =========================  ===================
    1         1.3                     within 20                  79 %
    1.25      1.1                     within 13                  45 %
    1.5       1.0                     within 12                  19 %
    ========  ======================  =========================  ===================

    For comparison: bilinear instead of bicubic resizing changes 1.5 (18), saving the files once more with quality 95
    changes 1.0 (13).

    Required keys: ``img_path`` or ``img``. Added keys: ``img`` ``(*scale, C)``, ``img_shape`` and ``ori_shape`` (that
    of the whole picture), both ``(H, W)``.

    Args:
        scale: Output size, ``(H, W)`` or one int for a square; the attribute can be set to another ``(H, W)``.
        crop_ratio_range: Range of the crop's area as a share of the image's.
        aspect_ratio_range: Range of the crop's width over height.
        max_attempts: Draws before falling back to a central crop.
        interpolation: 'nearest', 'bilinear', 'bicubic' or 'lanczos'.
        channels: Number of channels C wanted, see `LoadImage`.
        margin: Pixels that a crop keeps for every pixel of the output, along a side; 1 or more.
        max_pixels: See `LoadImage`.
        mixed_depths: See `LoadImage`.

    Raises:
        ValueError: An argument out of range.
        UnreadableImageError: See `LoadImage`.
    """

    def __init__(
        self,
        scale: Sequence[int] | int,
        crop_ratio_range: tuple[float, float] = (0.2, 1.0),
        aspect_ratio_range: tuple[float, float] = (3 / 4, 4 / 3),
        max_attempts: int = 10,
        interpolation: str = "bicubic",
        channels: int = 3,
        margin: float = 1.25,
        max_pixels: int = MAX_PIXELS,
        mixed_depths: Literal["refuse", "rescale"] = "refuse",
    ) -> None:
        super().__init__(scale, crop_ratio_range, aspect_ratio_range, max_attempts, interpolation)
        if not margin >= 1:
            raise ValueError(f"LoadResizedCrop(margin={margin}): give 1 or more")
        self.load = LoadImage(channels, max_pixels, mixed_depths)
        self.channels, self.margin = channels, margin

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add ``img``, ``img_shape`` and ``ori_shape``; see the class."""
        path = str(results.get("img_path", ""))
        whole = "img" in results or self.channels not in (1, 3) or not path.lower().endswith(SUFFIXES)
        if whole or self.load.mixed_depths == "rescale":
            return super().transform(self.load(results))
        with naming_unreadable(path):
            check_regular(path)
            file = Image.open(path)
            check_pixels(file.height, file.width, self.load.max_pixels)
            orientation = file.getexif().get(ExifTags.Base.Orientation)
        with file:
            if file.format in FORMATS:
                results.update(self._crop(file, path, orientation))
                return results
        return super().transform(self.load(results))

    def _crop(self, file: ImageFile, path: str, orientation: int | None) -> dict[str, Any]:
        width, height = file.size
        size = (width, height) if orientation in TURNED else (height, width)
        top, left, rows, columns = self.rand_crop_params(np.broadcast_to(np.uint8(0), size))
        reduction = self._reduction(file, rows, columns)
        with naming_unreadable(path):
            if reduction > 1:
                file.draft(None, (width // reduction, height // reduction))
            image = decode_upright(file, self.channels)
        self.load.check_depth(UINT8, path)
        # The last pixel of a reduced row stands for fewer of the full one; it may have become the first.
        left = left / reduction + (image.width - size[1] / reduction) * (orientation in FROM_RIGHT)
        top = top / reduction + (image.height - size[0] / reduction) * (orientation in FROM_BELOW)
        box = (left, top, left + columns / reduction, top + rows / reduction)
        crop = np.array(self._resize(image, box))
        image_size = (crop.shape[0], crop.shape[1])
        return {"img": crop.reshape(*image_size, self.channels), "img_shape": image_size, "ori_shape": size}

    def _reduction(self, file: ImageFile, rows: int, columns: int) -> int:
        decodes_small = file.mode == "RGB" and "progressive" not in file.info
        if not decodes_small or self.interpolation == "nearest":
            return 1
        room = min(rows / self.scale[0], columns / self.scale[1])
        return next((reduction for reduction in REDUCTIONS if room >= reduction * self.margin), 1)

    def _resize(self, image: Image.Image, box: tuple[float, float, float, float]) -> Image.Image:
        """The box alone, like a crop: the filter sees no pixel beyond those that the box touches."""
        left, top = math.floor(box[0]), math.floor(box[1])
        crop = image.crop((left, top, math.ceil(box[2]), math.ceil(box[3])))
        inside = (box[0] - left, box[1] - top, box[2] - left, box[3] - top)
        return crop.resize((self.scale[1], self.scale[0]), FILTERS[self.interpolation], box=inside)

    def __repr__(self) -> str:
        return f"{super().__repr__()[:-1]}, channels={self.channels}, margin={self.margin})"
