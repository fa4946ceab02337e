"""Datasets, transforms and the sampler; importing this also registers those of mmpretrain."""

from ..quiet import quiet_imports

with quiet_imports():
    import mmpretrain.datasets  # noqa: F401

from ..moved import moved_from
from .augment import ColorJitter, RandAugment
from .coco import CocoInstances, category_names
from .digits import DigitsDataset
from .folder import UnlabelledFolder
from .infinite_sampler import SeededInfiniteSampler
from .jpeg_crop import LoadResizedCrop
from .label_maps import LabelMaps, LoadLabelMap
from .labelled import LabelledFolder
from .labels import LabelError
from .loading import LoadImage, read_image
from .reading_through import find_unreadable
from .resizing import CenterResizedCrop, RandomResizedCrop, resize_image
from .sampler import SeededSampler
from .scanning import IMAGE_EXTENSIONS, is_hidden, scan_images
from .seeded import SeededDataset
from .stored import LoadStoredImage
from .unreadable import UnreadableImageError, naming_unreadable

__all__ = [
    "IMAGE_EXTENSIONS",
    "CenterResizedCrop",
    "CocoInstances",
    "ColorJitter",
    "DigitsDataset",
    "LabelError",
    "LabelMaps",
    "LabelledFolder",
    "LoadImage",
    "LoadLabelMap",
    "LoadResizedCrop",
    "LoadStoredImage",
    "RandAugment",
    "RandomResizedCrop",
    "SeededDataset",
    "SeededInfiniteSampler",
    "SeededSampler",
    "UnlabelledFolder",
    "UnreadableImageError",
    "category_names",
    "find_unreadable",
    "is_hidden",
    "naming_unreadable",
    "read_image",
    "resize_image",
    "scan_images",
]

__getattr__ = moved_from(__name__)
