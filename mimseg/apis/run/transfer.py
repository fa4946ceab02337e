"""What detectors and segmentors of mmdet and mmseg need before they can be built."""

from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict

from ...datasets import category_names
from ...datasets.labels import class_names, listed
from ...packages import require
from ...quiet import quiet_imports

LIBRARIES = {"mmdet": "detection", "mmseg": "segmentation"}
IN_FILE_ORDER = ("CocoDataset", "CocoMetric")
LOADERS = ("train_dataloader", "val_dataloader", "test_dataloader")


def is_transfer(cfg: Config) -> bool:
    """Tell whether a config is of a detector or segmentor."""
    return cfg.get("default_scope") in LIBRARIES


def import_library(cfg: Config) -> None:
    """Import the library of a detection or segmentation config; does nothing for others.

    Raises:
        ValueError: it is not installed, or detection finds an mmcv without compiled ops; names the command that
            installs them.
    """
    if not is_transfer(cfg):
        return
    scope = cfg.default_scope
    require(scope, LIBRARIES[scope])
    with quiet_imports():
        import_module(f"{scope}.models")


def start_backbone_from(cfg: Config, weights: str | Path) -> None:
    """Let the backbone of a detector or segmentor start from pre-trained weights; in place."""
    cfg.merge_from_dict({"model.backbone.init_cfg.checkpoint": str(weights)})


def use_data(cfg: Config, folder: str | Path, loaders: Sequence[str] = LOADERS) -> None:
    """Take other images in the same layout, COCO's or ADE20K's, with the config's own pipelines; in place.

    Annotation files are those that the config names, below ``folder`` unless their path is absolute. Where a detector's
    config names no classes of its own (``metainfo.classes``) and the file has others than its default ones, the file's
    categories become the classes, in alphabetical order, and their number that of the heads.

    Args:
        cfg: config of a detector or segmentor.
        folder: in place of the datasets' ``data_root``.
        loaders: whose datasets.

    Raises:
        ValueError: another kind of config, an evaluator that was given another annotation file than its dataset, or a
            COCO file that is none.
        FileNotFoundError: a folder or annotation file that the config names is not below ``folder``.
    """
    if not is_transfer(cfg):
        raise ValueError(f"--data {folder}: {cfg.filename} is no detection or segmentation config; set its data_root")
    for loader in loaders:
        dataset = innermost(cfg[loader].dataset)
        evaluator = cfg.get(loader.replace("dataloader", "evaluator")) or ConfigDict()
        if "ann_file" in evaluator and not _follows(evaluator.ann_file, dataset):
            raise ValueError(
                f"--data {folder}: {loader}.dataset.ann_file is {dataset.ann_file}, but its evaluator's is "
                f"{evaluator.ann_file}; with --data, set that of the dataset only, its evaluator follows"
            )
        dataset.data_root = str(folder)
        for part in (*dataset.data_prefix.values(), dataset.get("ann_file", ".")):
            if not Path(folder, part).exists():
                raise FileNotFoundError(
                    f"--data {folder}: {Path(folder, part)} does not exist; complete the folder, or set data_prefix "
                    f"and ann_file of {loader}.dataset"
                )
        if "ann_file" in evaluator:
            evaluator.ann_file = str(Path(folder, dataset.ann_file))
    if LIBRARIES[cfg.default_scope] == "detection":
        _take_classes(cfg, loaders)


def innermost(dataset: ConfigDict) -> ConfigDict:
    """Find the dataset of a config that names its files, without what is wrapped around it."""
    while "data_root" not in dataset and "dataset" in dataset:
        dataset = dataset.dataset
    return dataset


def _follows(path: str, dataset: ConfigDict) -> bool:
    """Tell whether an evaluator's file is where its dataset's files are, as the config's own is, or its dataset's."""
    root = Path(dataset.get("data_root") or ".")
    return Path(path).is_relative_to(root) or Path(path) == root / dataset.ann_file


def _take_classes(cfg: Config, loaders: Sequence[str]) -> None:
    """Where the config's classes are a default, let a COCO file with other categories name them."""
    datasets = [innermost(cfg[loader].dataset) for loader in loaders]
    defaults = {dataset.get("names_of") for dataset in datasets if not (dataset.get("metainfo") or {}).get("classes")}
    if len(defaults) != 1 or None in defaults:
        return
    file = Path(datasets[0].data_root, datasets[0].ann_file)
    found, default = sorted(category_names(file)), class_names(defaults.pop(), None)["classes"]
    if set(found) == set(default):
        return
    for dataset in datasets:
        dataset.metainfo = {"classes": tuple(found)}
    for head in _heads(cfg.model):
        if head.num_classes == len(default):
            head.num_classes = len(found)
    print(f"the {len(found)} classes are the categories of {file}: {listed(found)}", flush=True)


def _heads(part: Any) -> Iterator[ConfigDict]:
    """All parts of a model that have a number of classes."""
    if isinstance(part, list | tuple):
        for entry in part:
            yield from _heads(entry)
    elif isinstance(part, ConfigDict):
        if "num_classes" in part:
            yield part
        for entry in part.values():
            yield from _heads(entry)


def follow_heads(cfg: Config) -> None:
    """Without a mask head, neither read, train nor measure masks: ``model.roi_head.mask_head=None``; in place.

    Raises:
        ValueError: the training pastes objects by their masks.
    """
    roi_head = cfg.model.get("roi_head") if is_transfer(cfg) else None
    if roi_head is None or roi_head.get("mask_head", ...) is not None:
        return
    roi_head.mask_roi_extractor = None
    for loader in LOADERS:
        if cfg.get(loader) is not None:
            _read_boxes_only(cfg[loader].dataset)
            evaluator = cfg.get(loader.replace("dataloader", "evaluator")) or ConfigDict()
            if isinstance(evaluator.get("metric"), list | tuple):
                evaluator.metric = [metric for metric in evaluator.metric if metric != "segm"]
    print("model.roi_head.mask_head=None: boxes only; masks are neither read, trained nor measured", flush=True)


def _read_boxes_only(dataset: ConfigDict) -> None:
    if dataset.get("type") == "mimseg.CocoInstances":
        dataset.masks = False
    for transform in dataset.get("pipeline", ()):
        if transform.type == "CopyPaste":
            raise ValueError(
                "model.roi_head.mask_head=None: CopyPaste of the training pipeline cuts objects out by their masks; "
                "take a config without it, such as configs/coco/mask-rcnn_vitdet-b_12e.py"
            )
        if transform.get("with_mask"):
            transform.with_mask = False
    if "dataset" in dataset:
        _read_boxes_only(dataset.dataset)


def refuse_file_order(cfg: Config) -> None:
    """Refuse mmdet's own COCO dataset or metric on a file whose categories are in another order than the classes.

    Raises:
        ValueError: their labels would be other classes.
    """
    if cfg.get("default_scope") != "mmdet":
        return
    for loader in LOADERS:
        dataset = innermost(cfg[loader].dataset) if cfg.get(loader) is not None else {}
        evaluator = cfg.get(loader.replace("dataloader", "evaluator")) or ConfigDict()
        parts = (dataset, evaluator if isinstance(evaluator, dict) else {})
        theirs = [part["type"] for part in parts if part.get("type", "").rsplit(".")[-1] in IN_FILE_ORDER]
        file = Path(dataset.get("data_root") or ".", dataset.get("ann_file") or "")
        if not theirs or not file.is_file():
            continue
        classes = list(class_names("mmdet.CocoDataset", dataset.get("metainfo"))["classes"])
        if [name for name in category_names(file) if name in classes] != classes:
            raise ValueError(
                f"{loader}: {theirs[0]} counts labels in the order of the categories of {file}, which is not that of "
                "the classes; take type='mimseg.CocoInstances' and type='mimseg.CocoAP', which match names"
            )


def set_label_check(cfg: Config, check: bool | None) -> None:
    """Look at all pictures and labels before the run, or at none; None leaves what the config says; in place.

    Raises:
        ValueError: a config whose labels are not looked at.
    """
    if check is None:
        return
    if not is_transfer(cfg):
        raise ValueError("--check-data and --no-check-data are for detectors and segmentors, whose labels are files")
    hook = {"type": "mimseg.LabelCheck", "every": True} if check else None
    cfg.default_hooks = {**cfg.get("default_hooks", {}), "label_check": hook}
