"""Every k-NN config, shrunk, through its loop on tiny images, and in step with the configs whose models it tests."""

import copy
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mimseg.apis import build_tester, check_keys, load_config
from mimseg.registry import MODELS

ROOT = Path(__file__).parents[2]
CONFIGS = sorted(path.stem for path in (ROOT / "configs" / "knn").glob("*.py"))
TRAINED_BY = {
    "cifar10_vit-micro": ["cifar10/mae_vit-micro", "cifar10/hpm_vit-micro"],
    "digits_vit-micro": ["demo/hpm_vit-micro_digits"],
    "scenes_vit-micro": ["demo/mae_vit-micro_scenes", "demo/hpm_vit-micro_scenes"],
    "simmim_swinb": ["simmim/swinb_100e", "simmim/swinb_800e"],
    "simmim_vitb": ["simmim/vitb_200e", "sbam/simmim-vitb_400e"],
    "vitb": ["mae/vitb_200e", "hpm/vitb_200e", "gpa/vitb_200e", "sbam/mae-vitb_400e_amr"],
    "vitl": ["mae/vitl_200e", "hpm/vitl_200e"],
}


def load(name: str) -> Config:
    return load_config(ROOT / "configs" / f"{name}.py")


@pytest.fixture(scope="module")
def images(tmp_path_factory) -> Path:
    """Folders train and test of two classes: bright and dark noise, which any features tell apart."""
    folder = tmp_path_factory.mktemp("images")
    generator = np.random.default_rng(0)
    for split, number in (("train", 6), ("test", 3)):
        for name, level in (("bright", 150), ("dark", 0)):
            (folder / split / name).mkdir(parents=True)
            for index in range(number):
                pixels = level + generator.integers(0, 100, (96, 96, 3))
                cv2.imwrite(str(folder / split / name / f"{index}.png"), pixels.astype(np.uint8))
    return folder


def shrink(cfg: Config, images: Path, work_dir: Path) -> Config:
    """One narrow block, tiny images, no worker processes; the digits stay, fewer of them."""
    swin = dict(embed_dim=8, depths=(1, 1, 1, 1), num_heads=(1, 1, 2, 2))
    cfg.model.encoder.arch = swin if "window_size" in cfg.model.encoder else dict(embed_dim=16, depth=1, num_heads=2)
    for loader, split in ((cfg.test_dataloader, "test"), (cfg.test_cfg.neighbours, "train")):
        loader.num_workers = 0
        if "data_root" in loader.dataset:
            loader.dataset.data_root = str(images / split)
        else:
            loader.dataset.indices = 300
    cfg.work_dir = str(work_dir)
    cfg.visualizer = None
    return cfg


@pytest.mark.parametrize("name", CONFIGS)
def test_the_shrunk_config_runs(name, images, tmp_path, monkeypatch):
    monkeypatch.setattr("mmengine.runner.runner.collect_env", dict)  # takes a second
    torch.set_num_threads(1)
    cfg = load(f"knn/{name}")
    check_keys(cfg)
    cfg = shrink(cfg, images, tmp_path / "run")
    init_default_scope("mimseg")
    torch.save({"state_dict": MODELS.build(copy.deepcopy(cfg.model)).state_dict()}, tmp_path / "weights.pth")
    metrics = build_tester(cfg, tmp_path / "weights.pth").test()
    # 12 neighbours of two classes, or 300 digits of ten
    assert {"knn/top1_k10", "knn/best", "knn/best_k"} <= set(metrics)
    assert metrics["knn/best"] > 25 if name == "digits_vit-micro" else metrics["knn/best"] == 100


@pytest.mark.parametrize(("name", "trained_by"), [(name, by) for name, each in TRAINED_BY.items() for by in each])
def test_it_normalises_and_cuts_as_the_training_did(name, trained_by):
    ours, theirs = load(f"knn/{name}").model, load(trained_by).model
    theirs.encoder.pop("drop_path", None)  # of no effect on features
    assert (ours.data_preprocessor, ours.encoder) == (theirs.data_preprocessor, theirs.encoder)


@pytest.mark.parametrize("name", ["cifar10", "cifar100", "stl10", "scenes"])
def test_it_takes_the_images_and_encoder_of_the_linear_probe(name):
    ours, theirs = load(f"knn/{name}_vit-micro"), load(f"linear/{name}_vit-micro")
    assert (ours.model.data_preprocessor, ours.model.encoder) == (theirs.model.data_preprocessor, theirs.model.encoder)
    assert ours.test_dataloader.dataset == theirs.test_dataloader.dataset
    assert ours.test_cfg.neighbours.dataset.data_root == theirs.train_dataloader.dataset.dataset.data_root


def test_it_is_dinos_protocol():
    for name in CONFIGS:
        loop = load(f"knn/{name}").test_cfg
        assert (tuple(loop.ks), loop.pool, loop.temperature) == ((10, 20, 100, 200), "avg", 0.07)
    crops = [step for step in load("knn/vitb").test_dataloader.dataset.pipeline if step.type == "CenterResizedCrop"]
    assert [(crop.scale, crop.crop_fraction) for crop in crops] == [(224, 224 / 256)]
