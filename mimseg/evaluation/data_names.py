"""What data a run was trained and measured on, from the dataset entries of its config."""

import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

FOLDERS = {
    "imagenet": "ImageNet-1K", "imagenet1k": "ImageNet-1K", "ilsvrc2012": "ImageNet-1K", "clsloc": "ImageNet-1K",
    "imagenet22k": "ImageNet-22K", "imagenet21k": "ImageNet-22K",
    "cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "stl10": "STL-10",
    "coco": "COCO", "coco2017": "COCO", "ade": "ADE20K", "ade20k": "ADE20K", "adechallengedata2016": "ADE20K",
}  # fmt: skip
"""Names of folders, small and without separators, that hold a data set of the papers."""

SIZES = {
    "ImageNet-1K": {1281167, 50000}, "CIFAR-10": {50000, 10000}, "CIFAR-100": {50000, 10000},
    "STL-10": {5000, 100000, 105000, 8000}, "COCO": {118287, 117266, 5000}, "ADE20K": {20210, 2000},
}  # fmt: skip
"""Numbers of images of their splits; COCO's training set also without images that have no object."""

SPLITS = {"train", "training", "val", "validation", "test", "unlabeled", "unlabelled", "imagefolder", "images"}
LAYOUT = ("ann_file", "data_prefix")


def name_of(dataset: Mapping[str, Any] | None, images: int | None = None) -> str | None:
    """The name of a data set: that of the papers, or else its folder or class; None without one.

    A folder is one of the papers' by its own name, its split's left out: ``/fast/cifar10/test`` is CIFAR-10,
    ``/fast/cifar10_small/test`` is not. A part of a data set says so.

    Args:
        dataset: its entry in a config, wrapped or not.
        images: how many a run found there, where it is recorded.
    """
    inner = unwrapped(dataset)
    if inner is None:
        return None
    name, _ = _place(inner)
    indices = inner.get("indices")
    part = len(indices) if isinstance(indices, list | tuple) else indices
    if part is None and images is not None and name in SIZES and images not in SIZES[name]:
        part = images
    return name if part is None else f"{name} ({part} images)"


def identity_of(dataset: Mapping[str, Any] | None, images: int | None = None) -> str | None:
    """As :func:`name_of`, with the split and the files: two runs with equal ones saw the same images."""
    name, inner = name_of(dataset, images), unwrapped(dataset)
    if name is None or inner is None:
        return None
    _, split = _place(inner)
    layout = [str(inner[key]) for key in LAYOUT if inner.get(key)]
    return " ".join([name, *([split] if split else []), *layout])


def unwrapped(dataset: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The innermost dataset, which names the files."""
    while dataset is not None and isinstance(dataset.get("dataset"), Mapping):
        dataset = dataset["dataset"]
    return dataset


def name_of_folder(folder: str) -> tuple[str, str]:
    """Name of the data under a folder and, where the path ends in one, the split."""
    path, split = PurePath(folder), ""
    while len(path.parts) > 1 and (path.name.lower() in SPLITS or re.fullmatch(r"(train|val|test)\d{4}", path.name)):
        path, split = path.parent, split or path.name.lower()
    return FOLDERS.get(re.sub(r"[-_ .]", "", path.name.lower()), path.as_posix()), split


def _place(dataset: Mapping[str, Any]) -> tuple[str, str]:
    if dataset.get("data_root"):
        return name_of_folder(str(dataset["data_root"]))
    kind = str(dataset.get("type", "")).rsplit(".", 1)[-1]
    return kind or "unnamed data", str(dataset.get("split", ""))
