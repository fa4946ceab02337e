"""Where objects are, from COCO annotations and from drawn masks."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mimseg.apis.studies.object_masks import coco_objects, drawn_objects, patch_coverage
from mimseg.datasets import CenterResizedCrop, UnreadableImageError

HEIGHT, WIDTH = 6, 8


def rectangle(top, left, bottom, right):
    """Bool ``(6, 8)``, True inside."""
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    mask[top:bottom, left:right] = True
    return mask


def outline(top, left, bottom, right):
    """The same as a COCO polygon."""
    return [float(x) for x in (left, top, right, top, right, bottom, left, bottom)]


def run_lengths(mask):
    """Counts of False, True, False, ... down the columns: COCO's uncompressed code."""
    flat = mask.T.ravel()
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff([0, *edges, flat.size]).tolist()
    return {"size": [HEIGHT, WIDTH], "counts": [0, *counts] if flat[0] else counts}


@pytest.fixture
def coco(tmp_path):
    """``coco(*segmentations, image=1, **settings)`` -> an annotation file, and a folder with a.png, 6 x 8."""
    (tmp_path / "images").mkdir()
    Image.fromarray(np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)).save(tmp_path / "images" / "a.png")

    def write(*segmentations, names=("a.png",)):
        images = [dict(id=n, file_name=name, height=HEIGHT, width=WIDTH) for n, name in enumerate(names, start=1)]
        annotations = [
            dict(id=number, image_id=1, iscrowd=int(isinstance(segmentation, dict)), segmentation=segmentation)
            for number, segmentation in enumerate(segmentations)
        ]
        file = tmp_path / "instances.json"
        file.write_text(json.dumps(dict(images=images, annotations=annotations)))
        return file, tmp_path / "images"

    return write


def test_polygons_of_all_objects_are_joined(coco):
    file, images = coco([outline(1, 1, 3, 4), outline(4, 6, 6, 8)], [outline(2, 2, 5, 5)])
    (found,), missing = coco_objects(file, images)
    assert found.path == str(images / "a.png") and missing == []
    expected = rectangle(1, 1, 3, 4) | rectangle(4, 6, 6, 8) | rectangle(2, 2, 5, 5)
    assert np.array_equal(found.read_mask(), expected)


def test_both_run_length_codes_and_so_crowds_count(coco):
    from pycocotools import mask as api

    first, second = rectangle(0, 0, 2, 3), rectangle(3, 5, 6, 8)
    compressed = api.encode(np.asfortranarray(second.astype(np.uint8)))
    compressed["counts"] = compressed["counts"].decode()
    file, images = coco(run_lengths(first), compressed, [])
    assert np.array_equal(coco_objects(file, images)[0][0].read_mask(), first | second)


def test_images_without_an_object_and_images_that_are_not_there(coco):
    file, images = coco([outline(0, 0, 2, 2)], names=("a.png", "b.png", "gone.png"))
    Image.new("RGB", (WIDTH, HEIGHT)).save(images / "b.png")
    found, missing = coco_objects(file, images)
    assert [Path(image.path).name for image in found] == ["a.png", "b.png"] and missing == ["gone.png"]
    assert found[1].read_mask().shape == (HEIGHT, WIDTH) and not found[1].read_mask().any()


def test_broken_annotations_are_explained(coco, tmp_path):
    file, images = coco([outline(0, 0, 2, 2)])
    with pytest.raises(FileNotFoundError, match="annotation file .*none.json does not exist"):
        coco_objects(tmp_path / "none.json", images)
    with pytest.raises(FileNotFoundError, match="folder .*nowhere does not exist"):
        coco_objects(file, tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="none of the 1 images of .* is in .*empty, e.g. a.png"):
        coco_objects(file, tmp_path / "empty")
    for text, line in (
        ("{", "is not valid JSON"),
        ("[]", "is no COCO instance file"),
        ('{"images": []}', "is no COCO instance file"),
        ('{"images": [{"id": 1}], "annotations": [{"image_id": 1, "bbox": [0, 0, 1, 1]}]}', "only boxes"),
    ):
        file.write_text(text)
        with pytest.raises(ValueError, match=line):
            coco_objects(file, images)
    file, _ = coco([[1.0]])
    with pytest.raises(ValueError, match="instances.json: the segmentation of annotation 0 is damaged"):
        coco_objects(file, images)[0][0].read_mask()


@pytest.mark.parametrize("mode", ["1", "L", "I;16", "RGB", "RGBA", "LA", "P"])
def test_drawn_masks_of_every_kind_of_png(tmp_path, mode):
    mask = rectangle(1, 2, 4, 6)
    values = mask.astype(np.uint8) * 3
    picture = Image.fromarray(values)
    if mode == "1":
        picture = Image.fromarray(mask)
    elif mode == "I;16":
        picture = Image.fromarray(values.astype(np.uint16) * 256)
    elif mode == "P":
        picture.putpalette([9, 9, 9] * 256)  # all numbers have one colour
    elif mode != "L":
        picture = picture.convert(mode)  # alpha is 255 everywhere
    for folder in ("masks/inner", "images/inner"):
        (tmp_path / folder).mkdir(parents=True)
    picture.save(tmp_path / "masks/inner/a.png")
    Image.new("RGB", (WIDTH, HEIGHT)).save(tmp_path / "images/inner/a.jpg")
    Image.new("RGB", (WIDTH, HEIGHT)).save(tmp_path / "images/unmasked.jpg")
    assert Image.open(tmp_path / "masks/inner/a.png").mode == mode
    (found,), missing = drawn_objects(tmp_path / "masks", tmp_path / "images")
    assert found.path == str(tmp_path / "images/inner/a.jpg") and missing == []
    assert np.array_equal(found.read_mask(), mask)


def test_masks_without_images_are_named_and_damaged_ones_explained(tmp_path):
    for folder in ("masks", "images"):
        (tmp_path / folder).mkdir()
    (tmp_path / "masks" / "b.png").write_bytes(b"no picture")
    with pytest.raises(FileNotFoundError, match="no mask in .*masks has an image of its name in .*images"):
        drawn_objects(tmp_path / "masks", tmp_path / "images")
    for name in ("images/a.jpg", "images/b.jpg", "masks/c.png"):
        Image.new("RGB", (WIDTH, HEIGHT)).save(tmp_path / name)
    (found,), missing = drawn_objects(tmp_path / "masks", tmp_path / "images")
    assert missing == ["c.png"]
    with pytest.raises(UnreadableImageError, match="cannot read mask '.*b.png'"):
        found.read_mask()
    with pytest.raises(FileNotFoundError, match="folder .*nowhere does not exist"):
        drawn_objects(tmp_path / "nowhere", tmp_path / "images")


def test_coverage_counts_the_pixels_of_every_patch():
    generator = np.random.default_rng(0)
    mask = generator.random((16, 24)) < 0.4
    # patches of 8 x 8 pixels: 64 pixels each, read at 16 x 16 points, 4 a pixel
    expected = [
        mask[8 * row : 8 * row + 8, 8 * column : 8 * column + 8].mean() for row in range(2) for column in range(3)
    ]
    assert patch_coverage(mask, (2, 3)) == pytest.approx(expected)


@pytest.mark.parametrize(("size", "fraction"), [((90, 150), 1.0), ((150, 90), 0.875), ((41, 77), 0.6)])
def test_a_mask_is_cut_as_its_image_is(size, fraction):
    """An ellipse, drawn as an image: the mean brightness of its patches is the coverage."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    mask = ((rows / size[0] - 0.35) / 0.3) ** 2 + ((columns / size[1] - 0.6) / 0.3) ** 2 < 1
    crop = CenterResizedCrop((64, 96), fraction, "bilinear")
    image = crop.transform({"img": np.repeat(mask[..., None] * np.float32(1), 3, axis=2)})["img"][..., 0]
    brightness = image.reshape(4, 16, 6, 16).mean(axis=(1, 3)).ravel()
    coverage = patch_coverage(mask, (4, 6), fraction)
    assert coverage.min() < 0.01 and coverage.max() > 0.99
    assert coverage == pytest.approx(brightness, abs=0.04)
