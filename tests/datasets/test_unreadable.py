"""Files that never were images, or no longer are: each is one error that names it, at once and without memory."""

import errno
import os
import socket

import numpy as np
import pytest
from numpy.lib import format as npy
from PIL import Image

from mimseg.datasets import LoadResizedCrop, SeededDataset, UnreadableImageError, naming_unreadable, read_image

PIXELS = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)


def _array_that_claims(path, shape, dtype="|u1"):
    with open(path, "wb") as file:
        npy.write_array_header_1_0(file, {"descr": dtype, "fortran_order": False, "shape": shape})
        file.write(b"abc")


def _link_to_itself(path):
    path.symlink_to(path)


def _socket(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(path))


NO_FILES = {
    "named pipe": ("a.jpg", os.mkfifo),
    "folder": ("a.png", os.mkdir),
    "socket": ("a.jpg", _socket),
    "device": ("a.tif", lambda path: path.symlink_to("/dev/zero")),
    "Too many levels of symbolic links": ("a.jpg", _link_to_itself),
    "No such file": ("a.npy", lambda path: path.symlink_to("/nowhere/a.npy")),
    "empty": ("a.npy", lambda path: path.write_bytes(b"")),
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("reason", NO_FILES)
def test_what_is_no_file_is_named_and_never_waited_for(tmp_path, monkeypatch, reason):
    monkeypatch.chdir(tmp_path)
    name, make = NO_FILES[reason]
    make(tmp_path / name)
    with pytest.raises(UnreadableImageError, match=f"{name}.*{reason}"):
        read_image(tmp_path / name)
    with pytest.raises(UnreadableImageError, match=reason):
        LoadResizedCrop(8)({"img_path": str(tmp_path / name)})


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((10**5, 10**6, 3), "tells of 300000000000 bytes.* but 3 are there"),
        ((0, 5, 3), "no pixels"),
        ((5, 0, 3), "no pixels"),
        ((-1, 5, 3), "no pixels"),
    ],
)
def test_an_array_is_as_large_as_its_file(tmp_path, shape, words):
    _array_that_claims(tmp_path / "a.npy", shape)
    with pytest.raises(UnreadableImageError, match=rf"a\.npy.*{words}"):
        read_image(tmp_path / "a.npy")


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_version_and_order_of_arrays_is_read(tmp_path, version, order):
    with open(tmp_path / "a.npy", "wb") as file:
        npy.write_array(file, np.asarray(PIXELS, order=order), version=version)
    np.testing.assert_array_equal(read_image(tmp_path / "a.npy"), PIXELS)


@pytest.mark.parametrize(
    ("old", "new"), [(b"}", b"("), (b"descr", b"descx"), (b"\x01\x00", b"\x09\x00"), (b"'|u1'", b"'|O8'")]
)
def test_damaged_headers_of_arrays_are_named(tmp_path, old, new):
    np.save(tmp_path / "a.npy", PIXELS)
    content = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(content.replace(old, new, 1))
    with pytest.raises(UnreadableImageError, match=r"a\.npy"):
        read_image(tmp_path / "a.npy")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_numbers_that_are_not_finite_are_found_when_read(tmp_path, value):
    values = np.zeros((4, 5, 3))
    values[1, 2, 0] = value
    np.save(tmp_path / "a.npy", values)
    with pytest.raises(UnreadableImageError, match="1 of its 60 values are not finite"):
        read_image(tmp_path / "a.npy")


def test_more_pixels_than_allowed_are_refused_before_they_are_decoded(tmp_path):
    Image.new("1", (12000, 12000)).save(tmp_path / "bomb.png")
    assert (tmp_path / "bomb.png").stat().st_size < 500_000
    with pytest.raises(UnreadableImageError, match="12000 x 12000 pixels.*set max_pixels=144000000") as caught:
        read_image(tmp_path / "bomb.png")
    assert "DOS" not in str(caught.value)
    Image.fromarray(PIXELS).save(tmp_path / "a.jpg")
    Image.fromarray(PIXELS).save(tmp_path / "a.tif", bigtiff=True)
    np.save(tmp_path / "a.npy", PIXELS.transpose(2, 0, 1))
    for name in ("a.jpg", "a.tif", "a.npy"):
        assert read_image(tmp_path / name, max_pixels=63).shape == (9, 7, 3)
        with pytest.raises(UnreadableImageError, match="max_pixels=62"):
            read_image(tmp_path / name, max_pixels=62)
    with pytest.raises(UnreadableImageError, match="max_pixels=62"):
        LoadResizedCrop(4, max_pixels=62)({"img_path": str(tmp_path / "a.jpg")})


@pytest.mark.parametrize("error", [MemoryError(), TypeError("'IFDRational'"), ZeroDivisionError("x"), KeyError(3)])
def test_whatever_a_decoder_raises_is_one_error(error):
    named = r"cannot read mask 'm\\udce9\\n\.png': "
    with pytest.raises(UnreadableImageError, match=named) as caught, naming_unreadable("m\udce9\n.png", "mask"):
        raise error
    assert "\n" not in str(caught.value)
    str(caught.value).encode("utf-8")


def test_too_few_descriptors_are_not_the_files_fault():
    with pytest.raises(RuntimeError, match="ulimit -n"), naming_unreadable("a.jpg"):
        raise OSError(errno.EMFILE, "Too many open files")


@pytest.mark.timeout(60)
def test_odd_files_of_a_folder_are_replaced_counted_and_named(picture_folder, monkeypatch):
    lines = []
    monkeypatch.setattr("mimseg.datasets.seeded.print_log", lambda line, **_: lines.append(line))
    os.mkfifo(picture_folder / "pipe.jpg")
    _link_to_itself(picture_folder / "self.jpg")
    _array_that_claims(picture_folder / "huge.npy", (10**5, 10**6, 3))
    raw = os.fsencode(picture_folder) + b"/l\xe9.jpg"
    with open(raw, "wb") as file:
        file.write(b"no picture")
    pipeline = [{"type": "LoadImage"}, {"type": "RandomResizedCrop", "scale": 8}, {"type": "mmpretrain.PackInputs"}]
    folder = {"type": "UnlabelledFolder", "data_root": str(picture_folder), "pipeline": pipeline}
    dataset = SeededDataset(folder, max_unreadable=0.2)
    assert len([dataset[(index, 0)] for index in range(len(dataset))]) == 24
    assert len(dataset.unreadable_files()) == len(lines) == 4
    for word, line in zip(("huge.npy", "l\\udce9.jpg", "pipe.jpg", "self.jpg"), lines, strict=True):
        assert word in line and line.isprintable()
    dataset.max_unreadable, dataset._limit = 0.1, 2
    dataset.unreadable[:] = False
    with pytest.raises(RuntimeError, match="3 of 24 images "):
        [dataset[(index, 0)] for index in range(20, 24)]
