import numpy as np
import pytest
from PIL import Image
from torchvision.datasets import STL10

from mimseg.datasets.class_folders import SPLITS, open_split, write_class_folders


def samples(labels):
    generator = np.random.default_rng(0)
    return [(Image.fromarray(generator.integers(0, 256, (4, 4, 3), dtype=np.uint8)), label) for label in labels]


def test_a_folder_a_class_and_none_for_unlabelled(tmp_path):
    written = samples([1, 0, 1, -1])
    assert write_class_folders(written, ("cat", "dog"), tmp_path) == 4
    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.png"))
    assert found == ["00003.png", "cat/00001.png", "dog/00000.png", "dog/00002.png"]
    assert np.array_equal(np.asarray(Image.open(tmp_path / "dog/00002.png")), np.asarray(written[2][0]))


@pytest.mark.parametrize("name", SPLITS)
def test_missing_files_are_one_line(tmp_path, name):
    with pytest.raises(FileNotFoundError, match=f"{name} is not in .* add --download"):
        open_split(name, tmp_path, "train")


def test_stl10_is_read(tmp_path, monkeypatch):
    """The binary layout that its authors publish: one image of 3x96x96, column by column; labels from 1."""
    folder = tmp_path / "stl10_binary"
    folder.mkdir()
    image = np.random.default_rng(0).integers(0, 256, (3, 96, 96), dtype=np.uint8)
    (folder / "unlabeled_X.bin").write_bytes(image.tobytes())
    (folder / "class_names.txt").write_text("bird")
    monkeypatch.setattr(STL10, "_check_integrity", lambda self: True)
    picture, label = next(iter(open_split("stl10", tmp_path, "unlabeled")))
    assert label == -1
    assert np.array_equal(np.asarray(picture), image.transpose(2, 1, 0))
