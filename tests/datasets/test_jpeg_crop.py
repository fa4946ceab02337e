"""LoadResizedCrop beside LoadImage and RandomResizedCrop."""

import cv2
import numpy as np
import pytest
import torch
from mmengine.dataset import Compose
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from mimseg.datasets import LoadImage, LoadResizedCrop, RandomResizedCrop, UnreadableImageError

ORIENTATION = 0x0112


def photo(height=480, width=640, seed=0) -> np.ndarray:
    """Smooth shades, sharp edges at all angles, and sensor noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / max(height, width)
    image = np.stack([120 + 70 * np.sin(a * x + b * y + c) for a, b, c in rng.uniform(1, 12, (3, 3))], axis=-1)
    for _ in range(12):
        angle, offset = rng.uniform(0, 2 * np.pi), rng.uniform(-0.5, 0.8)
        image[np.cos(angle) * x + np.sin(angle) * y > offset] += rng.uniform(-30, 30, 3)
    return (image + rng.normal(0, 3, image.shape)).clip(0, 255).astype(np.uint8)


def ramp(height, width) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 250 / width, y * 250 / height, np.full_like(x, 128)], axis=-1).astype(np.uint8)


def save(pixels, path, orientation=None, **options):
    exif = Image.Exif()
    if orientation is not None:
        exif[ORIENTATION] = orientation
    Image.fromarray(pixels).save(path, quality=options.pop("quality", 90), exif=exif, **options)
    return path


def both(path_or_image, seed=0, scale=64, channels=3, margin=1.25, **options):
    """Results of the two transforms and of the one, from the same random numbers, which they must use up alike."""
    results, states = [], []
    for transforms in (
        [LoadImage(channels), RandomResizedCrop(scale, **options)],
        [LoadResizedCrop(scale, channels=channels, margin=margin, **options)],
    ):
        np.random.seed(seed)
        sample = {"img": path_or_image} if isinstance(path_or_image, np.ndarray) else {"img_path": str(path_or_image)}
        results.append(Compose(transforms)(sample))
        states.append(np.random.random())
    assert states[0] == states[1]
    plain, one = results
    assert plain.keys() == one.keys()
    assert one["img"].shape == plain["img"].shape and one["img"].dtype == plain["img"].dtype
    assert one["img_shape"] == plain["img_shape"] and one["ori_shape"] == plain["ori_shape"]
    return plain["img"], one["img"]


@pytest.fixture
def decoded(monkeypatch):
    """Sizes of the pictures that were decoded small."""
    sizes, draft = [], JpegImageFile.draft

    def spy(self, mode, size):
        done = draft(self, mode, size)
        sizes.append(self.size)
        return done

    monkeypatch.setattr(JpegImageFile, "draft", spy)
    return sizes


@pytest.mark.parametrize("orientation", [None, 1, 2, 3, 4, 5, 6, 7, 8, 9])
def test_crops_of_small_pictures_equal_the_two_transforms(tmp_path, decoded, orientation):
    path = save(photo(61, 90), tmp_path / "a.jpg", orientation)
    for seed in range(4):
        plain, one = both(path, seed, scale=(32, 40))
        np.testing.assert_array_equal(one, plain)
    assert not decoded


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("scale", "reductions"), [(160, {2}), (64, {2, 4}), (32, {4, 8})])
def test_reduced_crops_are_close_to_full_ones(tmp_path, decoded, channels, scale, reductions):
    path = save(photo(), tmp_path / "a.jpeg", quality=90)
    differences = []
    for seed in range(12):
        before = len(decoded)
        plain, one = both(path, seed, scale, channels)
        if len(decoded) > before:
            differences.append(np.abs(one.astype(int) - plain))
    assert {round(640 / width) for width, _ in decoded} == reductions
    assert np.mean(differences) < 1.2
    assert np.quantile(differences, 0.999) <= 16


def test_a_larger_margin_is_closer_and_reduces_less(tmp_path, decoded):
    path = save(photo(), tmp_path / "a.jpg", quality=90)
    errors, counts = [], []
    for margin in (1.0, 2.0, np.inf):
        decoded.clear()
        pairs = [both(path, seed, 48, margin=margin) for seed in range(8)]
        errors.append(np.mean([np.abs(plain.astype(int) - one).mean() for plain, one in pairs]))
        counts.append(sum(640 / width for width, _ in decoded))
    assert errors[0] > 1.5 * errors[1] > 0 and errors[2] == 0
    assert counts[0] > counts[1] > counts[2] == 0


@pytest.mark.parametrize("orientation", [None, 2, 3, 4, 5, 6, 7, 8])
def test_reduced_crops_lie_where_full_ones_do(tmp_path, decoded, orientation):
    # sides that 8 does not divide: the last pixel of the reduced picture is a broken one
    path = save(ramp(313, 425), tmp_path / "a.jpg", orientation, quality=98, subsampling=0)
    for seed in range(6):
        plain, one = both(path, seed, 24, margin=1.0)
        shift = (one.astype(float) - plain)[2:-2, 2:-2]
        assert np.abs(shift).max() <= 2 and np.abs(shift.mean(axis=(0, 1))).max() < 0.5  # 7 pixels aside would be 4
    assert {round(425 / width) for width, _ in decoded} == {8}


def write(kind, folder):
    pixels = photo(300, 400)
    image = Image.fromarray(pixels)
    if kind == "progressive":
        return save(pixels, folder / "a.jpg", progressive=True)
    if kind in ("L", "CMYK"):
        image.convert(kind).save(folder / "a.jpg")
        return folder / "a.jpg"
    if kind == "misnamed":  # ImageNet has a PNG file that is called JPEG
        image.save(folder / "a.JPEG", format="PNG")
        return folder / "a.JPEG"
    image.save(folder / f"a.{kind}")
    return folder / f"a.{kind}"


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", ["png", "webp", "tif", "progressive", "L", "CMYK", "misnamed"])
def test_all_else_equals_the_two_transforms(tmp_path, decoded, kind, channels):
    plain, one = both(write(kind, tmp_path), 1, 32, channels)
    np.testing.assert_array_equal(one, plain)
    assert not decoded


def test_arrays_and_16_bit_files_equal_the_two_transforms(tmp_path):
    values = np.random.default_rng(0).random((50, 60, 5))
    np.save(tmp_path / "a.npy", values)
    assert cv2.imwrite(str(tmp_path / "a.png"), (values[..., 0] * 65535).astype(np.uint16))
    for source, channels in ((tmp_path / "a.npy", 5), (tmp_path / "a.png", 1), (photo(100, 120), 3)):
        plain, one = both(source, 2, 16, channels)
        np.testing.assert_array_equal(one, plain)


def test_nearest_is_never_reduced(tmp_path, decoded):
    plain, one = both(save(photo(), tmp_path / "a.jpg"), interpolation="nearest")
    np.testing.assert_array_equal(one, plain)
    assert not decoded


def test_pictures_of_phones_are_reduced_too(tmp_path, decoded):
    image = Image.fromarray(photo())
    image.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[image], quality=90)
    plain, one = both(tmp_path / "a.jpg", scale=32)
    assert len(decoded) == 1 and 0 < np.abs(plain.astype(int) - one).mean() < 1.2


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.99])
def test_a_truncated_file_is_refused(tmp_path, share):
    content = save(photo(), tmp_path / "a.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(content[: int(len(content) * share)])
    for transform in (LoadImage(), LoadResizedCrop(48)):
        with pytest.raises(UnreadableImageError, match=r"^cannot read image '.*a\.jpg': [^\n]+$"):
            transform({"img_path": str(tmp_path / "a.jpg")})


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UnreadableImageError, match=r"no\.jpg"):
        LoadResizedCrop(48)({"img_path": str(tmp_path / "no.jpg")})


def test_the_scale_can_be_changed(tmp_path, decoded):
    path = save(photo(), tmp_path / "a.jpg")
    transform = LoadResizedCrop(32, crop_ratio_range=(1.0, 1.0), aspect_ratio_range=(4 / 3, 4 / 3))
    sizes = []
    for side in (32, 64, 128, 300):
        transform.scale = (side, side)
        sizes.append(transform({"img_path": str(path)})["img"].shape)
    assert sizes == [(side, side, 3) for side in (32, 64, 128, 300)]
    assert decoded == [(80, 60), (160, 120), (320, 240)]  # 480 / 32 = 15, 7.5, 3.75 and 1.6 times 1.25 or more


def test_a_crop_becomes_a_tensor_without_a_copy(tmp_path):
    image = LoadResizedCrop(48)({"img_path": str(save(photo(), tmp_path / "a.jpg"))})["img"]
    torch.from_numpy(image).add_(1)  # a read-only array would warn here


@pytest.mark.parametrize("margin", [0.9, 0, -1, float("nan")])
def test_margins_below_one_are_refused(margin):
    with pytest.raises(ValueError, match="margin=.*give 1 or more"):
        LoadResizedCrop(32, margin=margin)


def test_arguments_of_both_transforms_are_checked():
    with pytest.raises(ValueError, match="interpolation"):
        LoadResizedCrop(32, interpolation="cubic")
    with pytest.raises(ValueError, match="channels"):
        LoadResizedCrop(32, channels=17)
    shown = repr(LoadResizedCrop(32, channels=1, margin=2.0))
    assert shown.startswith("LoadResizedCrop(scale=(32, 32)") and shown.endswith("channels=1, margin=2.0)")
