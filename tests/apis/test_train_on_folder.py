"""``--data DIR``: other images, same pipeline."""

import pytest
from mmengine.config import Config

from mimseg.apis import train_on_folder

PIPELINE = [dict(type="LoadImage"), dict(type="PackInputs")]


def config(dataset):
    return Config(dict(train_dataloader=dict(batch_size=2, dataset=dataset)))


def test_the_dataset_is_replaced_and_the_pipeline_kept(tmp_path):
    inner = dict(type="Other", data_root="elsewhere", split="train", pipeline=PIPELINE)
    cfg = config(dict(type="SeededDataset", max_unreadable=0.3, dataset=inner))
    train_on_folder(cfg, tmp_path)
    assert cfg.train_dataloader.to_dict() == dict(
        batch_size=2,
        dataset=dict(
            type="SeededDataset",
            max_unreadable=0.3,
            dataset=dict(type="UnlabelledFolder", data_root=str(tmp_path), pipeline=PIPELINE),
        ),
    )


def test_a_dataset_without_wrapper_gets_one(tmp_path):
    cfg = config(dict(type="Other", pipeline=PIPELINE))
    train_on_folder(cfg, tmp_path)
    assert cfg.train_dataloader.dataset.type == "SeededDataset"


def test_a_missing_folder_and_a_missing_pipeline_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="--data .*nowhere: there is no such folder"):
        train_on_folder(config(dict(type="Other", pipeline=PIPELINE)), tmp_path / "nowhere")
    with pytest.raises(ValueError, match="no pipeline"):
        train_on_folder(config(dict(type="Other")), tmp_path)
