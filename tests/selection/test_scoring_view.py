"""The training set seen through another pipeline."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.dataset import Compose
from mmengine.registry import DefaultScope

from mimseg.datasets import SeededDataset, UnlabelledFolder
from mimseg.registry import TRANSFORMS
from mimseg.selection.scoring_view import scoring_view


@pytest.fixture(autouse=True)
def mimseg_scope():
    with DefaultScope.overwrite_default_scope("mimseg"):
        yield


@pytest.fixture
def images(tmp_path):
    for index in range(2):
        np.save(tmp_path / f"{index}.npy", np.full((10, 12, 3), index, dtype=np.uint8))
    return tmp_path


def dataset_of(folder, pipeline):
    return SeededDataset(UnlabelledFolder(str(folder), pipeline=pipeline))


def names(dataset) -> list[str]:
    return [type(transform).__name__ for transform in dataset.dataset.pipeline.transforms]


def test_random_crops_become_centre_crops_and_other_random_transforms_go(images):
    crop = dict(type="RandomResizedCrop", scale=(8, 6), interpolation="bilinear")
    flip = dict(type="mmpretrain.RandomFlip", prob=0.5)
    pack = dict(type="mmpretrain.PackInputs", meta_keys=("img_path",))
    train = dataset_of(images, [dict(type="LoadImage"), crop, flip, pack])
    seen = scoring_view(train, "center")
    assert names(seen) == ["LoadImage", "CenterResizedCrop", "PackInputs"]
    centre = seen.dataset.pipeline.transforms[1]
    assert (centre.scale, centre.interpolation, centre.crop_fraction) == ((8, 6), "bilinear", 0.875)
    assert names(train) == ["LoadImage", "RandomResizedCrop", "RandomFlip", "PackInputs"]
    assert seen.dataset.data_bytes is train.dataset.data_bytes and seen.unreadable is train.unreadable
    assert torch.equal(seen[1, 5]["inputs"], seen[1, 6]["inputs"]) and seen[1, 5]["inputs"].shape == (3, 8, 6)
    joined = dataset_of(images, [dict(type="LoadResizedCrop", scale=8, channels=1), flip])
    assert names(scoring_view(joined, "center")) == ["LoadImage", "CenterResizedCrop"]
    assert scoring_view(joined, "center").dataset.pipeline.transforms[0].channels == 1
    assert scoring_view(train, "train") is train
    plain = scoring_view(train, [dict(type="LoadImage"), pack])
    assert names(plain) == ["LoadImage", "PackInputs"] and plain[0]["inputs"].shape == (3, 10, 12)


def test_a_view_reaches_into_joined_datasets():
    inner = [SimpleNamespace(pipeline=Compose([TRANSFORMS.build(dict(type="RandomResizedCrop", scale=4))]))]
    seen = scoring_view(SimpleNamespace(datasets=inner * 2), "center")
    assert [type(part.pipeline.transforms[0]).__name__ for part in seen.datasets] == ["CenterResizedCrop"] * 2
    with pytest.raises(ValueError, match="list has no pipeline to score images with; use transform='train'"):
        scoring_view([1, 2], "center")
