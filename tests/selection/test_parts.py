"""Noise by place, ranking, the training set seen through another pipeline, tables and galleries."""

import csv
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.dataset import Compose
from mmengine.registry import DefaultScope

from mimseg.datasets import SeededDataset, UnlabelledFolder
from mimseg.datasets.sampler import mix_seed
from mimseg.registry import TRANSFORMS
from mimseg.selection.ledger import Ledger
from mimseg.selection.noise import noise_at
from mimseg.selection.ranking import keep_first, rank
from mimseg.selection.records import ends, name_of, save_table, sides
from mimseg.selection.view import view
from mimseg.visualization import draw_gallery


def test_noise_is_a_function_of_seed_round_and_index():
    """Against the scalar mixing of Python's whole numbers."""
    indices = torch.tensor([3, 0, 1_281_166])
    noise = noise_at(7, 2, indices, 5)
    for row, index in zip(noise.tolist(), indices.tolist(), strict=True):
        state = mix_seed(mix_seed(mix_seed(0, 7), 2), index)
        assert row == [(mix_seed(state, column) >> 40) / 2**24 for column in range(5)]
    assert noise.dtype == torch.float32
    assert torch.equal(noise_at(7, 2, indices[1:], 5), noise[1:])
    assert not torch.isin(noise_at(8, 2, indices, 5), noise).any()
    assert not torch.isin(noise_at(7, 3, indices, 5), noise).any()
    assert noise_at(7, 2, indices, 0).shape == (3, 0)


def test_noise_is_uniform_and_uncorrelated():
    noise = noise_at(0, 1, torch.arange(20_000), 3).double()
    assert torch.allclose(noise.mean(dim=0), torch.full((3,), 0.5).double(), atol=0.01)
    assert torch.allclose(noise.var(dim=0), torch.full((3,), 1 / 12).double(), atol=2e-3)
    assert (torch.corrcoef(torch.cat([noise[1:], noise[:-1]], dim=1).T) - torch.eye(6)).abs().max() < 0.03
    assert noise.min() >= 0 and noise.max() < 1


def test_a_ranking_puts_equal_scores_in_order_and_what_is_no_number_last():
    scores = np.array([1, np.nan, 3, -np.inf, 3, 2, np.inf], dtype=np.float32)
    assert rank(scores).tolist() == [6, 2, 4, 5, 0, 3, 1]
    assert keep_first(rank(scores), 4).tolist() == [2, 4, 5, 6]


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
    seen = view(train, "center")
    assert names(seen) == ["LoadImage", "CenterResizedCrop", "PackInputs"]
    centre = seen.dataset.pipeline.transforms[1]
    assert (centre.scale, centre.interpolation, centre.crop_fraction) == ((8, 6), "bilinear", 0.875)
    assert names(train) == ["LoadImage", "RandomResizedCrop", "RandomFlip", "PackInputs"]
    assert seen.dataset.data_bytes is train.dataset.data_bytes and seen.unreadable is train.unreadable
    assert torch.equal(seen[1, 5]["inputs"], seen[1, 6]["inputs"]) and seen[1, 5]["inputs"].shape == (3, 8, 6)
    joined = dataset_of(images, [dict(type="LoadResizedCrop", scale=8, channels=1), flip])
    assert names(view(joined, "center")) == ["LoadImage", "CenterResizedCrop"]
    assert view(joined, "center").dataset.pipeline.transforms[0].channels == 1
    assert view(train, "train") is train
    plain = view(train, [dict(type="LoadImage"), pack])
    assert names(plain) == ["LoadImage", "PackInputs"] and plain[0]["inputs"].shape == (3, 10, 12)


def test_a_view_reaches_into_joined_datasets():
    inner = [SimpleNamespace(pipeline=Compose([TRANSFORMS.build(dict(type="RandomResizedCrop", scale=4))]))]
    seen = view(SimpleNamespace(datasets=inner * 2), "center")
    assert [type(part.pipeline.transforms[0]).__name__ for part in seen.datasets] == ["CenterResizedCrop"] * 2
    with pytest.raises(ValueError, match="list has no pipeline to score images with; use transform='train'"):
        view([1, 2], "center")


def test_a_table_has_both_ends_of_a_long_ranking(tmp_path):
    assert ends(5, 3) == [0, 1, 2, 3, 4] and ends(9, 2) == [0, 1, 7, 8]
    scores = np.arange(3000, dtype=np.float32)
    save_table(tmp_path / "table.csv", range(3000), scores, rank(scores), 10)
    rows = list(csv.DictReader((tmp_path / "table.csv").read_text().splitlines()))
    assert [int(row["rank"]) for row in rows] == [*range(1, 1001), *range(2001, 3001)]
    assert [row["kept"] for row in rows].count("yes") == 10
    assert rows[0] == dict(rank="1", score="2999", kept="yes", index="2999", path="sample 2999")
    assert name_of(SimpleNamespace(get_data_info=lambda index: {"img_path": f"{index}.png"}), 4) == "4.png"


def test_no_dropped_image_is_shown_as_a_kept_one():
    (kept, dropped), headings = sides(np.arange(40), 12)
    assert kept.tolist() == list(range(12)) and dropped.tolist() == list(range(39, 27, -1))
    assert headings == ("kept: ranks 1 to 12", "dropped: ranks 40 to 29")
    assert [len(block) for block in sides(np.arange(1000), 300)[0]] == [20, 20]
    assert sides(np.arange(5), 5)[1] == ("kept: ranks 1 to 5", "kept, too: ranks 5 to 1")
    assert [len(block) for block in sides(np.arange(5), 4)[0]] == [1, 1]


def test_a_gallery_has_as_many_pictures_as_it_is_given():
    zero, one = torch.zeros(3, 1, 1), torch.ones(3, 1, 1)
    images = torch.rand(7, 3, 8, 8) * 255
    captions = [f"{n}.5" for n in range(7)]
    figure = draw_gallery(images, images, (captions, captions), ("high", "low"), zero, one, "title", columns=3)
    drawn = [axes.images[0].get_array() for axes in figure.axes]
    assert len(drawn) == 12  # two rows of three in both blocks
    assert [axes.get_xlabel() for axes in figure.axes][:6] == ["0.5", "1.5", "2.5", "0.5", "1.5", "2.5"]
    np.testing.assert_allclose(drawn[1], images[1].permute(1, 2, 0) / 255, atol=1e-6)
    with pytest.raises(ValueError, match="as many captions as images, in both blocks alike; got \\[6, 7\\]"):
        draw_gallery(images, images[:6], (captions, captions), ("high", "low"), zero, one, "title")


def test_what_the_tasks_cost_is_what_their_images_took_longer(monkeypatch):
    now = iter([0.0, 0.0, 1.0, 2.0, 6.0, 6.0, 9.0, 9.5, 9.5])
    monkeypatch.setattr("time.monotonic", lambda: next(now))
    ledger = Ledger()
    ledger.start()
    ledger.add_iteration(10, False)
    ledger.add_iteration(10, False)  # 0.1 s an image
    ledger.add_iteration(20, True)  # 0.2 s an image
    ledger.start()
    assert ledger.add_selection() == 3.0
    ledger.add_records()
    assert (ledger.images, ledger.seconds, ledger.selection_seconds, ledger.record_seconds) == (40, 6.0, 3.0, 0.5)
    assert ledger.predictor_seconds == pytest.approx(2.0)
    assert Ledger(**ledger.state()) == ledger
