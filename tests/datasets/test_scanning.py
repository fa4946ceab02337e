"""Which files are images: endings, hidden entries, runs' own folders, and how many are passed over."""

import os
from collections import Counter

import pytest

from mimseg.datasets import LabelledFolder, UnlabelledFolder, is_hidden
from mimseg.datasets.scanning import class_folders, scan_images


def _touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")


def _found(root, **arguments):
    return [os.path.relpath(path, root) for path in scan_images(str(root), **arguments)]


@pytest.fixture
def logged(monkeypatch):
    lines = []
    monkeypatch.setattr("mimseg.datasets.scanning.print_log", lambda line, *_, **__: lines.append(line))
    return lines


@pytest.mark.parametrize("name", [".x.jpg", "._x.jpg", ".ipynb_checkpoints", ".DS_Store", "Thumbs.db", "__MACOSX"])
def test_what_systems_leave_behind_is_hidden(tmp_path, name):
    assert is_hidden(name) and not is_hidden("x.jpg")
    _touch(tmp_path, "a.jpg", name if "." in name[1:] else f"{name}/b.jpg")
    counts = Counter()
    assert _found(tmp_path, passed_over=counts) == ["a.jpg"] and counts == {"hidden": 1}


def test_the_folder_of_a_run_is_no_data(tmp_path):
    _touch(tmp_path, "a.jpg", "run/mimseg_run.json", "run/pictures/epoch_1.png", "run/20260101_000000/vis_data/x.png")
    _touch(tmp_path, "old/pictures/losses.png", "old/20250101_120000/vis_data/vis_image/y.png", "pictures/b.jpg")
    assert _found(tmp_path) == ["a.jpg", "pictures/b.jpg"]


def test_in_a_run_of_its_own_folder_the_images_beside_its_files_are_data(tmp_path):
    _touch(tmp_path, "a.jpg", "sub/b.jpg", "mimseg_run.json", "pictures/epoch_1.png", "20260101_000000/vis_data/x.png")
    assert _found(tmp_path) == ["a.jpg", "sub/b.jpg"]


def test_a_run_below_class_folders_is_no_class(tmp_path):
    _touch(tmp_path, "cat/a.jpg", "run/mimseg_run.json", ".ipynb_checkpoints/a.jpg", "notes.txt")
    (tmp_path / "dog").symlink_to(tmp_path / "cat")
    (tmp_path / "loop").symlink_to("loop")
    assert class_folders(tmp_path) == ["cat", "dog"]


def test_a_link_to_itself_is_an_image_by_its_name_only(tmp_path):
    (tmp_path / "a.jpg").symlink_to("a.jpg")
    (tmp_path / "b").symlink_to("b")
    os.mkfifo(tmp_path / "c.png")
    counts = Counter()
    assert _found(tmp_path, passed_over=counts) == ["a.jpg", "c.png"] and counts == {"without ending": 1}


def test_how_many_images_there_are_and_what_is_passed_over_is_logged(tmp_path, logged):
    _touch(tmp_path, "cat/a.JPG", "cat/.b.jpg", "cat/c.gif", "cat/d.GIF", "dog/deep/e.webp", "dog/f.txt")
    UnlabelledFolder(str(tmp_path))
    LabelledFolder(data_root=str(tmp_path))
    counts = "; passed over: 2 .gif, 1 hidden, 1 .txt"
    assert logged == [f"{tmp_path}: 2 images{counts}", f"{tmp_path}: 2 images of 2 classes{counts}"]
    _touch(tmp_path, ".ipynb_checkpoints/1.jpg", "loose.jpg", "run/mimseg_run.json")
    LabelledFolder(data_root=str(tmp_path))
    assert logged[-1].endswith(
        "passed over: 2 hidden, 2 .gif, 1 outside class folders, 1 of a run's own folder, 1 .txt"
    )


def test_a_folder_of_other_files_says_which(tmp_path):
    _touch(tmp_path, "cat/a.gif", "cat/b.gif")
    for build in (lambda: UnlabelledFolder(str(tmp_path)), lambda: LabelledFolder(data_root=str(tmp_path))):
        with pytest.raises(ValueError, match=r"holds no image .*\.webp.*; passed over: 2 \.gif") as caught:
            build()
        assert "\n" not in str(caught.value)
