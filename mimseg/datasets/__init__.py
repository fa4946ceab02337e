"""Datasets, transforms and the sampler; importing this also registers those of mmpretrain."""

from mimseg.quiet import quiet_imports

with quiet_imports():
    import mmpretrain.datasets  # noqa: F401

from .augment import ColorJitter, RandAugment
from .digits import DigitsDataset
from .folder import UnlabelledFolder
from .infinite_sampler import SeededInfiniteSampler
from .loading import LoadImage, UnreadableImageError, read_image
from .object_masks import ObjectImage, coco_objects, drawn_objects, patch_coverage
from .reduced import LoadResizedCrop
from .resizing import CenterResizedCrop, RandomResizedCrop, resize_image
from .sampler import SeededSampler
from .seeded import SeededDataset

__all__ = [
    "CenterResizedCrop",
    "ColorJitter",
    "DigitsDataset",
    "LoadImage",
    "LoadResizedCrop",
    "ObjectImage",
    "RandAugment",
    "RandomResizedCrop",
    "SeededDataset",
    "SeededInfiniteSampler",
    "SeededSampler",
    "UnlabelledFolder",
    "UnreadableImageError",
    "coco_objects",
    "drawn_objects",
    "patch_coverage",
    "read_image",
    "resize_image",
]
