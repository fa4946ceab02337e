"""The augmentation policies of fine-tuning recipes."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from numpy.typing import NDArray
from PIL import Image, ImageOps
from timm.data.auto_augment import rand_augment_transform
from torchvision import transforms

from ..registry import TRANSFORMS


def posterize(image: Image.Image, bits: int, **_: object) -> Image.Image:
    """Keep ``bits`` bits a channel. timm asks for 0 at its strongest, which PIL refuses; that is a black image."""
    return ImageOps.posterize(image, bits) if bits > 0 else Image.new(image.mode, image.size)


def check_rgb(name: str, image: NDArray[Any]) -> NDArray[Any]:
    """The image itself.

    Raises:
        TypeError: it is not 8-bit RGB; no file's fault, so that no file is replaced.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise TypeError(
            f"{name} takes 8-bit RGB images, got {image.dtype} of shape {image.shape}; leave it out of the "
            "pipeline for other images"
        )
    return image


@TRANSFORMS.register_module()
class RandAugment(BaseTransform):
    """timm's RandAugment, which the fine-tuning recipes of MAE, HPM and FastMIM were written with.

    Acts on ``img``, ``(H, W, 3)`` uint8 RGB, with random numbers from Python's and NumPy's generators.

    Args:
        policy: timm's description; 'rand-m9-mstd0.5-inc1' is "RandAug(9, 0.5)" of the papers: two operations of
            magnitude 9 with deviation 0.5, of the kind that gets stronger with it.
        fill_color: RGB (0 to 255) of what a shift or rotation uncovers; the dataset's mean.

    Raises:
        ValueError: a policy that timm does not know.
        TypeError: an image that is not 8-bit RGB.
    """

    def __init__(self, policy: str = "rand-m9-mstd0.5-inc1", fill_color: tuple[float, ...] = (124, 116, 104)) -> None:
        self.policy = policy
        self.fill_color = tuple(min(255, round(value)) for value in fill_color)
        self.by_side: dict[int, Callable[[Image.Image], Image.Image]] = {}
        self.policy_for(224)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Augment ``img`` ``(H, W, 3)``."""
        image = check_rgb("RandAugment", results["img"])
        augment = self.policy_for(min(image.shape[:2]))
        results["img"] = np.array(augment(Image.fromarray(image)))
        return results

    def policy_for(self, side: int) -> Callable[[Image.Image], Image.Image]:
        """The operations for images whose shorter side is ``side``: shifts are up to 0.45 of it, as timm has them."""
        if side not in self.by_side:
            settings = {
                "translate_const": int(0.45 * side),
                "img_mean": self.fill_color,
                "interpolation": Image.Resampling.BICUBIC,
            }
            try:
                augment = rand_augment_transform(self.policy, settings)
            except (AssertionError, KeyError, ValueError) as error:
                raise ValueError(
                    f"RandAugment(policy={self.policy!r}) is no policy of timm's; write e.g. 'rand-m9-mstd0.5-inc1'"
                ) from error
            for operation in augment.ops:
                if operation.name.startswith("Posterize"):
                    operation.aug_fn = posterize
            self.by_side[side] = augment
        return self.by_side[side]

    def __repr__(self) -> str:
        return f"{type(self).__name__}(policy={self.policy!r}, fill_color={self.fill_color})"


@TRANSFORMS.register_module()
class ColorJitter(BaseTransform):
    """torchvision's random brightness, contrast and saturation, in random order (MaskFeat's fine-tuning; BEiT).

    Acts on ``img``, ``(H, W, 3)`` uint8 RGB (mmpretrain's takes BGR), with random numbers from torch's generator.

    Args:
        brightness: factors are drawn from 1 minus to 1 plus it, or from the two numbers given.
        contrast: factors around the mean grey, given as for ``brightness``.
        saturation: factors around the grey image, given as for ``brightness``.

    Raises:
        ValueError: a negative number.
        TypeError: an image that is not 8-bit RGB.
    """

    def __init__(
        self,
        brightness: float | Sequence[float] = 0.0,
        contrast: float | Sequence[float] = 0.0,
        saturation: float | Sequence[float] = 0.0,
    ) -> None:
        self.settings = {"brightness": brightness, "contrast": contrast, "saturation": saturation}
        self.jitter = transforms.ColorJitter(**self.settings)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Jitter ``img`` ``(H, W, 3)``."""
        image = check_rgb("ColorJitter", results["img"])
        results["img"] = np.array(self.jitter(Image.fromarray(image)))
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{key}={value}' for key, value in self.settings.items())})"
