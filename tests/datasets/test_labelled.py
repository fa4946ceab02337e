"""Images with labels: class folders by the rules of pre-training, and lists."""

import os

import numpy as np
import pytest
from mmpretrain.datasets import CustomDataset
from PIL import Image

from mimseg.datasets import IMAGE_EXTENSIONS, LabelledFolder
from mimseg.registry import DATASETS


def _touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")


def _samples(dataset, root):
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    return [(os.path.relpath(info["img_path"], root), info["gt_label"]) for info in infos]


@pytest.mark.parametrize("ending", IMAGE_EXTENSIONS)
def test_every_ending_of_pre_training_is_read(tmp_path, ending):
    _touch(tmp_path, f"cat/1{ending.upper()}", f"dog/2{ending}")
    dataset = DATASETS.build({"type": "LabelledFolder", "data_root": str(tmp_path)})
    assert _samples(dataset, tmp_path) == [(f"cat/1{ending.upper()}", 0), (f"dog/2{ending}", 1)]
    assert dataset.metainfo["classes"] == ("cat", "dog")


def test_the_order_is_that_of_mmpretrain(tmp_path):
    _touch(tmp_path, "b/z.jpg", "b/a/2.jpg", "b/c.jpg", "b/a/1/x.jpg", "a/1.png", "a/10.png", "a/2.png")
    ours, theirs = LabelledFolder(data_root=str(tmp_path)), CustomDataset(data_root=str(tmp_path))
    assert _samples(ours, tmp_path) == _samples(theirs, tmp_path)
    assert ours.metainfo == theirs.metainfo


def test_hidden_folders_are_no_classes_and_empty_ones_are(tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr("mimseg.datasets.labelled.print_log", lambda line, **_: lines.append(line))
    _touch(tmp_path, "cat/1.jpg", ".ipynb_checkpoints/1.jpg", "fox/notes.txt")
    dataset = LabelledFolder(data_root=str(tmp_path))
    assert dataset.metainfo["classes"] == ("cat", "fox") and len(dataset) == 1
    assert lines == [f"no image of class fox in {tmp_path}"]


def test_arrays_in_class_folders_are_loaded(tmp_path):
    for label, name in enumerate(("cat", "dog")):
        (tmp_path / name).mkdir()
        np.save(tmp_path / name / "a.npy", np.full((4, 5, 6), 1000 * label, np.uint16))
    pipeline = [{"type": "LoadImage", "channels": 6}]
    dataset = LabelledFolder(data_root=str(tmp_path), pipeline=pipeline)
    assert dataset[1]["img"].mean() == 1000 and dataset[1]["gt_label"] == 1


def test_folders_that_do_not_fit_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere.* does not exist: correct data_root"):
        LabelledFolder(data_root=str(tmp_path / "nowhere"))
    _touch(tmp_path, "flat.jpg")
    with pytest.raises(ValueError, match=r"holds no image in class folders; put images into .*/<class>/"):
        LabelledFolder(data_root=str(tmp_path))
    _touch(tmp_path, "cat/1.jpg")
    with pytest.raises(ValueError, match="dataset.classes: 2 are given, but .* has 1 folders"):
        LabelledFolder(data_root=str(tmp_path), classes=["cat", "dog"])


def test_lists_name_files_and_labels(tmp_path):
    _touch(tmp_path, "a b.jpg", "c.jpg")
    (tmp_path / "list.txt").write_bytes("# comment\r\na b.jpg 1\r\n\r\nc.jpg 0\r\n".encode("utf-16"))
    dataset = LabelledFolder(data_root=str(tmp_path), ann_file="list.txt", classes=["x", "y"])
    assert _samples(dataset, tmp_path) == [("a b.jpg", 1), ("c.jpg", 0)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("c.jpg 2\n", "line 1: .*label 2, outside 0 to 1 for the 2 classes"),
        ("c.jpg -1\n", "label -1, outside"),
        ("c.jpg 0\nc.jpg\n", "line 2: 'c.jpg' is no path and label"),
        ("c.jpg cat\n", "line 1: .* is no path and label"),
        ("missing.jpg 0\n", "line 1: .*missing.jpg"),
    ],
)
def test_broken_lists_name_the_line(tmp_path, content, words):
    _touch(tmp_path, "c.jpg")
    (tmp_path / "list.txt").write_text(content)
    with pytest.raises((ValueError, FileNotFoundError), match=words):
        LabelledFolder(data_root=str(tmp_path), ann_file="list.txt", classes=["x", "y"])


def test_pictures_are_read_through_the_pipeline(tmp_path):
    (tmp_path / "cat").mkdir()
    Image.new("RGB", (6, 4), (1, 2, 3)).save(tmp_path / "cat" / "a.webp", lossless=True)
    dataset = LabelledFolder(data_root=str(tmp_path), pipeline=[{"type": "LoadImage"}])
    assert (dataset[0]["img"] == [1, 2, 3]).all()
