"""Boxes that can be used but are hardly meant: beyond their picture, or elsewhere than their outline."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pycocotools import mask as masks_of

from .completing import Tally, encoded
from .outlines import Outline

SLACK = 4
"""Pixels by which boxes that were rounded, or drawn by hand, may be off."""
FORM = "a bbox is [x, y, width, height] in pixels, not two corners"
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


def odd_boxes(images: Mapping[Any, Mapping[str, Any]], annotations: Sequence[Mapping[str, Any]]) -> list[str]:
    """How many boxes reach beyond their picture, or have less than half in common with their outline, in words.

    Args:
        images: by id, complete.
        annotations: complete; those of crowds, and outlines that were left out, are not compared.
    """
    odd = Tally()
    for annotation in annotations:
        image = images[annotation["image_id"]]
        for what in _oddities(annotation, (image["height"], image["width"])):
            odd.add(what, f"annotation {annotation['id']} of {image['file_name']}: bbox={annotation['bbox']}")
    return [f"{line}; {FORM}" for _, line in odd.lines(len(annotations), "annotations")]


def _oddities(annotation: Mapping[str, Any], size: tuple[int, int]) -> Iterator[str]:
    left, top, width, height = annotation["bbox"]
    box = (left, top, left + width, top + height)
    if min(left, top) < -SLACK or box[2] > size[1] + SLACK or box[3] > size[0] + SLACK:
        yield "have a bbox that reaches beyond the picture"
    outline = annotation.get("segmentation")
    if outline and not annotation["iscrowd"]:
        extent = _extent(outline, size)
        far = max(abs(a - b) for a, b in zip(box, extent, strict=True)) > SLACK
        if far and 2 * _overlap(box, extent) < _area(box) + _area(extent) - _overlap(box, extent):
            yield "have a bbox that is elsewhere than the outline"


def _extent(outline: Outline, size: tuple[int, int]) -> Box:
    if isinstance(outline, dict):
        left, top, width, height = masks_of.toBbox(encoded(outline, size))
        return left, top, left + width, top + height
    xs, ys = ([polygon[start::2] for polygon in outline] for start in (0, 1))
    return min(map(min, xs)), min(map(min, ys)), max(map(max, xs)), max(map(max, ys))


def _overlap(a: Box, b: Box) -> float:
    return _area((max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])))


def _area(box: Box) -> float:
    return max(box[2] - box[0], 0) * max(box[3] - box[1], 0)
