"""LoadImage, the resizing crops, and the pre-training pipeline."""

import cv2
import numpy as np
import pytest
import torch
from mmengine.dataset import Compose
from PIL import Image

from mimseg.datasets import (
    CenterResizedCrop,
    LoadImage,
    RandomResizedCrop,
    UnreadableImageError,
    resize_image,
)

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)


def _load(path, channels=3):
    return LoadImage(channels)({"img_path": str(path)})


@pytest.mark.parametrize("ending", ["png", "bmp", "tif", "tiff", "ppm", "webp"])
def test_lossless_formats_give_rgb(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    Image.fromarray(PIXELS).save(path, **({"lossless": True} if ending == "webp" else {}))
    results = _load(path)
    np.testing.assert_array_equal(results["img"], PIXELS)
    assert results["img_shape"] == results["ori_shape"] == (20, 30)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "LA", "CMYK"])
def test_other_modes_become_rgb_or_grey(tmp_path, mode):
    path = tmp_path / "a.tif"
    image = Image.fromarray(PIXELS).convert(mode)
    image.save(path)
    colour, grey = _load(path)["img"], _load(path, 1)["img"]
    assert colour.shape == (20, 30, 3) and grey.shape == (20, 30, 1)
    assert colour.dtype == grey.dtype == np.uint8
    np.testing.assert_array_equal(colour, np.asarray(image.convert("RGB")))


def test_exif_orientation_is_respected(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise for viewing
    Image.fromarray(PIXELS).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(_load(tmp_path / "a.png")["img"], np.rot90(PIXELS, -1))


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_16_bit_grey_keeps_its_scale(tmp_path, ending):
    values = RNG.integers(0, 65536, (9, 7), dtype=np.uint16)
    assert cv2.imwrite(str(tmp_path / f"a.{ending}"), values)
    image = _load(tmp_path / f"a.{ending}", 1)["img"]
    assert image.dtype == np.float32
    np.testing.assert_array_equal(image[..., 0], values)
    with pytest.raises(UnreadableImageError, match=rf"a\.{ending}.*channels=3"):
        _load(tmp_path / f"a.{ending}", 3)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [2, 4, 6, 16])
def test_multi_page_tiff_is_multi_channel(tmp_path, dtype, channels):
    values = (RNG.random((9, 7, channels)) * 250).astype(dtype)
    assert cv2.imwritemulti(
        str(tmp_path / "a.tiff"), [np.ascontiguousarray(page) for page in values.transpose(2, 0, 1)]
    )
    image = _load(tmp_path / "a.tiff", channels)["img"]
    assert image.dtype == (np.uint8 if dtype == np.uint8 else np.float32)
    np.testing.assert_array_equal(image, values)


def test_interleaved_tiff_has_rgb_order(tmp_path):
    values = RNG.integers(0, 65536, (9, 7, 4), dtype=np.uint16)
    assert cv2.imwrite(str(tmp_path / "a.tif"), values[..., [2, 1, 0, 3]])  # OpenCV writes BGRA
    np.testing.assert_array_equal(_load(tmp_path / "a.tif", 4)["img"], values)
    assert cv2.imwrite(str(tmp_path / "b.tif"), values[..., [2, 1, 0]])
    np.testing.assert_array_equal(_load(tmp_path / "b.tif", 3)["img"], values[..., :3])


@pytest.mark.parametrize("channels", [1, 3, 5, 16])
def test_npy_in_either_axis_order(tmp_path, channels):
    values = RNG.random((10, 12, channels)).astype(np.float64)
    np.save(tmp_path / "last.npy", values)
    np.save(tmp_path / "first.npy", values.transpose(2, 0, 1))
    for name in ("last", "first"):
        image = _load(tmp_path / f"{name}.npy", channels)["img"]
        assert image.dtype == np.float32 and image.flags.c_contiguous
        np.testing.assert_array_equal(image, values.astype(np.float32))


def test_npy_never_unpickles(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(UnreadableImageError, match=r"a\.npy"):
        _load(tmp_path / "a.npy")


def test_wrong_channel_count_names_the_file(tmp_path):
    np.save(tmp_path / "seven.npy", np.zeros((8, 9, 7)))
    with pytest.raises(UnreadableImageError, match=r"seven\.npy.*\(8, 9, 7\).*channels=4"):
        _load(tmp_path / "seven.npy", 4)
    Image.fromarray(PIXELS).save(tmp_path / "a.png")
    with pytest.raises(UnreadableImageError, match=r"a\.png.*channels=4"):
        _load(tmp_path / "a.png", 4)
    for channels in (0, 17, "3"):
        with pytest.raises(ValueError, match="1 to 16"):
            LoadImage(channels)


@pytest.mark.parametrize("ending", ["jpg", "png", "tif", "webp", "bmp", "npy"])
def test_damaged_files_raise(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    if ending == "npy":
        np.save(path, PIXELS)
    else:
        Image.fromarray(PIXELS).save(path)
    whole = path.read_bytes()
    for content in (whole[: len(whole) * 2 // 3], b"", b"not an image"):
        path.write_bytes(content)
        with pytest.raises(UnreadableImageError, match="cannot read image"):
            _load(path)
    with pytest.raises(UnreadableImageError, match="gone"):
        _load(tmp_path / f"gone.{ending}")


def test_truncated_16_bit_tiff_raises(tmp_path):
    path = tmp_path / "a.tif"
    values = RNG.integers(0, 65536, (64, 64), dtype=np.uint16)
    assert cv2.imwritemulti(str(path), [values] * 5)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UnreadableImageError):
        _load(path, 5)


def test_an_array_that_is_there_passes_through():
    results = LoadImage(1)({"img": np.zeros((8, 9), dtype=np.uint8)})
    assert results["img"].shape == (8, 9, 1) and results["img_shape"] == (8, 9)
    with pytest.raises(UnreadableImageError, match=r"digits/1.*channels=3"):
        LoadImage(3)({"img": np.zeros((8, 9), dtype=np.uint8), "img_path": "digits/1"})


def test_resize_equals_pil_for_rgb_and_grey():
    for size in [(8, 8), (13, 50)]:
        expected = np.asarray(Image.fromarray(PIXELS).resize(size[::-1], Image.Resampling.BICUBIC))
        np.testing.assert_array_equal(resize_image(PIXELS, size), expected)
        np.testing.assert_array_equal(resize_image(PIXELS[..., 1:2], size), expected[..., 1:2])


def test_resize_of_many_channels_is_per_channel_and_antialiased():
    many = RNG.integers(0, 256, (40, 40, 7), dtype=np.uint8)
    many[..., 3] = 0  # a 4th channel is not alpha
    small = resize_image(many, (10, 10))
    for channel in range(7):
        np.testing.assert_array_equal(small[..., channel : channel + 1], resize_image(many[..., [channel]], (10, 10)))
    as_float = resize_image(many.astype(np.float32), (10, 10))
    assert as_float.dtype == np.float32
    np.testing.assert_allclose(np.clip(as_float, 0, 255), small, atol=1.01)
    torch_small = torch.nn.functional.interpolate(
        torch.from_numpy(many).permute(2, 0, 1)[None].float(), (10, 10), mode="bicubic", antialias=True
    )
    np.testing.assert_allclose(as_float, torch_small[0].permute(1, 2, 0).numpy(), atol=2e-2)


def test_random_crop_is_drawn_like_torchvisions():
    """Same law: means and spreads of crop area, aspect and position agree over many draws."""
    transforms = pytest.importorskip("torchvision.transforms")
    ours = RandomResizedCrop(8)
    image = np.zeros((60, 90, 3), dtype=np.uint8)
    np.random.seed(0)
    torch.manual_seed(0)
    drawn = np.array([ours.rand_crop_params(image) for _ in range(4000)], dtype=float)
    tensor = torch.zeros(3, 60, 90)
    peer = transforms.RandomResizedCrop
    expected = np.array([peer.get_params(tensor, [0.2, 1.0], [3 / 4, 4 / 3]) for _ in range(4000)], dtype=float)
    for column in range(4):
        quantiles = [np.quantile(values[:, column], np.linspace(0.1, 0.9, 9)) for values in (drawn, expected)]
        np.testing.assert_allclose(*quantiles, atol=2.5)


def test_crops_refuse_unknown_settings():
    for transform in (RandomResizedCrop, CenterResizedCrop):
        with pytest.raises(ValueError, match="area"):
            transform(8, interpolation="area")
    with pytest.raises(ValueError, match="crop_fraction=0"):
        CenterResizedCrop(8, crop_fraction=0)


@pytest.mark.parametrize(("scale", "size"), [(8, (8, 8)), ((6, 12), (6, 12))])
def test_center_crop_is_central_and_undistorted(scale, size):
    rows, columns = np.mgrid[:48, :96].astype(np.float32)
    image = np.stack([rows, columns], axis=-1)
    out = CenterResizedCrop(scale, crop_fraction=0.5, interpolation="bilinear")({"img": image})["img"]
    assert out.shape == (*size, 2)
    np.testing.assert_allclose(out.mean(axis=(0, 1)), [23.5, 47.5], atol=0.5)
    steps = np.diff(out[..., 0], axis=0).mean(), np.diff(out[..., 1], axis=1).mean()
    assert steps[0] == pytest.approx(steps[1], rel=0.05)


@pytest.mark.parametrize("channels", [1, 3, 4, 9])
def test_pretraining_pipeline(tmp_path, channels):
    values = RNG.integers(0, 256, (40, 50, channels), dtype=np.uint8)
    np.save(tmp_path / "a.npy", values)
    pipeline = Compose(
        [
            {"type": "LoadImage", "channels": channels},
            {"type": "RandomResizedCrop", "scale": (16, 24)},
            {"type": "mmpretrain.RandomFlip", "prob": 0.5},
            {"type": "mmpretrain.PackInputs", "meta_keys": ("img_path",)},
        ]
    )
    for _ in range(6):
        packed = pipeline({"img_path": str(tmp_path / "a.npy"), "gt_label": 2})
        assert packed["inputs"].shape == (channels, 16, 24) and packed["inputs"].dtype == torch.uint8
    assert packed["data_samples"].img_path == str(tmp_path / "a.npy")
    assert packed["data_samples"].gt_label.tolist() == [2]


def test_equals_mmpretrains_pillow_crop_on_rgb():
    peer = Compose(
        [
            {
                "type": "mmpretrain.RandomResizedCrop",
                "scale": 16,
                "crop_ratio_range": (0.2, 1.0),
                "backend": "pillow",
                "interpolation": "bicubic",
            }
        ]
    )
    for seed in range(5):
        np.random.seed(seed)
        expected = peer({"img": PIXELS})["img"]
        np.random.seed(seed)
        np.testing.assert_array_equal(RandomResizedCrop(16)({"img": PIXELS})["img"], expected)
