"""The scene generator: determinism, consistent masks, and three layouts that agree."""

import json
import os
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mimseg.datasets.scenes import CLASSES, LAYOUTS, make_scene, write_scenes
from mimseg.datasets.scenes.layouts import encode_rle

TOOL = Path(__file__).parents[2] / "tools/make_scenes.py"


def test_same_arguments_give_the_same_scene_in_any_order():
    scenes = [make_scene(index, seed=3) for index in range(6)]
    for index in (4, 1, 5):
        again = make_scene(index, seed=3)
        np.testing.assert_array_equal(again.image, scenes[index].image)
        np.testing.assert_array_equal(again.masks, scenes[index].masks)
        np.testing.assert_array_equal(again.labels, scenes[index].labels)
    pictures = {scene.image.tobytes() for scene in scenes} | {make_scene(0, seed=4).image.tobytes()}
    assert len(pictures) == 7


@pytest.mark.parametrize("size", [(16, 16), (64, 64), (48, 96), (130, 70)])
def test_shapes_types_and_disjoint_masks_at_any_size(size):
    for index in range(12):
        scene = make_scene(index, size)
        assert scene.image.shape == (*size, 3) and scene.image.dtype == np.uint8
        assert scene.masks.shape == (len(scene.labels), *size) and scene.masks.dtype == bool
        assert scene.masks.sum(axis=0).max() <= 1
        assert (scene.masks.sum(axis=(1, 2)) > 0).all()
        assert set(scene.labels.tolist()) <= set(range(len(CLASSES)))


def test_every_class_occurs_and_objects_overlap():
    scenes = [make_scene(index) for index in range(150)]
    counts = np.bincount([scene.main_label for scene in scenes], minlength=len(CLASSES))
    assert len(CLASSES) >= 10 and counts.min() >= 3
    assert max(len(scene.labels) for scene in scenes) == 4
    together = sum(_touching(scene.masks) for scene in scenes)
    assert together > 30


def _touching(masks):
    grown = [np.pad(mask, 1) for mask in masks]
    grown = [m[2:, 1:-1] | m[:-2, 1:-1] | m[1:-1, 2:] | m[1:-1, :-2] for m in grown]
    return any((grown[a] & masks[b]).any() for a in range(len(masks)) for b in range(a))


def test_colour_is_typical_of_a_class_but_does_not_tell_it():
    """Nearest class mean of the average colour: well above chance (10 %), well below the typical hues (80 %)."""
    scenes = [make_scene(index, (32, 32), max_objects=1) for index in range(400)]
    labels = np.array([scene.main_label for scene in scenes])
    colours = np.array([scene.image[scene.masks[0]].mean(axis=0) for scene in scenes])
    means = np.array([colours[:200][labels[:200] == label].mean(axis=0) for label in range(len(CLASSES))])
    predicted = ((colours[200:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert 0.2 < (predicted == labels[200:]).mean() < 0.6


def test_masks_lie_on_what_was_drawn():
    """The mean colour under the mask is the object's, not the background's."""
    scene = make_scene(5, (96, 96), max_objects=1)
    inside = scene.image[scene.masks[0]].astype(float).mean(axis=0)
    outside = scene.image[~scene.masks[0]].astype(float).mean(axis=0)
    assert np.abs(inside - outside).max() > 20


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"index": 0, "size": (8, 64)}, "at least 16"),
        ({"index": -1}, "index=-1"),
        ({"index": 0, "max_objects": 0}, "max_objects=0"),
    ],
)
def test_bad_arguments_are_named(arguments, words):
    with pytest.raises(ValueError, match=words):
        make_scene(**arguments)


@pytest.fixture(scope="module")
def scene_root(tmp_path_factory):
    root = tmp_path_factory.mktemp("scenes") / "set"
    assert write_scenes(root, train=12, val=5, size=(40, 56), seed=1)
    return root


@pytest.mark.parametrize(("split", "ade_split", "count"), [("train", "training", 12), ("val", "validation", 5)])
def test_three_layouts_hold_one_scene_set(scene_root, split, ade_split, count):
    pycocotools = pytest.importorskip("pycocotools.coco")
    coco = pycocotools.COCO(str(scene_root / f"coco/annotations/instances_{split}.json"))
    assert len(coco.imgs) == count and [c["name"] for c in coco.loadCats(coco.getCatIds())] == list(CLASSES)
    by_number = {path.stem: path for path in (scene_root / "imagefolder" / split).glob("*/*.jpg")}
    assert len(by_number) == count
    for image in coco.imgs.values():
        stem = Path(image["file_name"]).stem
        values = np.asarray(Image.open(scene_root / f"ade/annotations/{ade_split}/{stem}.png"))
        assert values.shape == (40, 56) == (image["height"], image["width"])
        rebuilt = np.zeros_like(values)
        annotations = coco.loadAnns(coco.getAnnIds(image["id"]))
        for annotation in annotations:
            mask = coco.annToMask(annotation).astype(bool)
            assert mask.sum() == annotation["area"]
            rows, columns = np.nonzero(mask)
            left, top, width, height = annotation["bbox"]
            assert (left, top) == (columns.min(), rows.min())
            assert (left + width - 1, top + height - 1) == (columns.max(), rows.max())
            assert not rebuilt[mask].any()
            rebuilt[mask] = annotation["category_id"]
        np.testing.assert_array_equal(rebuilt, values)
        largest = max(annotations, key=lambda annotation: annotation["area"])
        assert by_number[stem].parent.name == CLASSES[largest["category_id"] - 1]
        same = [by_number[stem], scene_root / f"coco/{split}/{stem}.jpg"]
        same.append(scene_root / f"ade/images/{ade_split}/{stem}.jpg")
        assert len({path.read_bytes() for path in same}) == 1
        assert os.stat(same[0]).st_nlink == 3


def test_splits_differ(scene_root):
    pictures = [path.read_bytes() for path in scene_root.glob("coco/*/*.jpg")]
    assert len(set(pictures)) == 17


def test_larger_set_begins_with_the_smaller(scene_root, tmp_path):
    write_scenes(tmp_path / "more", train=14, val=6, size=(40, 56), seed=1, layouts=["coco"])
    for path in scene_root.glob("coco/*/*.jpg"):
        assert (tmp_path / "more" / path.relative_to(scene_root)).read_bytes() == path.read_bytes()
    assert not (tmp_path / "more/ade").exists()


def test_rerun_does_nothing_and_other_parameters_need_overwrite(tmp_path):
    assert write_scenes(tmp_path, train=2, val=1)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert not write_scenes(tmp_path, train=2, val=1)
    with pytest.raises(FileExistsError, match=r"train 2 -> 3.*--overwrite"):
        write_scenes(tmp_path, train=3, val=1)
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert write_scenes(tmp_path, train=3, val=1, overwrite=True)
    assert len(list(tmp_path.glob("coco/train/*.jpg"))) == 3


def test_interrupted_writing_is_recovered(tmp_path, monkeypatch):
    from mimseg.datasets.scenes import writing

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(writing.Ade, "close", interrupt)
        patch.setitem(writing.LAYOUTS, "ade", writing.Ade)
        with pytest.raises(KeyboardInterrupt):
            write_scenes(tmp_path, train=2, val=1)
    assert not (tmp_path / "manifest.json").exists()
    (tmp_path / "coco/train/000001.jpg").write_bytes(b"half a file")
    assert write_scenes(tmp_path, train=2, val=1)
    assert Image.open(tmp_path / "coco/train/000001.jpg").size == (64, 64)
    assert json.loads((tmp_path / "manifest.json").read_text())["train"] == 2
    assert not (tmp_path / "unfinished.json").exists()


def test_foreign_folders_are_left_alone(tmp_path):
    (tmp_path / "coco").mkdir()
    (tmp_path / "coco/precious.txt").write_text("mine")
    for overwrite in (False, True):
        with pytest.raises(FileExistsError, match="not written by make_scenes"):
            write_scenes(tmp_path, train=1, val=1, overwrite=overwrite)
    assert (tmp_path / "coco/precious.txt").read_text() == "mine"


def test_pictures_are_copied_where_links_fail(tmp_path, monkeypatch):
    def no_links(*_):
        raise OSError("no hard links here")

    monkeypatch.setattr(os, "link", no_links)
    write_scenes(tmp_path, train=1, val=1, size=(16, 16))
    names = [path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*.jpg")]
    assert sorted(names) == sorted(list(LAYOUTS) * 2)


def test_command_line(tmp_path, monkeypatch, capsys):
    def run(*more):
        arguments = [tmp_path, "--train", 2, "--val", 1, "--size", 24, 32, "--layouts", "imagefolder", *more]
        monkeypatch.setattr(sys, "argv", ["make_scenes.py", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(TOOL), run_name="__main__")
        return ended.value.code, *capsys.readouterr()

    code, out, _ = run()
    assert code == 0 and "wrote 2 training and 1 validation" in out
    code, out, _ = run()
    assert code == 0 and "nothing to do" in out
    code, _, error = run("--seed", 1)
    assert code == 2 and error.count("\n") == 1 and "--overwrite" in error
    pictures = list(tmp_path.glob("imagefolder/train/*/*.jpg"))
    assert len(pictures) == 2 and Image.open(pictures[0]).size == (32, 24)


@pytest.mark.parametrize(
    ("mask", "counts"),
    [
        ([[0, 1], [0, 1]], [2, 2]),
        ([[1, 0], [1, 0]], [0, 2, 2]),
        ([[0, 0, 1], [1, 0, 1]], [1, 1, 2, 2]),
        ([[1, 1], [1, 1]], [0, 4]),
    ],
)
def test_run_lengths_are_column_major(mask, counts):
    assert encode_rle(np.array(mask, dtype=bool)) == {"size": list(np.shape(mask)), "counts": counts}
