"""``data`` in a config: images, their size and statistics, said once, and turned into all that follows from them."""

import copy
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config, ConfigDict

from ..topk import topk_of
from .merging import add_hooks, merge_over, refuse_contradiction
from .pipelines import Made, augmentations_of, evaluation_pipeline, training_pipeline
from .references import check_size, references_in, resolve_references

LOADERS = ("train_dataloader", "val_dataloader", "test_dataloader")
WATCHES = ("knn", "rankme", "masked_loss", "pictures")
COLLATE = {"collate_fn": {"type": "default_collate"}}
EVALUATION_BATCH = 250


def expand_data(cfg: Config) -> None:
    """Turn ``data`` into loaders, pipelines, statistics, sizes and the hooks that watch the run, in place.

    ``data`` is a dict of

    - ``train``: folder of the training images, or the settings of their dataset (``data_root``, ``ann_file``, ...;
      :class:`~mimseg.datasets.UnlabelledFolder` where it names no type, ``LabelledFolder`` where labels are read);
    - ``test``: the same of the images that are held out; ``unlabelled``: of those to pre-train on, if not ``train``;
    - ``classes``: how many there are; ``size``: side or (H, W) of the training images in pixels;
    - ``mean``, ``std``: of each channel; one number makes images of one channel;
    - ``crop``: least and greatest area of the random crop; ``interpolation``: of that crop, where it is not bicubic;
      ``reduced_decode``: whether JPEG files are decoded at a lower resolution where the crop allows it;
    - ``flip``: probability; ``augment``: what a classifier's training does next: ``"randaugment"``, ``"erasing"`` or
      transforms;
    - ``center_crop``: share of the shorter side that evaluation cuts out and resizes; None reads images as they are;
    - ``workers``: processes of each loader;
    - ``watch``: of ``"knn"``, ``"rankme"``, ``"masked_loss"``, ``"pictures"``, the hooks of a pre-training.

    A pre-training gets ``train_dataloader`` and ``default_hooks``, a classifier loaders and evaluators, a
    ``FeatureExtractor`` k-NN. What a config says itself in these places is merged over what is made here. In all other
    places ``"data.size"``, ``"data.mean"``, ``"data.std"``, ``"data.classes"`` stand for these values, and
    ``"data.size/32"`` for a share of the size. A config without ``data`` is left alone.

    Raises:
        ValueError: a key is missing, a loader that is written out contradicts ``data``, or a part of the model cannot
            do the size.
    """
    data = cfg.pop("data", None)
    if data is None:
        for key, value in references_in(cfg._cfg_dict, ""):
            raise ValueError(f"config key {key} is {value!r}, but the config has no data: write a number, or add data")
        return
    if cfg.get("model") is None:  # a file that others inherit
        return
    _check_dicts(cfg)
    made = _make(cfg.model, ConfigDict(data))
    for name in LOADERS:
        explicit = cfg.get(name)
        if explicit is None:
            continue
        if name in made:
            refuse_contradiction(explicit, made[name], name, data)
        elif "dataset" not in explicit:
            cfg.pop(name)  # says how to load what this run does not read
    hooks = made.pop("default_hooks", {})
    merged = merge_over(cfg._cfg_dict, made)
    for key, value in merged.items():
        cfg[key] = value
    add_hooks(cfg, hooks)
    for key in [key for key in cfg if not key.startswith("_") and next(references_in(cfg[key], key), None)]:
        cfg[key] = resolve_references(cfg[key], data, key)
    check_size(cfg.get("model") or {}, data)


def _check_dicts(cfg: Config) -> None:
    """Refuse what is no dict where something is to be merged into it, or read of it."""
    parts = {name: cfg.get(name) for name in ("model", *LOADERS)}
    if isinstance(cfg.model, Mapping):
        parts |= {f"model.{name}": cfg.model.get(name) for name in ("encoder", "masking")}
    for key, value in parts.items():
        if value is not None and not isinstance(value, Mapping):
            raise ValueError(f"config key {key} must be a dict, got {value!r}")


def _make(model: Mapping[str, Any], data: ConfigDict) -> Made:
    kind = str(model.get("type", "")).rpartition(".")[2]
    for key in ("size", "mean", "std"):
        if data.get(key) is None:
            raise ValueError(f"data.{key} is missing; write data=dict(train=..., size=..., mean=[...], std=[...])")
    made: Made = {"model": {"data_preprocessor": {"type": "ImagePreprocessor", "mean": data.mean, "std": data.std}}}
    if kind == "FeatureExtractor":
        return made | _neighbours(data)
    if not kind.endswith("Classifier"):
        return made | _pretraining(data)
    if data.get("classes") is None:
        raise ValueError("data.classes is missing: a classifier needs the number of classes")
    made["model"]["num_classes"] = data.classes
    return made | _classification(data)


def _pretraining(data: ConfigDict) -> Made:
    images = _dataset(data, "unlabelled" if data.get("unlabelled") else "train", "UnlabelledFolder")
    loader = _training(data, {**images, "pipeline": training_pipeline(data)})
    return {"train_dataloader": loader, "default_hooks": _watching(data)}


def _classification(data: ConfigDict) -> Made:
    held_out = {
        "batch_size": EVALUATION_BATCH,
        "num_workers": data.get("workers", 2),
        "persistent_workers": True,
        **COLLATE,
        "sampler": {"type": "DefaultSampler", "shuffle": False},
        "dataset": {**_dataset(data, "test", "LabelledFolder"), "pipeline": evaluation_pipeline(data)},
    }
    accuracy = {"type": "mmpretrain.Accuracy", "topk": topk_of(data.classes)}
    pipeline = training_pipeline(data, augmentations_of(data))
    return {
        "train_dataloader": _training(data, {**_dataset(data, "train", "LabelledFolder"), "pipeline": pipeline}),
        "val_dataloader": held_out,
        "val_cfg": {},
        "val_evaluator": accuracy,
        "test_dataloader": held_out,
        "test_cfg": {},
        "test_evaluator": accuracy,
    }


def _neighbours(data: ConfigDict) -> Made:
    """DINO's protocol: training images are the neighbours, test images are asked."""
    loop = {"type": "KNNLoop", "ks": (10, 20, 100, 200), "pool": "avg", "temperature": 0.07}
    return {
        "test_dataloader": _watched(data, "test", "LabelledFolder"),
        "test_cfg": {**loop, "neighbours": _watched(data, "train", "LabelledFolder")},
        "test_evaluator": [],
    }


def _watching(data: ConfigDict) -> Made:
    """The hooks of ``data.watch`` by their names in ``default_hooks``."""
    hooks: Made = {}
    for name in data.get("watch") or ():
        if name == "knn":
            train, test = (_watched(data, split, "LabelledFolder") for split in ("train", "test"))
            hooks[name] = {"type": "KNNHook", "train": train, "test": test}
            continue
        held_out = _watched(data, "test", "UnlabelledFolder")
        if name == "pictures":
            hooks[name] = {"type": "PictureHook", "dataset": held_out["dataset"]}
        else:
            kind = {"rankme": "RankMeHook", "masked_loss": "MaskedLossHook"}[name]
            hooks[name] = {"type": kind, "dataloader": held_out}
    return hooks


def _dataset(data: ConfigDict, split: str, kind: str) -> Made:
    given = data.get(split)
    if given is None:
        raise ValueError(f"data.{split} is missing; write the folder of these images, data.{split}=DIR")
    settings = {"data_root": given} if isinstance(given, str) else copy.deepcopy(dict(given))
    return {"type": kind, **settings}


def _training(data: ConfigDict, images: Made) -> Made:
    return {
        "batch_size": 256,
        "num_workers": data.get("workers", 2),
        "persistent_workers": True,
        "drop_last": True,
        **COLLATE,
        "sampler": {"type": "SeededSampler", "shuffle": True},
        "dataset": {"type": "SeededDataset", "dataset": images},
    }


def _watched(data: ConfigDict, split: str, kind: str) -> Made:
    """A loader of images as they are evaluated."""
    images = {**_dataset(data, split, kind), "pipeline": evaluation_pipeline(data)}
    return {"batch_size": EVALUATION_BATCH, "num_workers": data.get("workers", 2), **COLLATE, "dataset": images}
