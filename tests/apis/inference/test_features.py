"""Features of files, some of which cannot be read."""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image

from mimseg.apis import extract_features
from mimseg.datasets import UnreadableImageError


class Means(torch.nn.Module):
    """Mean colour as features."""

    cfg = Config(
        dict(
            test_dataloader=dict(
                dataset=dict(pipeline=[dict(type="LoadImage"), dict(type="CenterResizedCrop", scale=8)])
            )
        )
    )

    def data_preprocessor(self, data):
        return {"inputs": torch.stack(data["inputs"])}

    def extract_features(self, images):
        return images.mean((2, 3))


@pytest.fixture
def folder(tmp_path):
    for number in range(5):
        Image.fromarray(np.full((9, 9, 3), 10 * number + 1, np.uint8)).save(tmp_path / f"{number}.png")
    return tmp_path


@pytest.mark.parametrize("batch_size", [1, 2, 64])
def test_an_unreadable_file_costs_its_own_row_and_is_named(folder, batch_size):
    content = (folder / "2.png").read_bytes()
    (folder / "2.png").write_bytes(content[: len(content) // 2])
    lines = []
    features = extract_features(Means(), [folder], batch_size=batch_size, log=lines.append)
    assert features.isfinite().all(1).tolist() == [True, True, False, True, True]
    torch.testing.assert_close(features[[0, 1, 3, 4], 0], torch.tensor([1.0, 11.0, 31.0, 41.0]))
    (line,) = lines
    assert "2.png" in line


def test_nothing_readable_is_an_error(folder):
    for path in folder.iterdir():
        path.write_bytes(b"")
    with pytest.raises(UnreadableImageError, match="none of the 5 images can be read"):
        extract_features(Means(), [folder], log=lambda line: None)
    with pytest.raises(ValueError, match="no image to read"):
        extract_features(Means(), [])
