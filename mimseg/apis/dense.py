"""What detectors and segmentors of mmdet and mmseg need before they can be built."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from mmengine.config import Config

from ..packages import require
from ..quiet import quiet_imports

TASKS = {"mmdet": "detection", "mmseg": "segmentation"}


def is_dense(cfg: Config) -> bool:
    """Whether a config is of a detector or segmentor."""
    return cfg.get("default_scope") in TASKS


def import_task(cfg: Config) -> None:
    """Import the library of a detection or segmentation config; does nothing for others.

    Raises:
        ValueError: it is not installed, or detection finds an mmcv without compiled ops; names the command that
            installs them.
    """
    if not is_dense(cfg):
        return
    scope = cfg.default_scope
    require(scope, TASKS[scope])
    with quiet_imports():
        import_module(f"{scope}.models")


def start_backbone_from(cfg: Config, weights: str | Path) -> None:
    """Let the backbone of a detector or segmentor start from pre-trained weights; in place."""
    cfg.merge_from_dict({"model.backbone.init_cfg.checkpoint": str(weights)})


def use_data(
    cfg: Config,
    folder: str | Path,
    loaders: Sequence[str] = ("train_dataloader", "val_dataloader", "test_dataloader"),
) -> None:
    """Take other images in the same layout, COCO's or ADE20K's, with the config's own pipelines; in place.

    Args:
        cfg: config of a detector or segmentor.
        folder: in place of the datasets' ``data_root``.
        loaders: whose datasets.

    Raises:
        ValueError: another kind of config.
        FileNotFoundError: a folder or annotation file that the config names is not below ``folder``.
    """
    if not is_dense(cfg):
        raise ValueError(f"--data {folder}: {cfg.filename} is no detection or segmentation config; set its data_root")
    for loader in loaders:
        dataset = cfg[loader].dataset
        while "data_root" not in dataset:
            dataset = dataset.dataset
        dataset.data_root = str(folder)
        for part in (*dataset.data_prefix.values(), dataset.get("ann_file", ".")):
            if not Path(folder, part).exists():
                raise FileNotFoundError(
                    f"--data {folder}: {Path(folder, part)} does not exist; complete the folder, or set data_prefix "
                    f"and ann_file of {loader}.dataset"
                )
        evaluator = cfg.get(loader.replace("dataloader", "evaluator"))
        if evaluator is not None and "ann_file" in evaluator:
            evaluator.ann_file = str(Path(folder, dataset.ann_file))
