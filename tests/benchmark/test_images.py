import cv2
import numpy as np
import pytest
import torch
from torch import nn

from mimseg.benchmark.images import choose_images
from mimseg.benchmark.subject import Subject

CPU = torch.device("cpu")
PIPELINE = [
    dict(type="LoadImage"),
    dict(type="RandomResizedCrop", scale=(16, 24)),
    dict(type="mmpretrain.PackInputs"),
]


@pytest.fixture
def ours(subject_of):
    subject = subject_of("mae")
    subject.config.train_dataloader = dict(dataset=dict(dataset=dict(pipeline=PIPELINE)))
    return subject


@pytest.fixture
def peer():
    model = nn.Linear(1, 1)
    return Subject("peer", model, (3, 12, 12), model, {})


@pytest.fixture
def folder(tmp_path):
    for index in range(5):
        cv2.imwrite(str(tmp_path / f"{index}.png"), np.full((60, 90, 3), 50 * index, np.uint8))
    return str(tmp_path)


def test_photographs_are_evenly_spaced_and_normalised_at_each_models_size(ours, peer, folder):
    mine, theirs = choose_images([ours, peer], folder, 3, CPU)
    assert mine.shape == (3, 3, 24, 16) and theirs.shape == (3, 3, 12, 12)
    for images in (mine, theirs):
        grey = images.mean(dim=(1, 2, 3)) * 50 + 120
        assert grey.tolist() == pytest.approx([0, 100, 200], abs=1e-3)


def test_random_images_by_default(ours, peer):
    mine, theirs = choose_images([ours, peer], None, 2, CPU)
    assert mine.shape == (2, 3, 24, 16) and theirs.shape == (2, 3, 12, 12)
    assert 0.9 < mine.std() < 1.1


def test_a_folder_that_will_not_do(ours, folder):
    with pytest.raises(ValueError, match="^--images nowhere: there is no such folder$"):
        choose_images([ours], "nowhere", 2, CPU)
    with pytest.raises(ValueError, match="holds 5 images, fewer than a batch of 6; use --batch-size"):
        choose_images([ours], folder, 6, CPU)
