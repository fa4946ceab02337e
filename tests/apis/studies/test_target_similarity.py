"""Targets at low resolution beside those at the reference resolution."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from mimseg.apis.studies.target_similarity import TARGETS, target_similarity
from mimseg.datasets import UnreadableImageError
from mimseg.ops.hog import hog


def write(path, height=120, width=150, seed=0):
    """Waves of several lengths, the short ones weak: small sizes lose these."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    lengths = np.array([60, 40, 25, 12, 6, 3])
    angles = rng.uniform(0, np.pi, 6)
    phases = [2 * np.pi * (x * np.cos(a) + y * np.sin(a)) / length for a, length in zip(angles, lengths, strict=True)]
    waves = sum(length * np.sin(phase) for length, phase in zip(lengths, phases, strict=True))
    image = 128 + 0.7 * waves[..., None] * np.array([1.0, 0.7, -0.5])
    Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(path)
    return path


def test_smaller_sizes_keep_less_and_the_reference_itself_all(tmp_path):
    paths = [write(tmp_path / f"{seed}.png", seed=seed) for seed in range(2)]
    found = target_similarity(paths, sizes=(32, 48, 64, 88), reference=88)
    assert tuple(found.curves) == TARGETS and found.images == 2 and found.enlarged == 0
    for curve in found.curves.values():
        assert list(curve) == [32, 48, 64, 88]
        assert curve[32].psnr < curve[48].psnr < curve[64].psnr and curve[32].ssim < curve[64].ssim < 1
        assert curve[88].psnr is None and curve[88].ssim == 1 and curve[88].identical == 2


def test_pixels_and_maps_are_compared_at_the_reference_size(tmp_path):
    path = write(tmp_path / "a.png", 100, 140)
    found = target_similarity([path], sizes=[40], reference=80)
    square = Image.open(path).crop((20, 0, 120, 100))
    large, small = (square.resize((side, side), Image.Resampling.BICUBIC) for side in (80, 40))
    pixels = np.asarray(large, float), np.asarray(small.resize((80, 80), Image.Resampling.BICUBIC), float)

    def map_of(image):
        return hog(torch.from_numpy(np.array(image)).permute(2, 0, 1)[None], 8, 9)

    maps = map_of(large), F.interpolate(map_of(small), size=(10, 10), mode="bilinear")
    for name, (a, b), peak in (("pixels", pixels, 255), ("HOG", [each.numpy() for each in maps], 1)):
        expected = 10 * math.log10(peak**2 / np.mean((a - b) ** 2))
        assert found.curves[name][40].psnr == pytest.approx(expected, rel=1e-4)


def test_small_images_are_counted(tmp_path):
    paths = [write(tmp_path / "a.png", 64, 80), write(tmp_path / "b.png", 63, 80)]
    assert target_similarity(paths, sizes=[32], reference=64).enlarged == 1


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        (dict(sizes=[100]), "size 100 is no multiple of 8, .* use e.g. 96"),
        (dict(sizes=[0]), "size 0 is no multiple of 8"),
        (dict(sizes=[]), "no size to compare"),
        (dict(sizes=[64], reference=230), "size 230 is no multiple of 8, .* use e.g. 224"),
        (dict(sizes=[32], reference=48), "reference size 48 is too small for SSIM over HOG cells; use 56 or more"),
    ],
)
def test_sizes_that_do_not_do_are_refused(tmp_path, settings, complaint):
    with pytest.raises(ValueError, match=complaint):
        target_similarity([tmp_path / "never-read.png"], **settings)


def test_images_that_cannot_be_compared_are_named(tmp_path):
    with pytest.raises(ValueError, match="at least one path"):
        target_similarity([])
    np.save(tmp_path / "deep.npy", np.zeros((64, 64, 3), np.float32))
    (tmp_path / "text.png").write_text("no image")
    for name, complaint in (("deep.npy", "more than 8 bits"), ("text.png", "cannot read image")):
        with pytest.raises(UnreadableImageError, match=rf"{name}.*") as error:
            target_similarity([tmp_path / name])
        assert complaint in str(error.value)
