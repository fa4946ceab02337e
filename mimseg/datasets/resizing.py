"""Antialiased resizing crops for any number of channels."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmpretrain.datasets.transforms import RandomResizedCrop as _RandomResizedCrop
from numpy.typing import NDArray
from PIL import Image

from ..choices import one_of
from ..registry import TRANSFORMS

FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def resize_image(image: NDArray[Any], size: tuple[int, int], interpolation: str = "bicubic") -> NDArray[Any]:
    """Resize with PIL's antialiasing filters.

    uint8 grey and RGB take PIL's own integer path, so that the result equals torchvision's on PIL images;
    every other image is resized channel by channel, in float where it is not uint8.

    Args:
        image: ``(H, W, C)`` uint8 or float32.
        size: Output ``(H, W)``.
        interpolation: 'nearest', 'bilinear', 'bicubic' or 'lanczos'.

    Returns:
        ``(*size, C)``, same type.
    """
    width_height, resample = (size[1], size[0]), FILTERS[interpolation]
    if image.dtype == np.uint8 and image.shape[2] == 3:
        return np.array(Image.fromarray(np.ascontiguousarray(image)).resize(width_height, resample))
    channels = (Image.fromarray(np.ascontiguousarray(image[..., c])) for c in range(image.shape[2]))
    return np.stack([np.asarray(channel.resize(width_height, resample)) for channel in channels], axis=-1)


def _check_interpolation(name: str, interpolation: str) -> None:
    one_of(f"{name}: interpolation", interpolation, FILTERS)


@TRANSFORMS.register_module()
class RandomResizedCrop(_RandomResizedCrop):
    """mmpretrain's random crop (drawn like torchvision's and MAE's), antialiased, for 1 to 16 channels.

    Defaults are MAE's pre-training crop (He et al. 2022, section 4; area 0.2 to 1, bicubic).

    Args:
        scale: Output size, ``(H, W)`` or one int for a square.
        crop_ratio_range: Range of the crop's area as a share of the image's.
        aspect_ratio_range: Range of the crop's width over height.
        max_attempts: Draws before falling back to a central crop.
        interpolation: 'nearest', 'bilinear', 'bicubic' or 'lanczos'.
    """

    def __init__(
        self,
        scale: Sequence[int] | int,
        crop_ratio_range: tuple[float, float] = (0.2, 1.0),
        aspect_ratio_range: tuple[float, float] = (3 / 4, 4 / 3),
        max_attempts: int = 10,
        interpolation: str = "bicubic",
    ) -> None:
        _check_interpolation("RandomResizedCrop", interpolation)
        super().__init__(scale, crop_ratio_range, aspect_ratio_range, max_attempts, interpolation, backend="pillow")

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Crop and resize ``img`` ``(H, W, C)``; updates ``img_shape`` ``(H, W)``."""
        image = results["img"]
        top, left, height, width = self.rand_crop_params(image)
        crop = image[top : top + height, left : left + width]
        results["img"] = resize_image(crop, tuple(self.scale), self.interpolation)
        results["img_shape"] = results["img"].shape[:2]
        return results


@TRANSFORMS.register_module()
class CenterResizedCrop(BaseTransform):
    """The largest central crop with the aspect ratio of ``scale``, resized to it; for evaluation.

    Args:
        scale: Output size, ``(H, W)`` or one int for a square.
        crop_fraction: Share of that largest crop's sides that is kept; 0.875 is resize 256, crop 224.
        interpolation: 'nearest', 'bilinear', 'bicubic' or 'lanczos'.
    """

    def __init__(
        self, scale: Sequence[int] | int, crop_fraction: float = 0.875, interpolation: str = "bicubic"
    ) -> None:
        _check_interpolation("CenterResizedCrop", interpolation)
        if not 0 < crop_fraction <= 1:
            raise ValueError(f"CenterResizedCrop(crop_fraction={crop_fraction}): give a share in (0, 1]")
        self.scale = (scale, scale) if isinstance(scale, int) else (scale[0], scale[1])
        self.crop_fraction = crop_fraction
        self.interpolation = interpolation

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Crop and resize ``img`` ``(H, W, C)``; updates ``img_shape`` ``(H, W)``."""
        image = results["img"]
        factor = self.crop_fraction * min(image.shape[0] / self.scale[0], image.shape[1] / self.scale[1])
        height, width = (max(1, round(side * factor)) for side in self.scale)
        top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
        crop = image[top : top + height, left : left + width]
        results["img"] = resize_image(crop, self.scale, self.interpolation)
        results["img_shape"] = results["img"].shape[:2]
        return results

    def __repr__(self) -> str:
        settings = f"scale={self.scale}, crop_fraction={self.crop_fraction}, interpolation={self.interpolation!r}"
        return f"{type(self).__name__}({settings})"
