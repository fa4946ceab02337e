"""Datasets, transforms and the sampler; importing this also registers those of mmpretrain."""

from mimseg.quiet import quiet_imports

with quiet_imports():
    import mmpretrain.datasets  # noqa: F401

from .augment import ColorJitter, RandAugment
from .coco import CocoInstances, category_names
from .digits import DigitsDataset
from .folder import UnlabelledFolder
from .infinite_sampler import SeededInfiniteSampler
from .label_maps import LabelMaps, LoadLabelMap
from .labels import LabelError
from .loading import LoadImage, UnreadableImageError, read_image
from .object_masks import ObjectImage, coco_objects, drawn_objects, patch_coverage
from .reduced import LoadResizedCrop
from .resizing import CenterResizedCrop, RandomResizedCrop, resize_image
from .sampler import SeededSampler
from .seeded import SeededDataset
from .stored import LoadStoredImage

__all__ = [
    "CenterResizedCrop",
    "CocoInstances",
    "ColorJitter",
    "DigitsDataset",
    "LabelError",
    "LabelMaps",
    "LoadImage",
    "LoadLabelMap",
    "LoadResizedCrop",
    "LoadStoredImage",
    "ObjectImage",
    "RandAugment",
    "RandomResizedCrop",
    "SeededDataset",
    "SeededInfiniteSampler",
    "SeededSampler",
    "UnlabelledFolder",
    "UnreadableImageError",
    "category_names",
    "coco_objects",
    "drawn_objects",
    "patch_coverage",
    "read_image",
    "resize_image",
]
