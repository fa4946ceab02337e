"""Images and where their objects are: from COCO annotations, or from masks drawn as PNG files."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pycocotools import mask as coco

from ...datasets.coco import OutlineError, check_outline, read_coco
from ...datasets.resizing import CenterResizedCrop
from ...datasets.scanning import scan_images
from ...datasets.unreadable import check_regular, naming_unreadable

SAMPLES = 16  # points a patch side at which a mask is read
ALPHA_MODES = {"LA": "L", "RGBA": "RGB"}


@dataclass(frozen=True)
class ObjectImage:
    """An image file and its object pixels.

    Attributes:
        path: the image.
        read_mask: gives bool ``(H, W)``, True = a pixel of any object; reads when called.
    """

    path: str
    read_mask: Callable[[], NDArray[np.bool_]]


def coco_objects(annotations: str | Path, folder: str | Path) -> tuple[list[ObjectImage], list[str]]:
    """Images of a COCO instance file, and the union of their annotations.

    Polygons, and run-length encoding as lists or compressed, are read; crowd regions count as objects, because the
    question is whether a pixel belongs to any object, not to which.

    Args:
        annotations: a JSON file such as ``instances_val2017.json``.
        folder: where the ``file_name`` of every image starts from.

    Returns:
        The images that are there, in the file's order, and the names of those that are not.

    Raises:
        FileNotFoundError: no such file or folder, or none of the images is there.
        ValueError: the file is no COCO instance file, or it holds boxes only.
    """
    data = read_coco(annotations, ("images", "annotations"))
    regions: dict[Any, list[dict[str, Any]]] = {image["id"]: [] for image in data["images"]}
    for annotation in data["annotations"]:
        if "segmentation" in annotation:
            regions.setdefault(annotation["image_id"], []).append(annotation)
    if not any(regions.values()):
        raise ValueError(f"{annotations} outlines no object: it has no annotation with a segmentation, only boxes")
    _check_folder(folder)
    found, missing = [], []
    for image in data["images"]:
        path = os.path.join(folder, image["file_name"])
        if os.path.exists(path):
            size = (image["height"], image["width"])
            found.append(ObjectImage(path, partial(_draw_regions, regions[image["id"]], size, str(annotations))))
        else:
            missing.append(image["file_name"])
    if not found:
        raise FileNotFoundError(f"none of the {len(missing)} images of {annotations} is in {folder}, e.g. {missing[0]}")
    return found, missing


def drawn_objects(masks: str | Path, folder: str | Path) -> tuple[list[ObjectImage], list[str]]:
    """Images of a folder that have a mask: a PNG of the same name, with or without folders, in another folder.

    Its non-zero pixels are objects. A palette's numbers count, not its colours; an alpha channel does not.

    Returns:
        The images that have a mask, in order of their names, and the masks without an image.

    Raises:
        FileNotFoundError: no such folder, or no mask with an image.
    """
    for place in (masks, folder):
        _check_folder(place)
    images = {_stem(path, folder): path for path in scan_images(str(folder))}
    drawn = {_stem(path, masks): path for path in scan_images(str(masks), (".png",))}
    found = [ObjectImage(images[name], partial(_read_png, drawn[name])) for name in drawn if name in images]
    missing = [os.path.relpath(path, masks) for name, path in drawn.items() if name not in images]
    if not found:
        raise FileNotFoundError(
            f"no mask in {masks} has an image of its name in {folder} (a.png marks objects of a.jpg)"
        )
    return found, missing


def patch_coverage(
    mask: NDArray[np.bool_], grid: tuple[int, int], crop_fraction: float = 1.0
) -> NDArray[np.floating[Any]]:
    """Share of object pixels in every patch of an image that :class:`CenterResizedCrop` cuts.

    The mask is cut as the image is, and read at 16 x 16 points of every patch.

    Args:
        mask: bool ``(H, W)``, of the whole image.
        grid: patches ``(h, w)`` of the crop; L = h * w.
        crop_fraction: of the crop.

    Returns:
        ``(L,)``, 0 to 1, in row-major order.
    """
    crop = CenterResizedCrop((grid[0] * SAMPLES, grid[1] * SAMPLES), crop_fraction, "nearest")
    points: NDArray[np.floating[Any]] = crop.transform({"img": mask[..., None].astype(np.uint8)})["img"]
    shares: NDArray[np.floating[Any]] = points.reshape(grid[0], SAMPLES, grid[1], SAMPLES).mean(axis=(1, 3))
    return shares.reshape(-1)


def _stem(path: str, root: str | Path) -> str:
    return os.path.splitext(os.path.relpath(path, root))[0]


def _check_folder(folder: str | Path) -> None:
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"folder {folder} does not exist: check the path")


def _draw_regions(regions: Sequence[Mapping[str, Any]], size: tuple[int, int], file: str) -> NDArray[np.bool_]:
    """The union of annotated regions as bool ``(H, W)``."""
    drawn = np.zeros(size, dtype=bool)
    for region in regions:
        try:
            outline = check_outline(region["segmentation"], size)
            if outline is None:
                continue
            if outline == []:
                raise OutlineError("has no polygon of three points")
            if isinstance(outline, list) or isinstance(outline["counts"], list):
                outline = coco.frPyObjects(outline, *size)
            drawn |= coco.decode(coco.merge(outline) if isinstance(outline, list) else outline).astype(bool)
        except Exception as error:  # pycocotools raises plain ones
            raise ValueError(
                f"{file}: the segmentation of annotation {region.get('id')} is damaged: {error}"
            ) from error
    return drawn


def _read_png(path: str) -> NDArray[np.bool_]:
    with naming_unreadable(path, "mask"):
        check_regular(path)
        with Image.open(path) as file:
            plain = file.convert(ALPHA_MODES[file.mode]) if file.mode in ALPHA_MODES else file
            values: NDArray[Any] = np.asarray(plain)
    shown: NDArray[np.bool_] = (values != 0).any(axis=-1) if values.ndim == 3 else values != 0
    return shown
