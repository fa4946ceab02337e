"""Colours and textures: each texture fills a field of values in [0, 1] that mixes two colours."""

import colorsys
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]  # (H, W)


def _soft_step(wave: Field, sharpness: float) -> Field:
    """A wave in [-1, 1] to [0, 1], with edges that are steep but not aliased."""
    return np.clip(0.5 + sharpness * wave, 0, 1)


def plain(u: Field, v: Field, rng: np.random.Generator) -> Field:
    """A gentle gradient."""
    return np.clip(0.25 + 0.25 * (u + 1), 0, 1)


def stripes(u: Field, v: Field, rng: np.random.Generator) -> Field:
    """Straight stripes."""
    return _soft_step(np.sin(rng.uniform(6, 13) * u + rng.uniform(0, 6)), 2.0)


def checks(u: Field, v: Field, rng: np.random.Generator) -> Field:
    """A checkerboard."""
    frequency = rng.uniform(4.5, 8)
    return _soft_step(np.sin(frequency * u + rng.uniform(0, 6)) * np.sin(frequency * v + rng.uniform(0, 6)), 5.0)


def dots(u: Field, v: Field, rng: np.random.Generator) -> Field:
    """Round dots on a grid."""
    frequency = rng.uniform(2.8, 4.5)
    distance = np.hypot(np.sin(frequency * u + rng.uniform(0, 6)), np.sin(frequency * v + rng.uniform(0, 6)))
    return _soft_step(0.6 - distance, 4.0)


def waves(u: Field, v: Field, rng: np.random.Generator) -> Field:
    """Wavy stripes."""
    bend = rng.uniform(0.5, 1.3) * np.sin(rng.uniform(3, 6) * v)
    return _soft_step(np.sin(rng.uniform(6, 11) * u + bend + rng.uniform(0, 6)), 1.6)


def circles(u: Field, v: Field, rng: np.random.Generator) -> Field:
    """Concentric rings around a point off the middle."""
    distance = np.hypot(u - rng.uniform(-0.4, 0.4), v - rng.uniform(-0.4, 0.4))
    return _soft_step(np.sin(rng.uniform(8, 15) * distance + rng.uniform(0, 6)), 1.8)


def clouds(u: Field, v: Field, rng: np.random.Generator) -> Field:
    """Smooth noise in three octaves."""
    height, width = u.shape
    total = np.zeros((height, width), dtype=np.float32)
    for cells, weight in ((3, 1.0), (6, 0.5), (12, 0.25)):
        coarse = rng.random((cells + 1, cells + 1), dtype=np.float32)
        total += weight * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip((total / 1.75 - 0.5) * 1.8 + 0.5, 0, 1)


def grain(u: Field, v: Field, rng: np.random.Generator) -> Field:
    """Speckles of about a pixel."""
    noise = rng.random(u.shape, dtype=np.float32)
    return np.clip((cv2.GaussianBlur(noise, (3, 3), 0) - 0.5) * 2.2 + 0.5, 0, 1)


def horizon(u: Field, v: Field, rng: np.random.Generator) -> Field:
    """Two halves, each fading away from a wavy border."""
    border = rng.uniform(-0.3, 0.4) + 0.08 * np.sin(rng.uniform(2, 5) * u + rng.uniform(0, 6))
    sky: Field = np.clip(0.45 + 0.35 * (v - border), 0, 0.5)
    return sky + 0.5 * _soft_step(v - border, 25)


Texture = Callable[[Field, Field, np.random.Generator], Field]
OBJECT_TEXTURES: tuple[Texture, ...] = (plain, stripes, checks, dots, waves, circles, clouds, grain)
BACKGROUND_TEXTURES: tuple[Texture, ...] = (plain, stripes, checks, dots, waves, clouds, grain, horizon)


def _rgb(hue: float, saturation: float, value: float) -> NDArray[np.float32]:
    return 255 * np.array(colorsys.hsv_to_rgb(hue % 1, saturation, value), dtype=np.float32)


def object_colours(rng: np.random.Generator, hue: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Two colours ``(3,)`` (0 to 255) of one object, vivid and clearly apart, the first of the given hue (0 to 1)."""
    first = _rgb(hue, rng.uniform(0.55, 0.9), rng.uniform(0.75, 1.0))
    if rng.random() < 0.4:  # a light tint or a dark shade of the same hue
        return first, _rgb(hue, 0.2, 0.98) if rng.random() < 0.6 else _rgb(hue + 0.04, 0.8, 0.3)
    return first, _rgb(hue + rng.uniform(0.12, 0.5), rng.uniform(0.4, 0.85), rng.uniform(0.45, 1.0))


def background_colours(rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Two muted, neighbouring colours ``(3,)`` (0 to 255)."""
    hue, saturation, value = rng.random(), rng.uniform(0.1, 0.5), rng.uniform(0.3, 0.85)
    shift = rng.uniform(0.12, 0.3) * (1 if value < 0.6 else -1)
    return _rgb(hue, saturation, value), _rgb(hue + rng.uniform(-0.1, 0.1), saturation * 0.8, value + shift)


def mix(field: Field, first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Float32 ``(H, W, 3)``: ``first`` where the field is 0, ``second`` where it is 1."""
    mixed: NDArray[np.float32] = first + field[..., None] * (second - first)
    return mixed
