"""Other images under the same config."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config

from ...datasets.scanning import class_folders
from ...names import printable
from .topk import topk_of
from .transfer import is_transfer, use_data

VALIDATION_FOLDERS = ("val", "test")
KEPT = ("ann_file", "extensions")  # what a config says of an UnlabelledFolder beside its place


def train_on_folder(cfg: Config, folder: str | Path) -> None:
    """Train on the images under ``folder`` with the config's own pipelines; in place.

    Pre-training takes all images, flat or nested, or those of the config's ``ann_file``; hooks that watch the run on
    other images, which are not there, are left out with a printed line. A classifier takes ``folder/train/<class>/``
    for training and ``folder/val/<class>/`` (or ``test``) for validation, and as many classes as there are. A detector
    or segmentor takes a folder in the layout that its config has, see :func:`~mimseg.apis.run.transfer.use_data`.

    Raises:
        FileNotFoundError: no such folder, or a classifier's split is missing.
        ValueError: the config has no training pipeline to take over, or the two splits have other classes.
    """
    folder = _existing(folder)
    if is_transfer(cfg):
        use_data(cfg, folder)
    elif _is_classifier(cfg):
        _classify(cfg, folder)
    else:
        _pretrain(cfg, folder)


def test_on_folder(cfg: Config, folder: str | Path) -> None:
    """Test on the images under ``folder``, laid out as :func:`train_on_folder` takes them; in place.

    A classifier is tested on ``folder/val/<class>/`` (or ``test``); k-NN classifies those by the images in
    ``folder/train/<class>/``; for a detector or segmentor see :func:`~mimseg.apis.run.transfer.use_data`.

    Raises:
        FileNotFoundError: no such folder, or a split is missing.
        ValueError: the config tests nothing on folders of images, or the two splits of k-NN have other classes.
    """
    folder = _existing(folder)
    if is_transfer(cfg):
        use_data(cfg, folder, ["test_dataloader"])
    elif cfg.get("test_cfg", {}).get("type", "").endswith("KNNLoop"):
        train, held_out, _ = _splits(folder)
        _place(cfg.test_cfg.neighbours, train, "test_cfg.neighbours")
        _place(cfg.test_dataloader, held_out, "test_dataloader")
    elif _is_classifier(cfg):
        held_out = _held_out(folder)
        _place(cfg.test_dataloader, held_out, "test_dataloader")
        _count(cfg, len(_class_names(held_out)))
    else:
        raise ValueError(
            f"--data {folder}: {cfg.filename} tests no classifier, k-NN, detector or segmentor; use one of "
            "configs/knn, configs/linear, configs/finetune, configs/coco or configs/ade20k"
        )


test_on_folder.__test__ = False  # type: ignore[attr-defined]  # no test of pytest's


def _existing(folder: str | Path) -> Path:
    if not Path(folder).is_dir():
        raise FileNotFoundError(f"--data {printable(folder)}: there is no such folder")
    return Path(folder)


def _is_classifier(cfg: Config) -> bool:
    return bool(cfg.model.get("type", "").endswith("Classifier"))


def _pretrain(cfg: Config, folder: Path) -> None:
    outer = cfg.train_dataloader.dataset
    inner = outer.dataset if outer.type == "SeededDataset" else outer
    if "pipeline" not in inner:
        raise ValueError("--data: train_dataloader.dataset has no pipeline to apply to the folder's images")
    kept = {key: inner[key] for key in KEPT if inner.type.endswith("UnlabelledFolder") and key in inner}
    images = {"type": "UnlabelledFolder", "data_root": str(folder), **kept, "pipeline": inner.pipeline}
    seeded = {"type": "SeededDataset", "max_unreadable": outer.get("max_unreadable", 0.1), "dataset": images}
    cfg.train_dataloader.pop("dataset")
    cfg.train_dataloader.dataset = seeded
    _leave_out_blind_hooks(cfg)


def _leave_out_blind_hooks(cfg: Config) -> None:
    """Drop the hooks whose own images are not there, and say so."""
    named, listed = cfg.get("default_hooks") or {}, list(cfg.get("custom_hooks") or ())
    blind = [hook for hook in (*named.values(), *listed) if hook and any(_missing_roots(hook))]
    if blind:
        cfg.default_hooks = {name: None if hook in blind else hook for name, hook in named.items()}
        cfg.custom_hooks = [hook for hook in listed if hook not in blind]
        names, places = (", ".join(words) for words in ([hook["type"] for hook in blind], _missing_roots(blind)))
        print(f"--data: {names} left out, because their images are not there: {places}", flush=True)


def _missing_roots(settings: Any) -> list[str]:
    return sorted({root for root in _roots_in(settings) if not Path(root).expanduser().is_dir()})


def _roots_in(settings: Any) -> Iterator[str]:
    """Every ``data_root`` in nested settings."""
    if isinstance(settings, Mapping):
        for key, value in settings.items():
            if key == "data_root" and isinstance(value, str):
                yield value
            else:
                yield from _roots_in(value)
    elif isinstance(settings, list | tuple):
        for value in settings:
            yield from _roots_in(value)


def _classify(cfg: Config, folder: Path) -> None:
    train, held_out, classes = _splits(folder)
    _place(cfg.train_dataloader, train, "train_dataloader")
    for name in ("val_dataloader", "test_dataloader"):
        _place(cfg[name], held_out, name)
    _count(cfg, classes)


def _place(loader: Any, split: Path, name: str) -> None:
    """Let a loader's innermost dataset read the class folders of a split.

    Raises:
        ValueError: it reads a list, which names other files.
    """
    dataset = loader.dataset
    while "dataset" in dataset:
        dataset = dataset.dataset
    if dataset.get("ann_file"):
        raise ValueError(
            f"--data takes class folders, but the dataset of {name} has ann_file={dataset.ann_file!r}; leave out "
            "one of the two"
        )
    dataset.data_root = str(split)


def _count(cfg: Config, classes: int) -> None:
    cfg.model.num_classes = classes
    for name in ("val_evaluator", "test_evaluator"):
        if cfg.get(name):
            cfg[name].topk = topk_of(classes)


def _splits(folder: Path) -> tuple[Path, Path, int]:
    """Folders for training and validation, and how many classes both have.

    Raises:
        FileNotFoundError: one is missing.
        ValueError: they have other classes, or none.
    """
    train, held_out = folder / "train", _held_out(folder)
    classes, others = _class_names(train), _class_names(held_out)
    if classes != others:
        odd = printable(min(set(classes) ^ set(others)))
        raise ValueError(f"--data {printable(folder)}: class {odd!r} is only in one of {train} and {held_out}")
    return train, held_out, len(classes)


def _held_out(folder: Path) -> Path:
    return next((folder / name for name in VALIDATION_FOLDERS if (folder / name).is_dir()), folder / "val")


def _class_names(split: Path) -> list[str]:
    if not split.is_dir():
        raise FileNotFoundError(
            f"--data: {split} does not exist; a classifier needs DIR/train/<class>/ and DIR/val/<class>/ (or DIR/test)"
        )
    names = class_folders(split)
    if not names:
        raise ValueError(f"--data: {split} has no class folder; put each class's images into a folder of its own")
    return names
