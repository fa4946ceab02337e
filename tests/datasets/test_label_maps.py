"""Label maps: every kind of file, labels beyond the classes, other sizes; what a look before the run finds."""

import os
import re

import numpy as np
import pytest
from PIL import Image

from mimseg.datasets import LabelError, LabelMaps, LoadImage, SeededDataset, UnreadableImageError
from mimseg.datasets.checking import Findings, labelled_part, look_at, refuse_findings, refuse_several_sizes
from mimseg.datasets.label_maps import read_label_map, to_classes

LABELS = np.repeat(np.arange(4, dtype=np.uint8), 12).reshape(6, 8)
PIPELINE = [dict(type="LoadImage"), dict(type="LoadLabelMap")]
CLASSES = ("sky", "wall", "tree", "cat")


def palette(labels):
    picture = Image.fromarray(labels).convert("L")
    found = Image.new("P", picture.size)
    found.putdata(list(picture.tobytes()))
    found.putpalette(list(range(255, -1, -1)) * 3)
    return found


KINDS = {
    "grey": Image.fromarray,
    "palette": palette,
    "RGB": lambda labels: Image.fromarray(np.dstack([labels] * 3)),
    "RGBA": lambda labels: Image.fromarray(np.dstack([labels] * 3 + [np.full_like(labels, 255)])),
    "grey and alpha": lambda labels: Image.fromarray(np.dstack([labels, np.full_like(labels, 128)])),
    "16 bits": lambda labels: Image.fromarray(labels.astype(np.uint16)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_holds_the_same_labels(tmp_path, kind):
    KINDS[kind](LABELS).save(tmp_path / "a.png")
    values = read_label_map(tmp_path / "a.png")
    assert values.shape == (6, 8) and np.array_equal(values, LABELS)


@pytest.mark.parametrize("kind", ["FIFO", "folder", "empty", "damaged", "missing"])
def test_a_map_that_cannot_be_read_is_named_and_not_its_picture(tmp_path, kind):
    for name in ("a", "b", "c"):
        Image.fromarray(np.zeros((6, 8, 3), np.uint8)).save(tmp_path / f"{name}.jpg")
        Image.fromarray(LABELS).save(tmp_path / f"{name}.png")
    path = tmp_path / "b.png"
    path.unlink()
    reason = {
        "FIFO": (lambda: os.mkfifo(path), r"it is a named pipe \(FIFO\), not a file"),
        "folder": (path.mkdir, "it is a folder, not a file"),
        "empty": (path.touch, "it is empty"),
        "damaged": (lambda: path.write_bytes(b"no picture"), "cannot identify"),
        "missing": (lambda: None, "No such file"),
    }[kind]
    reason[0]()
    with pytest.raises(UnreadableImageError, match=f"cannot read label map '{path}': .*{reason[1]}"):
        read_label_map(path)
    places = dict(img_path=str(tmp_path), seg_map_path=str(tmp_path))
    maps = LabelMaps(data_prefix=places, metainfo=dict(classes=CLASSES), pipeline=PIPELINE)
    dataset = SeededDataset(maps, max_unreadable=0.5)
    assert dataset[1, 0]["img_path"].endswith("c.jpg")
    assert dataset.unreadable_files() == [str(path)]


def test_palettes_with_transparency_and_single_bits(tmp_path):
    found = palette(LABELS)
    found.save(tmp_path / "a.png", transparency=0)
    assert np.array_equal(read_label_map(tmp_path / "a.png"), LABELS)
    Image.fromarray(LABELS > 1).save(tmp_path / "b.png")
    assert np.array_equal(read_label_map(tmp_path / "b.png"), LABELS > 1)


def test_colours_are_refused_and_damaged_files_unreadable(tmp_path):
    Image.fromarray(np.dstack([LABELS, LABELS, LABELS + 1])).save(tmp_path / "a.png")
    with pytest.raises(LabelError, match=r"a.png holds colours \(RGB\), not labels"):
        read_label_map(tmp_path / "a.png")
    Image.fromarray(LABELS.astype(np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(LabelError, match="holds numbers of type float32"):
        read_label_map(tmp_path / "a.tif")
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes()[:60])
    for name in ("b.png", "none.png"):
        with pytest.raises(UnreadableImageError, match=f"cannot read label map '.*{name}'"):
            read_label_map(tmp_path / name)


def test_labels_beyond_the_classes_are_named():
    values = LABELS.copy()
    values[0, :2] = 200, 255
    with pytest.raises(LabelError) as told:
        to_classes(values, 3, path="m.png")
    assert str(told.value).startswith("label map m.png has the labels 3, 200 beyond the 3 classes (0 to 2; 255 is no")
    with pytest.raises(LabelError, match=r"has the label 300 beyond the 255 classes"):
        to_classes(np.full((2, 2), 300, np.uint16), None)  # of 8 bits it would have been 44
    assert to_classes(values, 4, ignore_index=200)[0, :2].tolist() == [200, 255]


def test_labels_counted_from_one_and_some_of_a_known_sets_classes():
    values = np.array([[0, 1, 2, 150, 255]], np.uint8)
    assert to_classes(values, 150, reduce_zero_label=True).tolist() == [[255, 0, 1, 149, 255]]
    with pytest.raises(LabelError, match=r"the label 151 beyond the 150 classes \(0 to 149, counted from 1;"):
        to_classes(values + (values == 150).astype(np.uint8), 150, reduce_zero_label=True)
    kept = dict.fromkeys(range(150), 255) | {1: 0, 149: 1}
    assert to_classes(values, 2, kept, reduce_zero_label=True).tolist() == [[255, 255, 0, 1, 255]]


@pytest.fixture
def folder(tmp_path):
    """Three pictures of 6 x 8 pixels and their maps; classes sky, wall, tree and cat."""
    for name in ("images", "maps"):
        (tmp_path / name / "b").mkdir(parents=True)
    for name in ("a", "b/c", "d"):
        Image.fromarray(np.zeros((6, 8, 3), np.uint8)).save(tmp_path / "images" / f"{name}.jpg")
        Image.fromarray(LABELS).save(tmp_path / "maps" / f"{name}.png")
    return tmp_path


def build(folder, **options):
    options = {"metainfo": dict(classes=CLASSES), "pipeline": PIPELINE, **options}
    return LabelMaps(dict(img_path="images", seg_map_path="maps"), data_root=str(folder), **options)


def save(folder, labels, name="a"):
    Image.fromarray(labels).save(folder / "maps" / f"{name}.png")


def turn_by_exif(folder, name="a"):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.zeros((6, 8, 3), np.uint8)).save(folder / "images" / f"{name}.jpg", exif=exif)


def test_pictures_and_maps_are_paired_and_hidden_files_left_out(folder):
    (folder / "images/._a.jpg").write_bytes(b"x")
    (folder / "images/.ipynb_checkpoints").mkdir()
    (folder / "images/.ipynb_checkpoints/a-checkpoint.jpg").write_bytes(b"x")
    (folder / "images/d.jpg").rename(folder / "images/d.JPG")
    dataset = build(folder)
    pairs = [(picture.removeprefix(str(folder)), path.removeprefix(str(folder))) for picture, path in dataset.pairs()]
    assert pairs == [
        ("/images/a.jpg", "/maps/a.png"),
        ("/images/b/c.jpg", "/maps/b/c.png"),
        ("/images/d.JPG", "/maps/d.png"),
    ]
    assert np.array_equal(dataset[0]["gt_seg_map"], LABELS) and dataset[0]["seg_fields"] == ["gt_seg_map"]
    assert np.asarray(dataset.metainfo["palette"]).shape == (4, 3)
    (folder / "list.txt").write_text("d\na\n")
    (folder / "images/d.JPG").rename(folder / "images/d.jpg")
    assert [picture[-5] for picture, _ in build(folder, ann_file="list.txt").pairs()] == ["d", "a"]


def test_where_no_picture_is_found_it_says_what_there_is(folder):
    with pytest.raises(ValueError, match=r"images holds no .png, but 3 .jpg: set img_suffix=.jpg of the dataset"):
        build(folder, img_suffix=".png")
    for path in list((folder / "images").rglob("*.jpg")):
        path.unlink()
    with pytest.raises(ValueError, match="images holds no .jpg, and no other pictures"):
        build(folder)
    with pytest.raises(FileNotFoundError, match="folder of pictures .*none' does not exist"):
        LabelMaps(dict(img_path="none", seg_map_path="maps"), data_root=str(folder), metainfo=dict(classes=CLASSES))
    with pytest.raises(FileNotFoundError, match="list file .*l.txt' does not exist"):
        build(folder, ann_file="l.txt")


@pytest.mark.parametrize(
    ("metainfo", "line"),
    [
        (None, "names no classes; set metainfo"),
        (dict(classes=("a", "b", "a", "c")), "names 'a' twice"),
        (dict(classes=("a", "b"), palette=[(0, 0, 0)]), "metainfo.palette has 1 colours for 2 classes"),
    ],
)
def test_classes_that_cannot_be_are_refused(folder, metainfo, line):
    with pytest.raises(ValueError, match=line):
        build(folder, metainfo=metainfo)


OTHER = {
    "half": (lambda folder: save(folder, LABELS[::2, ::2].copy()), "8 x 6 .* is 4 x 3; one of the two was resized"),
    "transposed": (lambda folder: save(folder, LABELS.T.copy()), "8 x 6 .* is 6 x 8; one of the two is turned"),
    "turned by EXIF": (turn_by_exif, "6 x 8 .* is 8 x 6; its EXIF orientation turns it, but not its labels: take"),
    "a label beyond": (lambda folder: save(folder, LABELS + 1), "a.png has the label 4 beyond the 4 classes"),
    "colours": (lambda folder: save(folder, np.dstack([LABELS, LABELS, LABELS * 2])), "a.png holds colours"),
}


@pytest.mark.parametrize("oddity", OTHER)
def test_a_map_that_does_not_fit_ends_a_run_and_is_found_before_it(folder, oddity):
    change, line = OTHER[oddity]
    change(folder)
    dataset = build(folder)
    with pytest.raises(LabelError, match=line):
        SeededDataset(dataset, max_unreadable=1.0)[0]
    assert dataset[1]["gt_seg_map"].shape == (6, 8)
    found = look_at(dataset)
    assert len(found.wrong) == 1 and re.search(line, found.wrong[0])
    with pytest.raises(LabelError, match="1 of 3 training images have labels that do not fit; the first: ") as told:
        refuse_findings(dataset, found, "training", False)
    assert "\n" not in str(told.value)


def test_a_map_on_stored_pixels_goes_with_the_picture_as_it_is_stored(folder):
    turn_by_exif(folder)
    dataset = build(folder, pipeline=[dict(type="LoadStoredImage"), dict(type="LoadLabelMap")])
    assert dataset[0]["gt_seg_map"].shape == dataset[0]["img"].shape[:2] == (6, 8)
    assert look_at(dataset).wrong == []


def test_unreadable_files_are_replaced_in_training_and_refused_where_they_measure(folder):
    (folder / "maps/a.png").unlink()
    (folder / "images/d.jpg").write_bytes(b"x")
    dataset = build(folder)
    found = look_at(dataset)
    assert [name in line for name, line in zip(("a.png does not exist", "d.jpg"), found.unreadable, strict=True)] == [
        True
    ] * 2
    (remark,) = refuse_findings(dataset, found, "training", False)
    assert remark.startswith("2 of 3 training images have files that cannot be read, and will be replaced; the first: ")
    with pytest.raises(
        LabelError, match="2 of 3 test images have files that cannot be read; the first: .*a.jpg has no"
    ):
        refuse_findings(dataset, found, "test", True)
    (folder / "maps/b/c.png").unlink()
    with pytest.raises(LabelError, match="3 of 3 training images have files that cannot be read"):
        refuse_findings(dataset, look_at(dataset), "training", False)


def test_a_class_that_never_occurs_is_said(folder):
    dataset = build(folder, metainfo=dict(classes=(*CLASSES, "dog", "cow")))
    found = look_at(dataset)
    assert found.present == {0, 1, 2, 3} and found.sizes == {(6, 8): 3}
    assert refuse_findings(dataset, found, "validation", True) == [
        "2 of 6 classes never occur in the validation data: dog, cow"
    ]


class RandomCrop:
    pass


def test_several_sizes_need_a_crop():
    found = Findings()
    found.sizes.update({(6, 8): 2, (10, 8): 1})
    with pytest.raises(LabelError, match=r"have 2 sizes \(8 x 6, 8 x 10; .*put a crop into the training pipeline"):
        refuse_several_sizes(found, [LoadImage()], None)
    with pytest.raises(LabelError, match="have 2 sizes"):
        refuse_several_sizes(found, [LoadImage()], (8, 8))
    refuse_several_sizes(found, [LoadImage()], (10, 8))  # the model pads
    refuse_several_sizes(found, [LoadImage(), RandomCrop()], None)
    del found.sizes[6, 8]
    refuse_several_sizes(found, [LoadImage()], None)


def test_the_labelled_part_of_a_loaders_data_set(folder):
    dataset = build(folder)
    assert labelled_part(SeededDataset(dataset)) is dataset
    assert labelled_part([1, 2]) is None
