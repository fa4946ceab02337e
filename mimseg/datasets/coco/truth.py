"""A COCO file as training and evaluation take it: complete, and its categories in the order of the classes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..labels import listed, picture_size
from .categories import order_categories
from .completing import complete_annotations, complete_images
from .reading import read_coco


@dataclass(frozen=True)
class Truth:
    """The objects of a COCO file.

    Attributes:
        images: by id, in the file's order, each with ``file_name``, ``height`` and ``width``.
        annotations: in the file's order, of images and classes that are there, each with ``id``, ``bbox``, ``area``,
            ``iscrowd``, and ``segmentation`` where masks were asked for.
        categories: one a class, in the order of the classes; the label of an annotation is the position of its
            ``category_id`` here.
        remarks: what was added or left out, in words.
    """

    images: dict[Any, dict[str, Any]]
    annotations: list[dict[str, Any]]
    categories: list[dict[str, Any]]
    remarks: list[str]

    def as_coco(self) -> dict[str, Any]:
        """The content of a COCO file."""
        images = list(self.images.values())
        return {"info": {}, "images": images, "annotations": self.annotations, "categories": self.categories}


def read_truth(
    path: str | Path,
    classes: Sequence[str],
    with_masks: bool,
    read_size: Callable[[str], tuple[int, int]] | None = None,
) -> Truth:
    """Read a COCO file.

    Args:
        path: the JSON file.
        classes: names; each must be that of a category.
        with_masks: whether every object must have an outline.
        read_size: gives ``(H, W)`` of a picture from its ``file_name``, for images without a size; by default the
            names are paths.

    Raises:
        FileNotFoundError: no such file.
        ValueError: it is none, a class is not in it, or its entries cannot be used; in one line.
    """
    data = read_coco(path)
    categories = order_categories(data["categories"], classes, path)
    images, remarks = complete_images(data["images"], path, read_size or picture_size)
    known = {category["id"] for category in data["categories"]}
    annotations, changes = complete_annotations(data["annotations"], images, known, path, with_masks)
    ids = {category["id"] for category in categories}
    kept = [annotation for annotation in annotations if annotation["category_id"] in ids]
    if len(kept) < len(annotations):
        gone = {annotation["category_id"] for annotation in annotations} - ids
        names = [category["name"] for category in data["categories"] if category["id"] in gone]
        changes.append(
            f"{len(annotations) - len(kept)} of {len(annotations)} annotations are of categories that are no classes "
            f"and left out: {listed(names)}"
        )
    return Truth(images, kept, categories, [*remarks, *changes])
