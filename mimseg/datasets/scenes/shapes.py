"""Outlines of the object classes, as polygons in the unit disc."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Outline = list[NDArray[Any]]  # closed polygons (n, 2) of (x, y), y downwards, filled by the even-odd rule


def _arc(radius: float, start: float, stop: float, centre: tuple[float, float] = (0.0, 0.0)) -> NDArray[Any]:
    angles = np.linspace(start, stop, 48)
    return np.stack([centre[0] + radius * np.cos(angles), centre[1] + radius * np.sin(angles)], axis=1)


def _regular(corners: int) -> NDArray[Any]:
    angles = -np.pi / 2 + 2 * np.pi * np.arange(corners) / corners
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _disc() -> Outline:
    return [_arc(0.95, 0, 2 * np.pi)]


def _square() -> Outline:
    return [np.array([(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)])]


def _triangle() -> Outline:
    return [_regular(3) * 1.05 + np.array([0.0, 0.15])]


def _star() -> Outline:
    points = _regular(10) * 1.05
    points[1::2] *= 0.42
    return [points]


def _ring() -> Outline:
    return [_arc(0.98, 0, 2 * np.pi), _arc(0.5, 0, 2 * np.pi)]


def _cross() -> Outline:
    a, b = 0.98, 0.34
    x = (-b, b, b, a, a, b, b, -b, -b, -a, -a, -b)
    y = (-a, -a, -b, -b, b, b, a, a, b, b, -b, -b)
    return [np.stack([x, y], axis=1)]


def _heart() -> Outline:
    t = np.linspace(0, 2 * np.pi, 72)
    x = 16 * np.sin(t) ** 3
    y = -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t))
    return [np.stack([x, y - 2.5], axis=1) / 16.5]


def _crescent() -> Outline:
    """A disc less a disc to its right; the two circles meet at angle ``tip`` on the first."""
    shift, radius = 0.52, 0.78
    x = (1 + shift**2 - radius**2) / (2 * shift)
    tip = np.arccos(x)
    inner_tip = np.arctan2(np.sin(tip), x - shift)
    outer = _arc(1.0, tip, 2 * np.pi - tip)
    inner = _arc(radius, 2 * np.pi - inner_tip, inner_tip, centre=(shift, 0.0))
    return [np.concatenate([outer, inner]) + np.array([0.15, 0.0])]


def _hexagon() -> Outline:
    return [_regular(6) * 0.98]


def _arrow() -> Outline:
    corners = [
        (0, -1.05),
        (0.78, -0.12),
        (0.3, -0.12),
        (0.3, 0.98),
        (-0.3, 0.98),
        (-0.3, -0.12),
        (-0.78, -0.12),
    ]
    return [np.array(corners)]


_OUTLINES: dict[str, Callable[[], Outline]] = {
    "arrow": _arrow,
    "crescent": _crescent,
    "cross": _cross,
    "disc": _disc,
    "heart": _heart,
    "hexagon": _hexagon,
    "ring": _ring,
    "square": _square,
    "star": _star,
    "triangle": _triangle,
}

# Sorted, so that a label is the same number here and in an ImageFolder.
CLASSES: tuple[str, ...] = tuple(_OUTLINES)


def outline(label: int) -> Outline:
    """Polygons of class ``CLASSES[label]``, about 1 in radius around (0, 0)."""
    return _OUTLINES[CLASSES[label]]()
