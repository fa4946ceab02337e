"""One writer per folder layout; each takes the same scenes in the same order."""

import itertools
import json
import os
import shutil
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .drawing import Scene
from .shapes import CLASSES


class Layout(Protocol):
    """Writes one split of a scene set; several layouts share one picture file by hard links."""

    def add(self, number: int, scene: Scene, picture: Path | None) -> Path:
        """Write scene ``number``; ``picture`` is its file in another layout. Returns its path here."""

    def close(self) -> None:
        """Write what covers the whole split."""


def _place_picture(target: Path, scene: Scene, picture: Path | None) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    if picture is None:
        Image.fromarray(scene.image).save(target, quality=95, subsampling=0)
        return target
    try:
        os.link(picture, target)
    except OSError:  # a file system without hard links
        shutil.copyfile(picture, target)
    return target


class ImageFolder:
    """``imagefolder/{train,val}/<class>/<number>.jpg``; the class is that of the largest visible object."""

    def __init__(self, root: Path, split: str) -> None:
        self.folder = root / "imagefolder" / split
        for name in CLASSES:  # all of them, so that labels do not depend on which classes occur
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    def add(self, number: int, scene: Scene, picture: Path | None) -> Path:
        """See `Layout`."""
        return _place_picture(self.folder / CLASSES[scene.main_label] / f"{number:06d}.jpg", scene, picture)

    def close(self) -> None:
        """Nothing is left to write."""


class Coco:
    """``coco/{train,val}/<number>.jpg`` and ``coco/annotations/instances_{train,val}.json``, masks as RLE."""

    def __init__(self, root: Path, split: str) -> None:
        self.folder = root / "coco" / split
        self.annotation_file = root / "coco" / "annotations" / f"instances_{split}.json"
        self.images: list[dict[str, Any]] = []
        self.annotations: list[dict[str, Any]] = []

    def add(self, number: int, scene: Scene, picture: Path | None) -> Path:
        """See `Layout`."""
        path = _place_picture(self.folder / f"{number:06d}.jpg", scene, picture)
        height, width = scene.image.shape[:2]
        image_id = number + 1
        self.images.append({"id": image_id, "file_name": path.name, "height": height, "width": width})
        for mask, label in zip(scene.masks, scene.labels, strict=True):
            self.annotations.append(
                {
                    "id": len(self.annotations) + 1,
                    "image_id": image_id,
                    "category_id": int(label) + 1,
                    "segmentation": encode_rle(mask),
                    "bbox": _bounding_box(mask),
                    "area": int(mask.sum()),
                    "iscrowd": 0,
                }
            )
        return path

    def close(self) -> None:
        """Write the annotation file."""
        categories = [{"id": n, "name": name, "supercategory": "shape"} for n, name in enumerate(CLASSES, start=1)]
        content = {"images": self.images, "annotations": self.annotations, "categories": categories}
        self.annotation_file.parent.mkdir(parents=True, exist_ok=True)
        self.annotation_file.write_text(json.dumps(content))


class Ade:
    """``ade/{images,annotations}/{training,validation}/``; maps hold class index + 1, 0 for none."""

    def __init__(self, root: Path, split: str) -> None:
        name = {"train": "training", "val": "validation"}[split]
        self.images = root / "ade" / "images" / name
        self.maps = root / "ade" / "annotations" / name
        self.maps.mkdir(parents=True, exist_ok=True)

    def add(self, number: int, scene: Scene, picture: Path | None) -> Path:
        """See `Layout`."""
        values = np.zeros(scene.image.shape[:2], dtype=np.uint8)
        for mask, label in zip(scene.masks, scene.labels, strict=True):
            values[mask] = label + 1
        Image.fromarray(values).save(self.maps / f"{number:06d}.png")
        return _place_picture(self.images / f"{number:06d}.jpg", scene, picture)

    def close(self) -> None:
        """Nothing is left to write."""


def encode_rle(mask: NDArray[Any]) -> dict[str, Any]:
    """COCO's uncompressed run lengths of a bool mask ``(H, W)``: column-major, a run of zeros first."""
    flat = np.concatenate([[False], mask.ravel(order="F")])
    changes = np.flatnonzero(flat[1:] != flat[:-1])
    ends = [0, *changes.tolist(), mask.size]
    return {"size": list(mask.shape), "counts": [stop - start for start, stop in itertools.pairwise(ends)]}


def _bounding_box(mask: NDArray[Any]) -> list[int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    left, top = int(columns[0]), int(rows[0])
    return [left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1]
