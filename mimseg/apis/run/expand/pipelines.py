"""The transforms that ``data`` makes, for training and for evaluation."""

from collections.abc import Mapping
from typing import Any

from mmengine.config import ConfigDict

PACK = {"type": "mmpretrain.PackInputs", "meta_keys": ("img_path",)}

Made = dict[str, Any]


def evaluation_pipeline(data: Mapping[str, Any]) -> list[Made]:
    """Write the transforms of images that are held out: as they are, or their centre."""
    share = data.get("center_crop")
    crop = {"type": "CenterResizedCrop", "scale": data["size"], "crop_fraction": share}
    return [_load(data), *([] if share is None else [crop]), PACK]


def training_pipeline(data: ConfigDict, augmentations: list[Made] | None = None) -> list[Made]:
    """Write the transforms of training images: a random crop, a flip, and what a classifier adds."""
    crop = {"type": "RandomResizedCrop", "scale": data.size, "crop_ratio_range": data.get("crop", (0.2, 1.0))}
    if data.get("interpolation"):
        crop["interpolation"] = data.interpolation
    read = [{**crop, "type": "LoadResizedCrop"}] if data.get("reduced_decode") else [_load(data), crop]
    flip = data.get("flip", 0.5)
    flips = [{"type": "mmpretrain.RandomFlip", "prob": flip}] if flip else []
    return [*read, *flips, *(augmentations or []), PACK]


def _load(data: Mapping[str, Any]) -> Made:
    channels = len(data["mean"])
    return {"type": "LoadImage"} | ({} if channels == 3 else {"channels": channels})


def augmentations_of(data: ConfigDict) -> list[Made]:
    """Write the transforms that ``data.augment`` names (RandAugment and erasing as MAE's fine-tuning has them)."""
    named = {
        "randaugment": {"type": "RandAugment", "policy": "rand-m9-mstd0.5-inc1", "fill_color": data.mean},
        "erasing": {
            "type": "mmpretrain.RandomErasing",
            "erase_prob": 0.25,
            "mode": "rand",
            "min_area_ratio": 0.02,
            "max_area_ratio": 1 / 3,
            "fill_color": data.mean,
            "fill_std": data.std,
        },
    }
    return [named[each] if isinstance(each, str) else dict(each) for each in data.get("augment") or ()]
