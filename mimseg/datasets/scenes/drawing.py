"""Drawing a scene: textured objects that overlap on a textured background."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from . import textures
from .shapes import CLASSES, outline

MIN_SIDE = 16
MIN_VISIBLE = 0.45  # share of an object that later objects must leave visible
MAX_TRIES = 12
TYPICAL = 0.8  # share of objects that wear the texture, and of those that have the hue, typical of their class
HUE_SPREAD = 0.04
SUBPIXEL_BITS = 6


@dataclass(frozen=True)
class Scene:
    """A picture and what is in it.

    Attributes:
        image: ``(H, W, 3)`` uint8 RGB.
        masks: ``(N, H, W)`` bool, the visible pixels of each of N >= 1 objects; they do not overlap.
        labels: ``(N,)`` int64, index into ``CLASSES``.
    """

    image: NDArray[Any]
    masks: NDArray[Any]
    labels: NDArray[Any]

    @property
    def main_label(self) -> int:
        """Label of the object with the largest visible area."""
        return int(self.labels[self.masks.sum(axis=(1, 2)).argmax()])


@dataclass(frozen=True)
class _Pose:
    """Where an object is: centre and half axes in pixels, angle in radians."""

    x: float
    y: float
    half_width: float
    half_height: float
    angle: float

    def to_object(self, shape: tuple[int, int]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Object coordinates (about -1 to 1 inside) of every pixel, two ``(H, W)`` float32."""
        rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
        cos, sin = np.float32(np.cos(self.angle)), np.float32(np.sin(self.angle))
        dx, dy = columns - np.float32(self.x), rows - np.float32(self.y)
        return (cos * dx + sin * dy) / np.float32(self.half_width), (cos * dy - sin * dx) / np.float32(self.half_height)

    def to_image(self, points: NDArray[Any]) -> NDArray[Any]:
        """Object coordinates ``(n, 2)`` to pixels ``(n, 2)``."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        scaled = points * (self.half_width, self.half_height)
        points = scaled @ np.array([[cos, sin], [-sin, cos]]) + (self.x, self.y)
        return points


def _draw_pose(rng: np.random.Generator, shape: tuple[int, int], large: bool) -> _Pose:
    height, width = shape
    radius = min(height, width) * (rng.uniform(0.24, 0.36) if large else rng.uniform(0.11, 0.19))
    aspect = np.sqrt(rng.uniform(0.8, 1.25))
    margin = 0.75 * radius
    return _Pose(
        x=rng.uniform(margin, width - margin),
        y=rng.uniform(margin, height - margin),
        half_width=radius * aspect,
        half_height=radius / aspect,
        angle=rng.uniform(-0.6, 0.6),
    )


def _coverage(label: int, pose: _Pose, shape: tuple[int, int]) -> NDArray[Any]:
    """Share of each pixel that the object covers, float32 ``(H, W)`` in [0, 1]."""
    polygons = [np.rint(pose.to_image(points) * (1 << SUBPIXEL_BITS)).astype(np.int32) for points in outline(label)]
    canvas = np.zeros(shape, dtype=np.uint8)
    cv2.fillPoly(canvas, polygons, 255, lineType=cv2.LINE_AA, shift=SUBPIXEL_BITS)
    return canvas.astype(np.float32) / 255


def _draw_background(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[Any]:
    height, width = shape
    extent = max(height, width) / 2
    angle = rng.uniform(-0.3, 0.3)
    texture = textures.BACKGROUND_TEXTURES[rng.integers(len(textures.BACKGROUND_TEXTURES))]
    u, v = _Pose(width / 2, height / 2, extent, extent, angle).to_object(shape)
    image = textures.mix(texture(u, v, rng), *textures.background_colours(rng))
    light = 1 + np.float32(rng.uniform(-0.15, 0.15)) * u + np.float32(rng.uniform(-0.15, 0.15)) * v
    return image * light[..., None]


def _draw_texture(rng: np.random.Generator, label: int) -> textures.Texture:
    """Mostly the class's typical texture, which it may share with another class, else any."""
    known = textures.OBJECT_TEXTURES
    return known[label % len(known) if rng.random() < TYPICAL else rng.integers(len(known))]


def _draw_hue(rng: np.random.Generator, label: int) -> float:
    """Mostly near the class's typical hue, else any."""
    typical = label / len(CLASSES) + HUE_SPREAD * rng.standard_normal()
    return float(typical if rng.random() < TYPICAL else rng.random())


def _paint(
    image: NDArray[Any], coverage: NDArray[Any], pose: _Pose, label: int, rng: np.random.Generator
) -> NDArray[Any]:
    """Lay a textured object with a rim and a soft shadow over a float image ``(H, W, 3)``."""
    blur = max(0.6, 0.12 * pose.half_width)
    offset = np.array([[1, 0, 0.5 * blur], [0, 1, blur]], dtype=np.float32)
    shadow = cv2.GaussianBlur(cv2.warpAffine(coverage, offset, coverage.shape[::-1]), (0, 0), blur)
    image = image * (1 - 0.45 * shadow[..., None])
    u, v = pose.to_object((coverage.shape[0], coverage.shape[1]))
    texture, hue = _draw_texture(rng, label), _draw_hue(rng, label)
    colour = textures.mix(texture(u, v, rng), *textures.object_colours(rng, hue))
    rim = cv2.GaussianBlur(coverage, (0, 0), max(0.6, 0.07 * pose.half_width))
    shade = (1.08 - 0.14 * (v - u)) * (0.55 + 0.45 * np.clip(2 * rim - 0.9, 0, 1))
    painted: NDArray[Any] = image + coverage[..., None] * (np.clip(colour * shade[..., None], 0, 255) - image)
    return painted


def _fits(masks: list[NDArray[Any]], areas: list[int], new: NDArray[Any]) -> bool:
    """Whether all objects so far stay visible enough behind a new one, which shows itself."""
    if new.sum() < 8:
        return False
    return all((mask & ~new).sum() >= MIN_VISIBLE * area for mask, area in zip(masks, areas, strict=True))


def make_scene(index: int, size: tuple[int, int] = (64, 64), seed: int = 0, max_objects: int = 4) -> Scene:
    """Draw scene number ``index``: the same for the same arguments, however many are made.

    Shape defines the class; most objects also have a texture and a hue that are typical of it, as things in photographs
    do. The second colour, pose, background and company are drawn at random.

    Args:
        index: Which scene, 0 or more.
        size: ``(H, W)`` in pixels, each at least 16.
        seed: Which set of scenes, 0 or more.
        max_objects: One large object and up to ``max_objects - 1`` smaller ones are drawn, in random order of
            depth; each is at least 45 % visible.

    Raises:
        ValueError: A size below 16 pixels, ``max_objects`` below 1, or a negative index or seed.
    """
    shape = (int(size[0]), int(size[1]))
    if min(shape) < MIN_SIDE:
        raise ValueError(f"scene size {shape}: height and width must be at least {MIN_SIDE} pixels")
    if max_objects < 1 or index < 0 or seed < 0:
        raise ValueError(f"make_scene(index={index}, seed={seed}, max_objects={max_objects}): give 0, 0, 1 or more")
    rng = np.random.default_rng([seed, index])
    image = _draw_background(rng, shape)
    count = int(rng.integers(1, max_objects + 1))
    large = int(rng.integers(count))
    masks: list[NDArray[Any]] = []
    areas: list[int] = []
    labels: list[int] = []
    for position in range(count):
        label = int(rng.integers(len(CLASSES)))
        for _ in range(MAX_TRIES):
            pose = _draw_pose(rng, shape, large=position == large)
            coverage = _coverage(label, pose, shape)
            new = coverage >= 0.5
            if _fits(masks, areas, new):
                image = _paint(image, coverage, pose, label, rng)
                masks = [mask & ~new for mask in masks] + [new]
                areas.append(int(new.sum()))
                labels.append(label)
                break
    image += 3 * rng.standard_normal(image.shape, dtype=np.float32)  # sensor noise
    return Scene(np.clip(np.rint(image), 0, 255).astype(np.uint8), np.stack(masks), np.array(labels, dtype=np.int64))
