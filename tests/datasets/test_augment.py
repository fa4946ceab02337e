import random

import numpy as np
import pytest
import torch
from PIL import Image
from timm.data import create_transform
from timm.data.auto_augment import RandAugment as TimmRandAugment

from mimseg.datasets import ColorJitter, RandAugment
from mimseg.datasets.augment import posterize


def picture(height=40, width=32):
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows * 5, columns * 7, (rows + columns) * 3], axis=2).astype(np.uint8)


def augmented(transform, image, seed=0):
    random.seed(seed)
    np.random.seed(seed)
    return transform({"img": image.copy()})["img"]


def test_it_is_what_timm_builds_for_the_recipes():
    """The augmentation inside timm's own training transform, with the same draws."""
    mean = (123.675, 116.28, 103.53)
    whole = create_transform(
        32,
        is_training=True,
        auto_augment="rand-m9-mstd0.5-inc1",
        interpolation="bicubic",
        mean=tuple(value / 255 for value in mean),
    )
    theirs = next(part for part in whole.transforms if isinstance(part, TimmRandAugment))
    ours = RandAugment("rand-m9-mstd0.5-inc1", mean)
    for seed in range(12):
        random.seed(seed)
        np.random.seed(seed)
        expected = np.asarray(theirs(Image.fromarray(picture(32, 32))))
        assert np.array_equal(augmented(ours, picture(32, 32), seed), expected)


def test_size_and_type_stay_and_something_changes():
    transform = RandAugment()
    images = [augmented(transform, picture(), seed) for seed in range(10)]
    assert {image.shape for image in images} == {(40, 32, 3)}
    assert {image.dtype for image in images} == {np.dtype(np.uint8)}
    assert sum(not np.array_equal(image, picture()) for image in images) >= 5


def test_wrong_policy_and_wrong_images_are_refused():
    with pytest.raises(ValueError, match="policy='random-9'"):
        RandAugment("random-9")
    with pytest.raises(TypeError, match=r"8-bit RGB images, got float32 of shape \(8, 8, 3\)"):
        RandAugment().transform({"img": np.zeros((8, 8, 3), np.float32)})
    with pytest.raises(TypeError, match=r"got uint8 of shape \(8, 8, 1\)"):
        RandAugment().transform({"img": np.zeros((8, 8, 1), np.uint8)})


def test_the_strongest_posterize_is_black_and_no_error():
    """Magnitude 10 leaves 0 of 8 bits, which PIL alone would refuse."""
    image = Image.fromarray(picture())
    assert np.array_equal(np.asarray(posterize(image, 3)), picture() & 0b11100000)
    assert not np.asarray(posterize(image, 0)).any()
    strongest = RandAugment("rand-m10-inc1-n4")
    for seed in range(40):
        assert augmented(strongest, picture(), seed).shape == (40, 32, 3)


def test_jitter_of_colours_by_hand():
    """At one factor each: brightness 1.5; contrast 0, the rounded mean of the grey image; saturation 0, that image."""
    image = picture(12, 10)
    grey = image @ np.array([0.299, 0.587, 0.114])
    brighter = ColorJitter(brightness=(1.5, 1.5)).transform({"img": image.copy()})["img"]
    assert np.array_equal(brighter, np.minimum(1.5 * image, 255).astype(np.uint8))
    flat = ColorJitter(contrast=(0.0, 0.0)).transform({"img": image.copy()})["img"]
    assert flat.dtype == np.uint8 and np.abs(flat - grey.mean()).max() <= 1
    pale = ColorJitter(saturation=(0.0, 0.0)).transform({"img": image.copy()})["img"]
    assert np.abs(pale - grey[..., None]).max() <= 1


def test_jitter_draws_from_a_range_around_one_by_torchs_generator():
    image, jitter = np.full((1, 1, 3), 100, np.uint8), ColorJitter(brightness=0.4)
    factors = []
    for seed in range(200):
        torch.manual_seed(seed)
        factors.append(jitter.transform({"img": image.copy()})["img"].mean() / 100)
    assert 0.59 <= min(factors) < 0.65 and 1.35 < max(factors) <= 1.4
    with pytest.raises(ValueError, match="non negative"):
        ColorJitter(contrast=-0.1)
    with pytest.raises(TypeError, match="ColorJitter takes 8-bit RGB images"):
        jitter.transform({"img": np.zeros((8, 8, 1), np.uint8)})
