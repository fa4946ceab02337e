"""TIFF files as programs for geodata and microscopes write them: values unchanged, or one error."""

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from mimseg.datasets import UnreadableImageError, read_image

BANDS = np.arange(7, dtype=np.uint8) * 30 + 5


def _write(path, bands, dtype="u2", planar="contig", **options):
    values = np.zeros((8, 9, bands), dtype) + BANDS[:bands].astype(dtype)
    values[2, 3] += 1
    stored = values if planar == "contig" else values.transpose(2, 0, 1)
    tifffile.imwrite(path, stored, **{"photometric": "minisblack", "planarconfig": planar, **options})
    return values


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4", ">i2"])
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("bands", [2, 3, 4, 6])
def test_bands_of_one_page_are_channels(tmp_path, dtype, planar, bands):
    values = _write(tmp_path / "a.tif", bands, dtype, planar)
    image = read_image(tmp_path / "a.tif", bands)
    assert image.dtype == (np.uint8 if dtype == "u1" else np.float32)
    np.testing.assert_array_equal(image, values)


@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_bands_are_never_mixed_into_grey(tmp_path, dtype):
    for bands in (2, 3):
        _write(tmp_path / "a.tif", bands, dtype)
        with pytest.raises(UnreadableImageError, match=rf"shape is \(8, 9, {bands}\), but channels=1"):
            read_image(tmp_path / "a.tif", 1)


@pytest.mark.parametrize("extra", ["unassalpha", "assocalpha", "unspecified"])
@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_a_fourth_band_leaves_the_others_as_they_are(tmp_path, extra, dtype):
    pixel = np.array([200, 100, 50, 30], dtype)
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((4, 5, 4), dtype) + pixel, photometric="rgb", extrasamples=[extra])
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif", 4)[0, 0], pixel)


def test_compressed_bands_are_unchanged_too_or_refused(tmp_path):
    pixel = np.array([200, 100, 50, 30], np.uint8)
    Image.fromarray(np.zeros((4, 5, 4), np.uint8) + pixel, "RGBA").save(tmp_path / "a.tif", compression="tiff_lzw")
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif", 4)[0, 0], pixel)
    values = _write(tmp_path / "b.tif", 6, compression="deflate", predictor=True, tile=(16, 16))
    np.testing.assert_array_equal(read_image(tmp_path / "b.tif", 6), values)


@pytest.mark.parametrize("name", ["a.png", "a.ppm", "a.tif"])
def test_16_bit_colours_have_one_scale_in_every_format(tmp_path, name):
    values = np.random.default_rng(0).integers(0, 65536, (4, 5, 3), dtype=np.uint16)
    assert cv2.imwrite(str(tmp_path / name), values[..., ::-1])
    image = read_image(tmp_path / name)
    assert image.dtype == np.float32
    np.testing.assert_array_equal(image, values)
    with pytest.raises(UnreadableImageError, match="channels=1"):
        read_image(tmp_path / name, 1)


def test_alpha_of_16_bits_is_left_out_of_rgb(tmp_path):
    values = np.random.default_rng(0).integers(0, 65536, (4, 5, 4), dtype=np.uint16)
    assert cv2.imwrite(str(tmp_path / "a.png"), values[..., [2, 1, 0, 3]])
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb", extrasamples=["unassalpha"])
    for name in ("a.png", "a.tif"):
        np.testing.assert_array_equal(read_image(tmp_path / name), values[..., :3])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_16_bits_are_turned_like_8(tmp_path, orientation):
    values = np.arange(20, dtype=np.uint16).reshape(4, 5)
    tifffile.imwrite(tmp_path / "a.tif", values, extratags=[(274, "H", 1, orientation, True)])
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(values.astype(np.uint8)).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif", 1), read_image(tmp_path / "a.png", 1))


@pytest.mark.parametrize("link", ["into the pixels", "back", "beyond the end"])
def test_a_damaged_link_to_a_next_page_leaves_the_first(tmp_path, link):
    pixels = np.random.default_rng(0).integers(0, 9, (9, 9, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.tif")
    content = bytearray((tmp_path / "a.tif").read_bytes())
    first = int.from_bytes(content[4:8], "little")
    place = first + 2 + 12 * int.from_bytes(content[first : first + 2], "little")
    target = {"into the pixels": len(content) - 100, "back": first, "beyond the end": 10**9}[link]
    content[place : place + 4] = target.to_bytes(4, "little")
    (tmp_path / "a.tif").write_bytes(content)
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), pixels)


def test_overviews_are_no_channels_and_pages_are(tmp_path):
    bands = np.zeros((32, 32, 6), np.uint16) + BANDS[:6]
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(bands, photometric="minisblack", planarconfig="contig")
        file.write(bands[::2, ::2], photometric="minisblack", planarconfig="contig", subfiletype=1)
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif", 6), bands)
    tifffile.imwrite(tmp_path / "b.tif", bands.transpose(2, 0, 1)[:5], photometric="minisblack")
    np.testing.assert_array_equal(read_image(tmp_path / "b.tif", 5), bands[..., :5])


def test_white_is_zero_is_turned_round(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.full((4, 5), 65535 - 7, np.uint16), photometric="miniswhite")
    assert (read_image(tmp_path / "a.tif", 1) == 7).all()
    tifffile.imwrite(tmp_path / "c.tif", np.full((4, 5), 255 - 9, np.uint8), photometric="miniswhite")
    assert (read_image(tmp_path / "c.tif", 1) == 9).all()


def test_floats_that_are_not_finite_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.full((4, 5), np.nan, np.float32))
    with pytest.raises(UnreadableImageError, match="20 of its 20 values are not finite"):
        read_image(tmp_path / "a.tif", 1)


@pytest.mark.parametrize("name", ["p.png", "pt.png", "p.tif", "pa.png"])
def test_palettes_are_read_as_their_colours(tmp_path, name):
    colours = Image.fromarray(np.zeros((4, 5, 3), np.uint8) + np.array([200, 30, 60], np.uint8)).quantize(4)
    if name == "pa.png":
        colours.info["transparency"] = bytes([128, 255, 255, 255])
    colours.save(tmp_path / name, **({"transparency": 0} if name == "pt.png" else {}))
    assert (read_image(tmp_path / name) == [200, 30, 60]).all()


def test_grey_with_alpha_is_grey(tmp_path):
    values = np.full((4, 5, 2), [90, 128], np.uint8)
    for name in ("a.png", "a.tif"):
        Image.fromarray(values, "LA").save(tmp_path / name)
        assert (read_image(tmp_path / name) == 90).all() and read_image(tmp_path / name, 1).shape == (4, 5, 1)
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif", 2), values)
