"""Other images under the same config."""

from pathlib import Path

from mmengine.config import Config

from .dense import is_dense, use_data

VALIDATION_FOLDERS = ("val", "test")


def train_on_folder(cfg: Config, folder: str | Path) -> None:
    """Train on the images under ``folder`` with the config's own pipelines; in place.

    Pre-training takes all images, flat or nested. A classifier takes ``folder/train/<class>/`` for training and
    ``folder/val/<class>/`` (or ``test``) for validation, and as many classes as there are. A detector or segmentor
    takes a folder in the layout that its config has, see :func:`~mimseg.apis.dense.use_data`.

    Raises:
        FileNotFoundError: no such folder, or a classifier's split is missing.
        ValueError: the config has no training pipeline to take over, or the two splits have other classes.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"--data {folder}: there is no such folder")
    if is_dense(cfg):
        use_data(cfg, folder)
    elif cfg.model.type.endswith("Classifier"):
        _classify(cfg, folder)
    else:
        _pretrain(cfg, folder)


def _pretrain(cfg: Config, folder: Path) -> None:
    outer = cfg.train_dataloader.dataset
    inner = outer.dataset if outer.type == "SeededDataset" else outer
    if "pipeline" not in inner:
        raise ValueError("--data: train_dataloader.dataset has no pipeline to apply to the folder's images")
    images = {"type": "UnlabelledFolder", "data_root": str(folder), "pipeline": inner.pipeline}
    if inner.get("ann_file"):
        images["ann_file"] = inner.ann_file
    seeded = {"type": "SeededDataset", "max_unreadable": outer.get("max_unreadable", 0.1), "dataset": images}
    cfg.train_dataloader.pop("dataset")
    cfg.train_dataloader.dataset = seeded


def _classify(cfg: Config, folder: Path) -> None:
    train = folder / "train"
    held_out = next((folder / name for name in VALIDATION_FOLDERS if (folder / name).is_dir()), folder / "val")
    classes = _class_names(train)
    others = _class_names(held_out)
    if classes != others:
        odd = min(set(classes) ^ set(others))
        raise ValueError(f"--data {folder}: class {odd!r} is only in one of {train} and {held_out}")
    cfg.train_dataloader.dataset.dataset.data_root = str(train)
    cfg.val_dataloader.dataset.data_root = cfg.test_dataloader.dataset.data_root = str(held_out)
    cfg.model.num_classes = len(classes)
    topk = (1, 5) if len(classes) > 5 else (1,)
    cfg.val_evaluator.topk = cfg.test_evaluator.topk = topk


def _class_names(split: Path) -> list[str]:
    if not split.is_dir():
        raise FileNotFoundError(
            f"--data: {split} does not exist; a classifier needs DIR/train/<class>/ and DIR/val/<class>/ (or DIR/test)"
        )
    names = sorted(entry.name for entry in split.iterdir() if entry.is_dir())
    if not names:
        raise ValueError(f"--data: {split} has no class folder; put each class's images into a folder of its own")
    return names
