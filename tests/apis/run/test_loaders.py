"""Every loader of every shape that is shipped reads without workers, too."""

from pathlib import Path

import pytest
from mmengine.config import Config
from torch.utils.data import DataLoader

from mimseg.apis import load_config
from mimseg.apis.run.loaders import OF_WORKERS, drop_settings_of_workers

CONFIGS = Path(__file__).parents[3] / "configs"
SHAPES = (
    "hpm/vitb_200e.py",
    "cifar10/mae_vit-micro.py",
    "cifar10/pass_mae-vit-micro_10k.py",
    "finetune/vitb_100e.py",
    "knn/vitb.py",
    "demo/mask-rcnn_vit-micro_scenes.py",
    "demo/upernet_vit-micro_scenes.py",
)


def loaders(value):
    """All dicts that describe a loader."""
    if isinstance(value, dict):
        if "num_workers" in value:
            yield value
        for inner in value.values():
            yield from loaders(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from loaders(inner)


@pytest.mark.parametrize("name", SHAPES)
def test_without_workers(name):
    cfg = load_config(CONFIGS / name)
    found = list(loaders(cfg._cfg_dict))
    assert found
    for loader in found:
        loader["num_workers"] = 0
        loader["prefetch_factor"] = 4
    drop_settings_of_workers(cfg)
    for loader in loaders(cfg._cfg_dict):
        options = {
            key: value
            for key, value in loader.items()
            if key in (*OF_WORKERS, "num_workers", "batch_size", "drop_last")
        }
        (batch,) = DataLoader([1], **{**options, "batch_size": 1})
        assert batch.tolist() == [1]


def test_with_workers_nothing_is_dropped():
    loader = dict(num_workers=2, persistent_workers=True, prefetch_factor=4)
    cfg = Config(dict(train_dataloader=dict(loader)))
    drop_settings_of_workers(cfg)
    assert cfg.train_dataloader == loader
