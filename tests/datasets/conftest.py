"""Shared by the tests of datasets: the default scope that configs set, and small picture folders."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from mmengine.registry import DefaultScope
from PIL import Image


@pytest.fixture(autouse=True)
def mimseg_scope() -> Iterator[None]:
    with DefaultScope.overwrite_default_scope("mimseg"):
        yield


@pytest.fixture
def picture_folder(tmp_path: Path) -> Path:
    """20 readable pictures of 24 x 32 pixels in ``pictures/``."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(20):
        pixels = rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:02d}.jpg", quality=95)
    return folder
