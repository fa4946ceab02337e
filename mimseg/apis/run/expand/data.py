"""``data`` in a config: images, their size and statistics, said once, and turned into all that follows from them."""

import copy
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config, ConfigDict

LOADERS = ("train_dataloader", "val_dataloader", "test_dataloader")
WATCHES = ("knn", "rankme", "masked_loss", "pictures")
REFERENCE = re.compile(r"data\.(?P<key>size|mean|std|classes)(/(?P<share>[1-9]\d*))?")
PACK = {"type": "mmpretrain.PackInputs", "meta_keys": ("img_path",)}
COLLATE = {"collate_fn": {"type": "default_collate"}}
EVALUATION_BATCH = 250

Made = dict[str, Any]


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
        for key, value in _references(cfg._cfg_dict, ""):
            raise ValueError(f"config key {key} is {value!r}, but the config has no data: write a number, or add data")
        return
    made = _make(cfg.get("model") or {}, ConfigDict(data))
    for name in LOADERS:
        explicit = cfg.get(name)
        if explicit is None:
            continue
        if name in made:
            _refuse_contradiction(explicit, made[name], name, data)
        elif "dataset" not in explicit:
            cfg.pop(name)  # says how to load what this run does not read
    hooks = made.pop("default_hooks", {})
    merged = _over(cfg._cfg_dict, made)
    for key, value in merged.items():
        cfg[key] = value
    _add_hooks(cfg, hooks)
    for key in [key for key in cfg if not key.startswith("_") and next(_references(cfg[key], key), None)]:
        cfg[key] = _resolved(cfg[key], data, key)
    _check_size(cfg.get("model") or {}, data)


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
    loader = _training(data, {**images, "pipeline": _training_pipeline(data)})
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
    accuracy = {"type": "mmpretrain.Accuracy", "topk": (1, 5) if data.classes > 5 else (1,)}
    pipeline = _training_pipeline(data, _augmentations(data))
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


def evaluation_pipeline(data: Mapping[str, Any]) -> list[Made]:
    """The transforms of images that are held out: as they are, or their centre."""
    share = data.get("center_crop")
    crop = {"type": "CenterResizedCrop", "scale": data["size"], "crop_fraction": share}
    return [_load(data), *([] if share is None else [crop]), PACK]


def _training_pipeline(data: ConfigDict, augmentations: list[Made] | None = None) -> list[Made]:
    crop = {"type": "RandomResizedCrop", "scale": data.size, "crop_ratio_range": data.get("crop", (0.2, 1.0))}
    if data.get("interpolation"):
        crop["interpolation"] = data.interpolation
    read = [{**crop, "type": "LoadResizedCrop"}] if data.get("reduced_decode") else [_load(data), crop]
    flip = data.get("flip", 0.5)
    flips = [{"type": "mmpretrain.RandomFlip", "prob": flip}] if flip else []
    return [*read, *flips, *(augmentations or []), PACK]


def _load(data: Mapping[str, Any]) -> Made:
    channels = len(data["mean"])
    return {"type": "LoadImage"} | ({} if channels == 3 else {"channels": channels})


def _augmentations(data: ConfigDict) -> list[Made]:
    named = {
        "randaugment": {"type": "RandAugment", "policy": "rand-m9-mstd0.5-inc1", "fill_color": data.mean},
        "erasing": {
            "type": "mmpretrain.RandomErasing",
            "erase_prob": 0.25,
            "mode": "rand",
            "min_area_ratio": 0.02,
            "max_area_ratio": 1 / 3,
            "fill_color": data.mean,
            "fill_std": data.std,
        },
    }
    return [named[each] if isinstance(each, str) else dict(each) for each in data.get("augment") or ()]


def _over(explicit: Mapping[str, Any], made: Made) -> Made:
    """What is made, with the entries of the config over it, as a config is merged over its base."""
    given = {key: copy.deepcopy(explicit[key]) for key in made if explicit.get(key) is not None}
    base = ConfigDict(copy.deepcopy(made))
    try:
        return dict(Config._merge_a_into_b(ConfigDict(given), base, allow_list_keys=True))
    except (KeyError, TypeError) as error:
        raise ValueError(f"config key {', '.join(given)}: {_obstacle(given, made) or error}") from None


def _obstacle(given: Any, made: Any, key: str = "") -> str:
    """Where the entries of a config do not fit what ``data`` makes."""
    for name, value in given.items() if isinstance(given, Mapping) else ():
        if isinstance(made, list | tuple):
            if not str(name).isdigit() or int(name) >= len(made):
                return f"{key} is a list of {len(made)}, which data makes: it has no entry {name} that could be set"
            found = _obstacle(value, made[int(name)], f"{key}.{name}")
        elif isinstance(made, Mapping):
            found = _obstacle(value, made.get(name), f"{key}.{name}".removeprefix("."))
        else:
            found = f"{key} is {made!r}, which data makes, and has no parts" if made is not None else ""
        if found:
            return found
    return ""


def _add_hooks(cfg: Config, hooks: Made) -> None:
    """Put the hooks behind those that the config names, in their own order; None takes one away."""
    if not hooks:
        return
    named = dict(cfg.get("default_hooks") or {})
    for name, hook in hooks.items():
        own = named.pop(name, {})
        named[name] = None if own is None else _over({name: own} if own else {}, {name: hook})[name]
    cfg.default_hooks = named


def _refuse_contradiction(explicit: Mapping[str, Any], made: Made, name: str, data: Mapping[str, Any]) -> None:
    """Refuse a loader that is written out whole beside ``data``, with other images or another size.

    Raises:
        ValueError: names both, and how to keep either.
    """
    if explicit.get("_delete_"):
        return
    key = name
    theirs, ours = explicit.get("dataset"), made["dataset"]
    while isinstance(theirs, Mapping) and not theirs.get("_delete_"):
        key = f"{key}.dataset"
        kind = theirs.get("type")
        if kind is not None and kind != ours["type"]:
            raise ValueError(_told(f"{key}.type={kind}", f"data, which makes a {ours['type']} there"))
        if kind is not None and theirs.get("data_root", ours.get("data_root")) != ours.get("data_root"):
            raise ValueError(
                _told(f"{key}.data_root={theirs['data_root']}", f"data, whose images are {ours['data_root']}")
            )
        pipeline = theirs.get("pipeline")
        for transform in pipeline if isinstance(pipeline, list | tuple) else ():
            scale = transform.get("scale") if isinstance(transform, Mapping) else None
            if scale is not None and scale != data["size"]:
                raise ValueError(
                    f"config has both data.size={data['size']} and scale={scale} in {key}.pipeline: set data.size, "
                    "and in the pipeline write scale='data.size'"
                )
        theirs, ours = theirs.get("dataset"), ours.get("dataset", ours)


def _told(one: str, other: str) -> str:
    return (
        f"config has both {one} and {other}: delete one of the two; data=None keeps loaders that are written out, "
        "and the sizes and statistics of the model are then to be written out, too"
    )


def _references(value: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and REFERENCE.fullmatch(value):
        yield key, value
    for name, inner in _entries(value):
        if not str(name).startswith("_"):
            yield from _references(inner, f"{key}.{name}" if key else str(name))


def _entries(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list | tuple):
        yield from enumerate(value)


def _resolved(value: Any, data: Mapping[str, Any], key: str) -> Any:
    """The value with what stands for an entry of ``data`` replaced by it."""
    if isinstance(value, Mapping):
        return type(value)({name: _resolved(inner, data, f"{key}.{name}") for name, inner in value.items()})
    if isinstance(value, list | tuple):
        return type(value)(_resolved(inner, data, f"{key}.{place}") for place, inner in enumerate(value))
    match = REFERENCE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return value
    entry = data.get(match["key"])
    if entry is None:
        raise ValueError(f"config key {key} is {value!r}, but data.{match['key']} is missing")
    if match["share"] is None:
        return copy.deepcopy(entry)
    if match["key"] != "size":
        raise ValueError(f"config key {key} is {value!r}: only a size has parts")
    share = int(match["share"])
    _check_multiple(entry, share, f"{key}={value!r}")
    return min(_sides(entry)) // share


def _sides(size: Any) -> tuple[int, ...]:
    return (size,) if isinstance(size, int) else tuple(size)


def _check_size(model: Mapping[str, Any], data: Mapping[str, Any]) -> None:
    """Refuse a size that is no whole number of patches, or of the units that a mask is drawn in."""
    encoder, unit = model.get("encoder") or {}, (model.get("masking") or {}).get("unit")
    kind = str(encoder.get("type", "")).rpartition(".")[2]
    if kind == "DenseSwin":
        arch = encoder.get("arch")
        stages = len(arch["depths"]) if isinstance(arch, Mapping) and "depths" in arch else 4
        patch, part = 4 * 2 ** (stages - 1), "the tokens of model.encoder (DenseSwin)"
    else:
        patch, part = encoder.get("patch_size"), "model.encoder.patch_size"
    if isinstance(patch, int) and patch > 0:
        _check_multiple(data["size"], patch, f"{part}, {patch} px,")
    if isinstance(unit, int) and unit > 0:
        step = math.lcm(unit, patch) if isinstance(patch, int) and patch > 0 else unit
        _check_multiple(data["size"], step, f"model.masking.unit={unit}")


def _check_multiple(size: Any, step: int, part: str) -> None:
    """Refuse a size of which a side is no multiple of ``step``.

    Raises:
        ValueError: names the size, the part of the model, and the sizes that work next to it.
    """
    odd = next((side for side in _sides(size) if side % step), None)
    if odd is None:
        return
    below = odd - odd % step
    near = f"{below} or {below + step}" if below else f"{step}"
    raise ValueError(f"data.size={size} does not fit {part}: sizes that work are multiples of {step}, e.g. {near}")
