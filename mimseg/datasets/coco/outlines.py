"""Outlines of objects: polygons and run lengths that pycocotools can be given.

It trusts its input: a polygon with coordinates of 1e9 or run lengths that are longer than the picture make it write
where it must not.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

FAR = 16  # pictures' sides from the origin: no outline reaches that far
LONGEST = 4_000_000  # pixels around all polygons of an object: pycocotools keeps 5 points a pixel
SHORTEST = 6  # numbers of a polygon: three points

Outline = list[list[float]] | dict[str, Any]


class OutlineError(ValueError):
    """A ``segmentation`` that is none, or is not of this picture; says what is wrong with it."""


def check_outline(outline: Any, size: tuple[int, int]) -> Outline | None:
    """A ``segmentation`` as pycocotools takes it.

    Args:
        outline: polygons, one polygon as a flat list, run lengths as a list or compressed, or nothing.
        size: ``(H, W)`` of the picture.

    Returns:
        None where there is no outline. An empty list where there is one without a usable polygon: of less than three
        points, or of an odd number of coordinates.

    Raises:
        OutlineError: it is something else, or does not fit the picture.
    """
    if not outline:
        return None
    if isinstance(outline, Mapping):
        return _checked_run_lengths(outline, size)
    if not isinstance(outline, list):
        raise OutlineError(f"is a {type(outline).__name__}, not polygons or run lengths")
    polygons = [outline] if all(isinstance(number, int | float) for number in outline) else outline
    for polygon in polygons:
        if not isinstance(polygon, list):
            raise OutlineError(f"has a {type(polygon).__name__} among its polygons")
    reach = max((_reach(polygon) for polygon in polygons if polygon), default=0.0)
    if reach > FAR * max(size):
        raise OutlineError(f"reaches {reach:.4g} pixels from the origin, far beyond its picture")
    if 2 * reach * sum(map(len, polygons)) > LONGEST:  # at most that long; seldom, so measured only then
        around = sum(map(_length, polygons))
        if around > LONGEST:
            raise OutlineError(f"is {around:.2g} pixels long, in a picture of {size[1]} x {size[0]}")
    return [polygon for polygon in polygons if len(polygon) >= SHORTEST and len(polygon) % 2 == 0]


def _reach(polygon: Sequence[Any]) -> float:
    """The largest coordinate, by its absolute value."""
    try:
        low, high = float(min(polygon)), float(max(polygon))
        finite = all(map(math.isfinite, polygon))
    except (TypeError, ValueError, OverflowError):
        raise OutlineError("has something else than numbers among its coordinates") from None
    if not finite:
        raise OutlineError("has coordinates that are not finite")
    return max(-low, high)


def _length(polygon: Sequence[float]) -> float:
    points = np.asarray(polygon[: len(polygon) // 2 * 2], dtype=float).reshape(-1, 2)
    return float(np.abs(points - np.roll(points, 1, axis=0)).sum())


def _checked_run_lengths(outline: Mapping[str, Any], size: tuple[int, int]) -> dict[str, Any]:
    own, counts = outline.get("size"), outline.get("counts")
    if not isinstance(own, list) or [*own] != [*size]:
        raise OutlineError(f"has run lengths of the size {own} (height, width), its picture is {[*size]}")
    if isinstance(counts, str):
        lengths = decode_lengths(counts)
    elif isinstance(counts, list) and all(type(count) is int for count in counts):
        lengths = counts
    else:
        raise OutlineError("has run lengths without a list or text of counts")
    if min(lengths, default=0) < 0:
        raise OutlineError(f"has a run length of {min(lengths)}, below 0")
    if sum(lengths) != size[0] * size[1]:
        raise OutlineError(f"has run lengths of {sum(lengths)} pixels, its picture has {size[0] * size[1]}")
    return dict(outline)


def decode_lengths(text: str) -> list[int]:
    """The run lengths of COCO's compressed form: six bits a character, from the third on as differences.

    Raises:
        OutlineError: the text is no such form.
    """
    lengths: list[int] = []
    value = shift = 0
    for character in text:
        bits = ord(character) - 48
        if not 0 <= bits < 64 or shift > 30:
            raise OutlineError("has damaged run lengths")
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:
            continue
        if bits & 0x10:
            value -= 1 << shift
        lengths.append(value + lengths[-2] if len(lengths) > 2 else value)
        value = shift = 0
    if shift:
        raise OutlineError("has run lengths that are cut off")
    return lengths
