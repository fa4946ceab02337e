"""COCO files: labels by name, what is missing computed, all else refused in one line."""

import copy
import json
import re

import numpy as np
import pytest
from mmengine.dataset import ClassBalancedDataset
from PIL import Image
from pycocotools import mask as api

from mimseg.datasets import CocoInstances, LabelError, SeededDataset
from mimseg.datasets.coco import OutlineError, check_outline, read_truth
from mimseg.datasets.coco.outlines import decode_lengths

CLASSES = ("cat", "dog", "person")
SQUARE = [2.0, 2.0, 22.0, 2.0, 22.0, 22.0, 2.0, 22.0]
GONE = object()


def small():
    """Two pictures of 40 x 48 with three objects; ids have gaps, and are in another order than the classes."""
    images = [dict(id=n, file_name=f"{n}.jpg", height=40, width=48) for n in (5, 6)]
    categories = [dict(id=90, name="person"), dict(id=7, name="cat"), dict(id=20, name="dog")]
    objects = [(11, 5, 90), (12, 5, 7), (13, 6, 20)]
    annotations = [
        dict(
            id=number,
            image_id=image,
            category_id=category,
            bbox=[2.0, 2.0, 20.0, 20.0],
            area=400.0,
            iscrowd=0,
            segmentation=[SQUARE],
        )
        for number, image, category in objects
    ]
    return dict(images=images, annotations=annotations, categories=categories)


@pytest.fixture
def folder(tmp_path):
    for number in (5, 6):
        Image.fromarray(np.full((40, 48, 3), number, np.uint8)).save(tmp_path / f"{number}.jpg")
    return tmp_path


def write(folder, data) -> str:
    (folder / "a.json").write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return str(folder / "a.json")


def build(folder, data=None, **options):
    file = write(folder, small() if data is None else data)
    options = {"metainfo": dict(classes=CLASSES), "data_prefix": dict(img=str(folder)), **options}
    return CocoInstances(ann_file=file, pipeline=options.pop("pipeline", []), **options)


def labels(dataset):
    return [[found["bbox_label"] for found in dataset.get_data_info(n)["instances"]] for n in range(len(dataset))]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_a_label_is_the_position_of_its_name_whatever_the_order_of_the_file(folder, order):
    data = small()
    data["categories"] = [data["categories"][n] for n in order]
    assert labels(build(folder, data)) == [[2, 0], [1]]
    assert labels(build(folder, data, metainfo=dict(classes=CLASSES[::-1]))) == [[0, 2], [1]]
    truth = read_truth(write(folder, data), CLASSES, True)
    assert [category["name"] for category in truth.categories] == list(CLASSES)
    assert [category["id"] for category in truth.as_coco()["categories"]] == [7, 20, 90]


def test_images_can_be_repeated_by_their_classes(folder):
    dataset = build(folder)
    assert [dataset.get_cat_ids(n) for n in (0, 1)] == [[2, 0], [1]]
    balanced = ClassBalancedDataset(dataset, oversample_thr=1.0)
    assert len(balanced) >= 2
    assert balanced.get_cat_ids(0) == [2, 0]


def names(*new):
    def change(data):
        for category, name in zip(data["categories"], new, strict=True):
            category["name"] = name

    return change


def each(count=1, **values):
    """Set keys of the first annotations, or take them away."""

    def change(data):
        for annotation in data["annotations"][:count]:
            for key, value in values.items():
                annotation.pop(key, None)
                if value is not GONE:
                    annotation[key] = value

    return change


def image(**values):
    def change(data):
        for key, value in values.items():
            data["images"][0].pop(key)
            if value is not GONE:
                data["images"][0][key] = value

    return change


def run_lengths(height, width, counts):
    return dict(size=[height, width], counts=counts)


def all_small(data):
    for entry in data["images"]:
        entry["height"] = 24


NO_OUTLINE = (
    "no outline (segmentation), first annotation 11 of 5.jpg; outline the objects, or train and test on boxes only: "
    "model.roi_head.mask_head=None"
)
REFUSED = {
    "capitals": (names("Person", "cat", "dog"), "1 of the 3 classes: 'person' (did you mean 'Person'?)"),
    "typing error": (names("persson", "cat", "dog"), "'person' (did you mean 'persson'?)"),
    "other names": (names("a", "b", "c"), "no category for 3 of the 3 classes: 'cat', 'dog', 'person'; its"),
    "one less": (lambda data: data["categories"].pop(0), "1 of the 3 classes: 'person'; its categories are cat, dog;"),
    "same names": (names("cat", "cat", "dog"), "two categories have the name 'cat'"),
    "no name": (lambda data: data["categories"][1].pop("name"), "category 1 of the list has no name, but None"),
    "same ids": (lambda data: data["categories"][1].update(id=90), "two categories have the id 90"),
    "no categories": (lambda data: data.pop("categories"), "no COCO instance file: it has no lists 'categories'"),
    "empty categories": (lambda data: data.update(categories=[]), "'categories' is empty"),
    "unknown category": (each(category_id=5), "'categories' does not have, first annotation 11 of 5.jpg: 5"),
    "text category": (each(category_id="90"), "annotation 11 of 5.jpg: '90'"),
    "list category": (each(category_id=[90]), "annotation 11 of 5.jpg: [90]"),
    "no outline": (each(2, segmentation=GONE), f"2 of 3 annotations have {NO_OUTLINE}"),
    "empty outline": (each(segmentation=[]), "1 of 3 annotations have no outline"),
    "null outline": (each(segmentation=None), "1 of 3 annotations have no outline"),
    "huge outline": (each(segmentation=[[0, 0, 1e9, 0, 1e9, 1e9]]), "which reaches 1e+09 pixels from the origin"),
    "outline of text": (each(segmentation=[["a"] * 6]), "which has something else than numbers"),
    "outline of NaN": (each(segmentation=[[1.0, float("nan")] * 3]), "which has coordinates that are not finite"),
    "outline is text": (each(segmentation="1 2 3"), "which is a str, not polygons or run lengths"),
    "runs of another size": (each(segmentation=run_lengths(48, 40, [1920])), "of the size [48, 40] (height, width)"),
    "runs too long": (each(segmentation=run_lengths(40, 48, [0, 10**9])), "of 1000000000 pixels, its picture has 1920"),
    "runs below 0": (each(segmentation=run_lengths(40, 48, [-80, 2000])), "which has a run length of -80, below 0"),
    "damaged runs": (each(segmentation=run_lengths(40, 48, "\x7f\x7f")), "which has damaged run lengths"),
    "cut runs": (each(segmentation=run_lengths(40, 48, "oo")), "which has run lengths that are cut off"),
    "no counts": (each(segmentation=dict(size=[40, 48])), "without a list or text of counts"),
    "no box": (each(bbox=GONE, segmentation=GONE), "1 of 3 annotations have no bbox, and no outline"),
    "short box": (each(bbox=[1, 2, 3]), "x, y, width, height, first annotation 11 of 5.jpg: [1, 2, 3]; correct"),
    "box of text": (each(bbox=["1", "2", "3", "4"]), "a bbox that is not four numbers"),
    "box of NaN": (each(bbox=[float("nan"), 1, 2, 3]), "a bbox that is not four numbers"),
    "no id of an image": (image(id=GONE), "image number 0 of the list (5.jpg) has no id"),
    "no file name": (image(file_name=GONE), "image 5 has no file_name"),
    "two names of an id": (lambda data: data["images"][1].update(id=5), "image id 5 is that of 5.jpg and of 6.jpg"),
    "a size of text": (image(width="48"), "image 5 has a size of 48 x 40 pixels"),
    "no size left": (image(width=0), "image 5 has a size of 0 x 40 pixels"),
    "a huge size": (image(width=2**31), "image 5 has a size of 2147483648 x 40 pixels"),
    "small pictures": (all_small, "2 images with 3 objects of the classes: 2 are smaller than filter_cfg.min_size=32"),
    "no objects": (lambda data: data.update(annotations=[]), "2 have no object of the classes cat, dog, person"),
    "no list of them": (lambda data: data.pop("annotations"), "it has no lists 'annotations'"),
    "no images": (lambda data: data.update(images=[], annotations=[]), "no image is left of 0 images"),
    "an entry that is none": (lambda data: data["images"].append(7), "entry 2 of 'images' is a int, not an object"),
}  # fmt: skip


@pytest.mark.parametrize("oddity", REFUSED)
def test_what_cannot_be_used_is_one_line(folder, oddity):
    change, line = REFUSED[oddity]
    data = small()
    change(data)
    with pytest.raises(ValueError, match=re.escape(line)) as told:
        build(folder, data, filter_cfg=dict(filter_empty_gt=True, min_size=32))
    assert str(told.value).startswith(str(folder / "a.json")) and "\n" not in str(told.value)


TEXTS = {
    "empty": ("", "a.json is empty"),
    "cut": (json.dumps(small())[:200], "a.json is not valid JSON"),
    "a comma too many": (json.dumps(small())[:-1] + ",}", "a.json is not valid JSON"),
    "a list": ("[]", "is no COCO instance file: it holds a list, not an object"),
    "deep": ("[" * 200_000, "a.json is not valid JSON"),
}


@pytest.mark.parametrize("kind", TEXTS)
def test_a_file_that_is_none_is_one_line(folder, kind):
    text, line = TEXTS[kind]
    with pytest.raises(ValueError, match=line):
        build(folder, text)
    with pytest.raises(FileNotFoundError, match="annotation file .*none.json does not exist"):
        read_truth(folder / "none.json", CLASSES, True)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_a_file_in_another_encoding_is_read(folder, encoding):
    (folder / "a.json").write_bytes(json.dumps(small()).encode(encoding))
    assert len(read_truth(folder / "a.json", CLASSES, True).annotations) == 3


def compressed(mask):
    found = api.encode(np.asfortranarray(mask))
    return {**found, "counts": found["counts"].decode()}


DISC = (np.hypot(*np.mgrid[-20:20, -24:24]) < 9).astype(np.uint8)

COMPUTED = {
    "area of a polygon": (each(area=GONE), "area", 400.0, "1 of 3 annotations had no area, which was computed"),
    "area of run lengths": (each(area=None, segmentation=compressed(DISC)), "area", float(DISC.sum()), "had no area"),
    "area that is no number": (each(area=float("nan")), "area", 400.0, "had no area"),
    "box of a polygon": (each(bbox=None), "bbox", [2.0, 2.0, 20.0, 20.0], "had no bbox, which was computed"),
    "box of run lengths": (each(bbox=GONE, segmentation=compressed(DISC)), "bbox", [16.0, 12.0, 17.0, 17.0], "no bbox"),
    "a flat polygon": (each(segmentation=SQUARE), "segmentation", [SQUARE], None),
    "polygons that are too short": (each(segmentation=[SQUARE, [3, 3, 9, 9], [1]]), "segmentation", [SQUARE], None),
    "crowd": (each(iscrowd=GONE), "iscrowd", 0, None),
    "id": (each(id=GONE), "id", 1, "1 of 3 annotations had no id of their own"),
    "an id of text": (each(id="a"), "id", 1, "had no id of their own"),
    "an id twice": (each(id=13), "id", 1, "had no id of their own"),
    "id 0, which pycocotools takes for none": (each(id=0), "id", 1, "had no id of their own, above 0"),
}


@pytest.mark.parametrize("part", COMPUTED)
def test_what_is_missing_is_computed_and_said(folder, part):
    change, key, expected, remark = COMPUTED[part]
    data = small()
    change(data)
    truth = read_truth(write(folder, data), CLASSES, True)
    assert truth.annotations[0][key] == expected
    ids = [annotation["id"] for annotation in truth.annotations]
    assert len(set(ids)) == 3 and all(isinstance(number, int) for number in ids)
    assert remark in truth.remarks[0] if remark else truth.remarks == []


def whole_picture(found):
    found["bbox"], found["segmentation"] = [0.0, 0.0, 48.0, 40.0], [[-1.0, -1.0, 49.0, -1.0, 49.0, 41.0, -1.0, 41.0]]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda found: found.update(bbox=[20.0, 18.0, 44.0, 38.0], segmentation=[[20, 18, 44, 18, 44, 38]]), "beyond"),
        (lambda found: found.update(bbox=[60.0, 2.0, 10.0, 10.0]), "beyond"),  # left out of training
        (lambda found: found.update(bbox=[30.0, 18.0, 12.0, 12.0]), "elsewhere"),
        (lambda found: found.update(segmentation=run_lengths(40, 48, [1800, 50, 70])), "elsewhere"),
        (lambda found: found.update(bbox=[2.0, 2.0, 8.0, 9.0], iscrowd=1), None),
        (lambda found: found.update(bbox=[0.0, 1.0, 23.0, 22.0]), None),
        (whole_picture, None),
    ],
)
def test_a_box_beyond_its_picture_or_elsewhere_than_its_outline_is_said(folder, monkeypatch, change, said):
    logged = []
    monkeypatch.setattr("mimseg.datasets.coco.instances.print_log", lambda line, **options: logged.append(line))
    data = small()
    change(data["annotations"][1])
    build(folder, data)
    assert bool(logged) == (said is not None)
    if said:
        line = logged[0].split(": ", 1)[1]
        assert line.startswith("1 of 3 annotations have a bbox that") and said in line
        assert "first annotation 12 of 5.jpg: bbox=[" in line
        assert line.endswith("; a bbox is [x, y, width, height] in pixels, not two corners")


def test_what_is_no_class_or_of_no_image_is_left_out_and_said(folder):
    data = small()
    data["annotations"][2]["image_id"] = 99
    truth = read_truth(write(folder, data), ("person",), True)
    assert [annotation["id"] for annotation in truth.annotations] == [11]
    assert truth.remarks == [
        "1 of 3 annotations are of no image of the file and left out, first annotation 13",
        "1 of 2 annotations are of categories that are no classes and left out: cat",
    ]
    assert read_truth(write(folder, small()), CLASSES, True).remarks == []


def test_an_object_without_a_usable_polygon_is_ignored_but_not_background(folder):
    data = small()
    each(segmentation=[[3, 3, 9, 9]])(data)
    truth = read_truth(write(folder, data), CLASSES, True)
    assert truth.annotations[0]["iscrowd"] == 1 and truth.annotations[0]["segmentation"] == [SQUARE]
    first = build(folder, data).get_data_info(0)["instances"][0]
    assert first["ignore_flag"] == 1


def test_without_masks_outlines_do_not_matter(folder):
    for odd in (GONE, [], None, "text", [[0, 0, 1e9, 0, 1e9, 1e9]]):
        data = small()
        each(3, segmentation=odd)(data)
        dataset = build(folder, data, masks=False)
        assert labels(dataset) == [[2, 0], [1]]
        assert all("mask" not in found for found in dataset.get_data_info(0)["instances"])


def test_a_missing_size_is_read_from_the_picture(folder):
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.fromarray(np.zeros((40, 48, 3), np.uint8)).save(folder / "6.jpg", exif=turned)
    data = small()
    for entry in data["images"]:
        del entry["width"]
    dataset = build(folder, data)
    sizes = [(dataset.get_data_info(n)["height"], dataset.get_data_info(n)["width"]) for n in (0, 1)]
    assert sizes == [(40, 48), (48, 40)]
    (folder / "6.jpg").unlink()
    with pytest.raises(FileNotFoundError, match=r"6.jpg': there is no such file"):
        build(folder, data)


def test_a_picture_of_another_size_ends_the_run_instead_of_being_replaced(folder):
    Image.fromarray(np.zeros((20, 24, 3), np.uint8)).save(folder / "6.jpg")
    dataset = SeededDataset(build(folder, pipeline=[dict(type="LoadImage")]), max_unreadable=0.5)
    assert dataset[0]["img"].shape == (40, 48, 3)
    with pytest.raises(LabelError, match=r"picture .*6.jpg is 24 x 20 \(width x height\), but .*a.json says 48 x 40;"):
        dataset[1]


def test_boxes_on_stored_pixels_of_a_picture_that_exif_turns(folder):
    turned = Image.Exif()
    turned[0x0112] = 6
    pixels = np.arange(40 * 48 * 3, dtype=np.uint8).reshape(40, 48, 3)
    Image.fromarray(pixels).save(folder / "5.jpg", exif=turned, quality=100, subsampling=0)
    with pytest.raises(
        LabelError, match="is 40 x 48 .* says 48 x 40; its EXIF orientation turns it, .*LoadStoredImage"
    ):
        build(folder, pipeline=[dict(type="LoadImage")])[0]
    stored = build(folder, pipeline=[dict(type="LoadStoredImage")])[0]
    assert stored["img"].shape == (40, 48, 3) and stored["ori_shape"] == (40, 48)
    assert np.abs(stored["img"][:, :, 1].astype(int) - pixels[:, :, 1]).mean() < 30


def test_compressed_run_lengths_are_read_as_pycocotools_writes_them():
    rng = np.random.default_rng(0)
    for share in (0.0, 0.02, 0.5, 0.98, 1.0):
        mask = (rng.random((37, 53)) < share).astype(np.uint8)
        found = compressed(mask)
        flat = mask.ravel(order="F")
        edges = np.flatnonzero(np.diff(flat)) + 1
        lengths = np.diff([0, *edges, flat.size]).tolist()
        assert decode_lengths(found["counts"]) == ([0, *lengths] if flat[0] else lengths)
        assert check_outline(found, (37, 53)) == found


def test_long_outlines_are_refused_before_they_take_memory():
    inside = [0.0, 0.0, 100.0, 100.0] * 50_000
    with pytest.raises(OutlineError, match=r"is 2e\+07 pixels long, in a picture of 120 x 100"):
        check_outline([inside], (100, 120))
    with pytest.raises(OutlineError, match="pixels long"):
        check_outline([[0.0, 0.0, 100.0, 100.0, 0.0, 100.0]] * 50_000, (100, 120))
    outline = [[0.0, 0.0, 100.0, 100.0] * 500]
    assert check_outline(outline, (100, 120)) == outline


def test_a_file_is_not_changed(folder):
    data = small()
    before = copy.deepcopy(data)
    file = write(folder, data)
    read_truth(file, CLASSES, True)
    with open(file, encoding="utf-8") as stored:
        assert json.load(stored) == before
