"""Datasets, transforms and the sampler; importing this also registers those of mmpretrain."""

from mimseg.quiet import quiet_imports

with quiet_imports():
    import mmpretrain.datasets  # noqa: F401

from .augment import ColorJitter, RandAugment
from .checking import find_unreadable
from .digits import DigitsDataset
from .folder import UnlabelledFolder
from .infinite_sampler import SeededInfiniteSampler
from .labelled import LabelledFolder
from .loading import LoadImage, read_image
from .object_masks import ObjectImage, coco_objects, drawn_objects, patch_coverage
from .reduced import LoadResizedCrop
from .resizing import CenterResizedCrop, RandomResizedCrop, resize_image
from .sampler import SeededSampler
from .scanning import IMAGE_EXTENSIONS, RUN_FILE, is_hidden, scan_images
from .seeded import SeededDataset
from .unreadable import UnreadableImageError, naming_unreadable, printable

__all__ = [
    "IMAGE_EXTENSIONS",
    "RUN_FILE",
    "CenterResizedCrop",
    "ColorJitter",
    "DigitsDataset",
    "LabelledFolder",
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
    "find_unreadable",
    "is_hidden",
    "naming_unreadable",
    "patch_coverage",
    "printable",
    "read_image",
    "resize_image",
    "scan_images",
]
