"""Unlabelled folders and list files, digits, and mmpretrain's labelled folders behind our transforms."""

import os

import numpy as np
import pytest
from mmengine.dataset import default_collate
from mmengine.runner import Runner
from PIL import Image

from mimseg.datasets import DigitsDataset, SeededDataset, UnlabelledFolder
from mimseg.registry import DATASETS

PIPELINE = [
    {"type": "LoadImage"},
    {"type": "RandomResizedCrop", "scale": 16},
    {"type": "mmpretrain.PackInputs"},
]


def _touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")


def _names(dataset, root):
    paths = [dataset.get_data_info(index)["img_path"] for index in range(len(dataset))]
    return [os.path.relpath(path, root) for path in paths]


def test_flat_and_nested_in_a_fixed_order(tmp_path):
    _touch(
        tmp_path,
        "b.JPG",
        "a.png",
        "x/2.webp",
        "x/y/3.tiff",
        "x/1.npy",
        "w/4.bmp",
        "notes.txt",
        ".hid.png",
        ".d/a.png",
    )
    expected = ["a.png", "b.JPG", "w/4.bmp", "x/1.npy", "x/2.webp", "x/y/3.tiff"]
    assert _names(UnlabelledFolder(str(tmp_path)), tmp_path) == expected
    assert _names(UnlabelledFolder(str(tmp_path), extensions=[".png"]), tmp_path) == ["a.png"]
    assert _names(UnlabelledFolder(str(tmp_path), indices=2), tmp_path) == expected[:2]


def test_links_are_followed_and_loops_end(tmp_path):
    _touch(tmp_path, "data/a.png", "elsewhere/b.png")
    (tmp_path / "data/loop").symlink_to(tmp_path / "data")
    (tmp_path / "data/other").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/back").symlink_to(tmp_path / "data")
    (tmp_path / "data/dangling.png").symlink_to(tmp_path / "nowhere.png")
    names = _names(UnlabelledFolder(str(tmp_path / "data")), tmp_path / "data")
    assert names == ["a.png", "dangling.png", "other/b.png"]


def test_list_file_with_comments_blank_lines_and_absolute_paths(tmp_path):
    _touch(tmp_path, "root/a.png", "root/sub/b c.png", "c.jpg")
    (tmp_path / "root/list.txt").write_text(f"# first\nsub/b c.png\n\n  a.png  \n{tmp_path}/c.jpg\n")
    dataset = UnlabelledFolder(str(tmp_path / "root"), ann_file="list.txt")
    assert _names(dataset, tmp_path / "root") == ["sub/b c.png", "a.png", "../c.jpg"]


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (
            "a.png\n\nmissing.png\nb.png\n",
            FileNotFoundError,
            "list.txt' names 2 of 3 .*line 3: .*missing.png",
        ),
        ("# nothing\n", ValueError, "names no image"),
        (None, FileNotFoundError, "list file .*list.txt' does not exist"),
    ],
)
def test_bad_lists_are_named_in_one_line(tmp_path, content, error, words):
    _touch(tmp_path, "a.png")
    if content is not None:
        (tmp_path / "list.txt").write_text(content)
    with pytest.raises(error, match=words) as caught:
        UnlabelledFolder(str(tmp_path), ann_file="list.txt")
    assert "\n" not in str(caught.value)


def test_missing_and_empty_folders_are_named_in_one_line(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere' does not exist"):
        UnlabelledFolder(str(tmp_path / "nowhere"))
    _touch(tmp_path, "deep/notes.txt")
    with pytest.raises(ValueError, match=r"holds no image at any depth.*\.jpg"):
        UnlabelledFolder(str(tmp_path))


def test_unknown_arguments_are_errors(tmp_path):
    with pytest.raises(TypeError):
        UnlabelledFolder(str(tmp_path), shuffle=True)


@pytest.mark.parametrize(("split", "count"), [("train", 1437), ("val", 360)])
def test_digits(split, count):
    pipeline = [{"type": "LoadImage", "channels": 1}, {"type": "mmpretrain.PackInputs"}]
    dataset = DATASETS.build({"type": "DigitsDataset", "split": split, "pipeline": pipeline})
    assert len(dataset) == count and dataset.metainfo["classes"] == tuple("0123456789")
    assert set(np.unique(dataset.get_gt_labels())) == set(range(10))
    item = dataset[3]
    assert item["inputs"].shape == (1, 8, 8) and item["inputs"].max() > 200
    assert item["data_samples"].img_path.startswith("digits/")


def test_digits_splits_are_disjoint_and_stable():
    paths = {s: {d["img_path"] for d in map(DigitsDataset(s).get_data_info, range(360))} for s in ("train", "val")}
    assert not paths["train"] & paths["val"]
    np.testing.assert_array_equal(DigitsDataset("val")[7]["img"], DigitsDataset("val")[7]["img"])
    with pytest.raises(ValueError, match="'test'"):
        DigitsDataset("test")


@pytest.fixture
def class_folder(tmp_path):
    rng = np.random.default_rng(1)
    for name in ("cat", "dog"):
        for number in range(6):
            path = tmp_path / f"train/{name}/{number}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(path)
    return tmp_path


@pytest.mark.parametrize("kind", ["mmpretrain.CustomDataset", "mmpretrain.ImageNet"])
def test_labelled_folders_of_mmpretrain_behind_the_wrapper(class_folder, kind):
    inner = {"type": kind, "data_root": str(class_folder), "pipeline": PIPELINE}
    if kind.endswith("ImageNet"):
        inner |= {"split": "train", "data_prefix": "train", "classes": ["cat", "dog"]}
    else:
        inner |= {"data_prefix": "train"}
    loader = Runner.build_dataloader(
        {
            "dataset": {"type": "SeededDataset", "dataset": inner},
            "sampler": {"type": "SeededSampler", "multiple_of": 4},
            "batch_size": 4,
            "num_workers": 0,
            "collate_fn": {"type": "default_collate"},
        },
        seed=0,
    )
    batches = list(loader)
    assert len(batches) == len(loader) == 3
    assert all(batch["inputs"].shape == (4, 3, 16, 16) for batch in batches)
    labels = sorted(int(sample.gt_label) for batch in batches for sample in batch["data_samples"])
    assert labels == [0] * 6 + [1] * 6
    assert loader.dataset.metainfo["classes"] in (("cat", "dog"), ["cat", "dog"])


def test_cifar_arrays_need_no_file(class_folder):
    """mmpretrain's CIFAR10 and MNIST hand over arrays: LoadImage lets them through."""
    digits = SeededDataset(DigitsDataset("val", pipeline=[{"type": "LoadImage", "channels": 1}, *PIPELINE[1:]]))
    batch = default_collate([digits[(index, 5)] for index in range(3)])
    assert batch["inputs"].shape == (3, 1, 16, 16)
