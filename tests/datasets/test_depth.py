"""One data set has one type of values."""

import cv2
import numpy as np
import pytest
from torch.utils.data import DataLoader

from mimseg.datasets import LoadImage, LoadResizedCrop, SeededDataset, UnlabelledFolder, UnreadableImageError

RNG = np.random.default_rng(0)


@pytest.fixture
def mixed(tmp_path):
    """Seven files of 8 bits, and one of 16 that comes first."""
    for number in range(7):
        assert cv2.imwrite(str(tmp_path / f"b{number}.jpg"), RNG.integers(0, 256, (12, 12, 3), dtype=np.uint8))
    assert cv2.imwrite(str(tmp_path / "a.png"), RNG.integers(256, 65536, (12, 12, 3), dtype=np.uint16))
    return tmp_path


def folder(root, **load):
    pipeline = [{"type": "LoadResizedCrop", "scale": 8, **load}, {"type": "mmpretrain.PackInputs"}]
    return UnlabelledFolder(str(root), pipeline=pipeline)


@pytest.mark.parametrize("workers", [0, 2])
def test_an_odd_file_is_replaced_and_never_mixed_in(mixed, workers):
    dataset = SeededDataset(folder(mixed))
    batches = list(DataLoader(dataset, 4, num_workers=workers, collate_fn=list))
    assert {item["inputs"].dtype.itemsize for batch in batches for item in batch} == {1}
    assert dataset.unreadable_files() == [str(mixed / "a.png")]
    with pytest.raises(UnreadableImageError, match=r"a\.png.*uint16.*b1\.jpg.*uint8.*mixed_depths='rescale'"):
        dataset.dataset[0]


def test_a_folder_half_and_half_stops_with_a_line_that_names_both_kinds(mixed):
    for number in range(3):
        np.save(mixed / f"c{number}.npy", RNG.random((12, 12, 3)))
    dataset = SeededDataset(folder(mixed))
    with pytest.raises(RuntimeError, match=r"2 of 11 images .*float.*uint8.*one data set needs one scale"):
        [dataset[(index, 0)] for index in range(11)]


def test_all_depths_go_together_where_they_are_rescaled(mixed):
    dataset = folder(mixed, mixed_depths="rescale")
    items = [dataset[index]["inputs"] for index in range(8)]
    assert {str(item.dtype) for item in items} == {"torch.float32"}
    load = LoadImage(mixed_depths="rescale")
    whole = load({"img_path": str(mixed / "a.png")})["img"]
    stored = cv2.imread(str(mixed / "a.png"), cv2.IMREAD_UNCHANGED)[..., ::-1]
    np.testing.assert_allclose(whole, stored / 257, rtol=1e-6)
    np.save(mixed / "f.npy", RNG.random((12, 12, 3)))
    with pytest.raises(UnreadableImageError, match="float64, whose range is not known"):
        load({"img_path": str(mixed / "f.npy")})


def test_the_first_file_tells_where_no_data_set_does(mixed):
    load = LoadImage()
    load({"img_path": str(mixed / "b0.jpg")})
    with pytest.raises(UnreadableImageError, match=r"a\.png.*uint16.*b0\.jpg"):
        load({"img_path": str(mixed / "a.png")})


def test_floats_of_any_width_go_together(tmp_path):
    load = LoadImage()
    for dtype in ("f2", "f4", "f8"):
        np.save(tmp_path / "a.npy", np.ones((4, 5, 3), dtype))
        assert load({"img_path": str(tmp_path / "a.npy")})["img"].dtype == np.float32


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="mixed_depths must be 'refuse' or 'rescale', got 'mix'"):
        LoadImage(mixed_depths="mix")
    with pytest.raises(ValueError, match="max_pixels=0"):
        LoadResizedCrop(8, max_pixels=0)
