"""What a COCO file leaves out is computed where that can be done in one way, and refused where it cannot."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from pycocotools import mask as masks_of

from .outlines import Outline, OutlineError, check_outline

CORRECT = "correct it in the file"
RENUMBERED = "had no id of their own, above 0, and all were numbered anew"


class FlawError(ValueError):
    """What an annotation has, or has not, so that it cannot be used.

    Args:
        what: the kind, the same for all that have it.
        detail: of this one.
        fix: what to do.
    """

    def __init__(self, what: str, detail: str = "", fix: str = CORRECT) -> None:
        super().__init__(what)
        self.what, self.detail, self.fix = what, detail, fix


@dataclass
class Tally:
    """How many entries have something in common, and the name of the first."""

    counts: dict[str, int] = field(default_factory=dict)
    first: dict[str, str] = field(default_factory=dict)

    def add(self, what: str, name: str) -> None:
        """Count an entry."""
        self.counts[what] = self.counts.get(what, 0) + 1
        self.first.setdefault(what, name)

    def lines(self, total: int, of: str) -> Iterator[tuple[str, str]]:
        """For everything that was counted: what, and the sentence that says how many and which is the first."""
        for what, count in self.counts.items():
            yield what, f"{count} of {total} {of} {what}, first {self.first[what]}"


def complete_images(
    images: Sequence[Mapping[str, Any]], path: str | Path, read_size: Callable[[str], tuple[int, int]]
) -> tuple[dict[Any, dict[str, Any]], list[str]]:
    """The images of a file by id, and what was added to them, in words.

    Args:
        images: the file's list.
        path: the file, for messages.
        read_size: gives ``(H, W)`` of a picture from its ``file_name``, for images without a size.

    Raises:
        ValueError: an image has no id or name, or an id is that of two pictures.
    """
    found: dict[Any, dict[str, Any]] = {}
    added = Tally()
    for number, image in enumerate(images):
        key, name = image.get("id"), image.get("file_name")
        if not isinstance(key, int | str):
            raise ValueError(f"{path}: image number {number} of the list ({name}) has no id, but {key!r}; {CORRECT}")
        if not isinstance(name, str) or not name:
            raise ValueError(f"{path}: image {key} has no file_name, but {name!r}; {CORRECT}")
        if key in found and found[key]["file_name"] != name:
            raise ValueError(f"{path}: image id {key} is that of {found[key]['file_name']} and of {name}; {CORRECT}")
        found[key] = {**image, **_size_of(image, path, read_size, added)}
    return found, [line for _, line in added.lines(len(images), "images")]


def _size_of(
    image: Mapping[str, Any], path: str | Path, read_size: Callable[[str], tuple[int, int]], added: Tally
) -> dict[str, int]:
    size = (image.get("height"), image.get("width"))
    if None in size:
        added.add("had no width or height, which were read from the pictures", f"{image['file_name']}")
        size = read_size(image["file_name"])
    for side in size:
        if isinstance(side, bool) or not isinstance(side, int | float) or side != side // 1 or side < 1:
            raise ValueError(f"{path}: image {image['id']} has a size of {size[1]} x {size[0]} pixels; {CORRECT}")
    height, width = int(size[0]), int(size[1])  # type: ignore[arg-type]
    if height * width >= 2**31:
        raise ValueError(f"{path}: image {image['id']} has a size of {width} x {height} pixels; {CORRECT}")
    return {"height": height, "width": width}


def complete_annotations(
    annotations: Sequence[Mapping[str, Any]],
    images: Mapping[Any, Mapping[str, Any]],
    categories: set[Any],
    path: str | Path,
    with_masks: bool,
) -> tuple[list[dict[str, Any]], list[str]]:
    """The annotations of known images with all that mmdet and pycocotools read, and what was changed, in words.

    Args:
        annotations: the file's list.
        images: by id, complete.
        categories: all ids of the file's categories.
        path: the file, for messages.
        with_masks: whether every object must have an outline.

    Raises:
        ValueError: some cannot be used; says how many, the first, what is wrong with them and what to do.
    """
    found, flaws, changes = [], Tally(), Tally()
    fixes: dict[str, str] = {}
    ids: set[Any] = set()
    for number, annotation in enumerate(annotations):
        image = images.get(annotation.get("image_id")) if _is_key(annotation.get("image_id")) else None
        name = _name_of(annotation, number, image)
        if image is None:
            changes.add("are of no image of the file and left out", name)
            continue
        try:
            found.append(_complete(annotation, image, categories, with_masks, partial(changes.add, name=name)))
        except FlawError as flaw:
            flaws.add(f"have {flaw.what}", name + flaw.detail)
            fixes[f"have {flaw.what}"] = flaw.fix
            continue
        key = annotation.get("id")
        if type(key) is not int or key < 1 or key in ids:  # pycocotools takes 0 for "not matched"
            changes.add(RENUMBERED, name)
        ids.add(key if _is_key(key) else None)
    for what, line in flaws.lines(len(annotations), "annotations"):
        raise ValueError(f"{path}: {line}; {fixes[what]}")
    if RENUMBERED in changes.counts:
        found = [{**annotation, "id": number} for number, annotation in enumerate(found, start=1)]
    return found, [line for _, line in changes.lines(len(annotations), "annotations")]


def _is_key(key: Any) -> bool:
    return isinstance(key, int | str)


def _name_of(annotation: Mapping[str, Any], number: int, image: Mapping[str, Any] | None) -> str:
    own = f"number {number} of the list" if annotation.get("id") is None else annotation["id"]
    return f"annotation {own}" + (f" of {image['file_name']}" if image else "")


def _complete(
    annotation: Mapping[str, Any],
    image: Mapping[str, Any],
    categories: set[Any],
    with_masks: bool,
    note: Callable[[str], None],
) -> dict[str, Any]:
    size = (image["height"], image["width"])
    category = annotation.get("category_id")
    if not _is_key(category) or category not in categories:
        raise FlawError("a category_id that 'categories' does not have", f": {category!r}")
    with_box, with_area = annotation.get("bbox") is not None, _is_number(annotation.get("area"))
    outline = _outline_of(annotation, size) if with_masks or not (with_box and with_area) else None
    if not (with_box or outline):
        raise FlawError("no bbox, and no outline to compute it from", fix="write bbox=[x, y, width, height] in pixels")
    if outline is None and with_masks:
        raise FlawError(
            "no outline (segmentation)",
            fix="outline the objects, or train and test on boxes only: model.roi_head.mask_head=None",
        )
    complete = {**annotation, "iscrowd": annotation.get("iscrowd") or 0}
    if not with_box:
        note("had no bbox, which was computed from the outline")
        complete["bbox"] = [float(side) for side in masks_of.toBbox(encoded(outline, size))]
    box = _checked_box(complete["bbox"])
    if not with_area:
        note("had no area, which was computed")
        complete["area"] = float(masks_of.area(encoded(outline, size))) if outline else box[2] * box[3]
    complete.pop("segmentation", None)
    if with_masks:
        complete["segmentation"] = outline or [_rectangle(box, size)]
        if not outline:
            note("have no polygon of three points and are ignored")
            complete["iscrowd"] = 1  # neither an object nor background
    return complete


def _outline_of(annotation: Mapping[str, Any], size: tuple[int, int]) -> Outline | None:
    try:
        return check_outline(annotation.get("segmentation"), size)
    except OutlineError as error:
        raise FlawError("an outline (segmentation) that cannot be used", f", which {error}") from None


def _checked_box(box: Any) -> list[float]:
    if not isinstance(box, list) or len(box) != 4 or not all(map(_is_number, box)):
        raise FlawError("a bbox that is not four numbers x, y, width, height", f": {box!r:.60}")
    return box


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _rectangle(box: Sequence[float], size: tuple[int, int]) -> list[float]:
    """A box as a polygon, cut to its picture."""
    left, top, width, height = box
    (left, right), (top, bottom) = (
        (min(max(start, 0), end), min(max(start + length, 0), end))
        for start, length, end in ((left, width, size[1]), (top, height, size[0]))
    )
    return [left, top, right, top, right, bottom, left, bottom]


def encoded(outline: Outline | None, size: tuple[int, int]) -> dict[str, Any]:
    """An outline of :func:`check_outline` in pycocotools' own form."""
    if isinstance(outline, dict) and isinstance(outline["counts"], str):
        return outline
    encoded = masks_of.frPyObjects(outline, *size)
    merged: dict[str, Any] = masks_of.merge(encoded) if isinstance(encoded, list) else encoded
    return merged
