"""Ranges of parameters by their names, which mean one thing in all classes of this package; others' classes."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AllowInfNan, ConfigDict, Field, Strict

from .values import (
    BelowOne,
    ClosedSection,
    Count,
    Flag,
    Interval,
    NotNegative,
    Number,
    Part,
    Positive,
    Section,
    Seed,
    Share,
    Size,
    Text,
    Whole,
)

# Of classes of this package. What a class checks with its own words is not here.
RANGES: Mapping[str, Any] = {
    **dict.fromkeys(("alpha_start", "alpha_end", "hard_start", "hard_end", "soft_start", "soft_end"), Share),
    **dict.fromkeys(("least", "max_unreadable", "score_thr"), Share),
    **dict.fromkeys(("drop_path", "dropout", "label_smoothing"), BelowOne),
    **dict.fromkeys(("amplitude", "cutmix", "mixup"), NotNegative),
    **dict.fromkeys(("head_std", "temperature"), Positive),
    **dict.fromkeys(("depth", "dim", "in_dim", "out_dim", "num_heads", "width", "window", "window_size"), Count),
    **dict.fromkeys(("in_channels", "out_channels", "num_outs", "num_classes", "expand"), Count),
    **dict.fromkeys(("bins", "cell", "channels", "patch_size", "unit", "mask_size"), Count),
    **dict.fromkeys(("batch_size", "keep_every", "max_attempts", "multiple_of", "patience"), Count),
    **dict.fromkeys(("enlarge", "max_images", "num_images"), Count),
    **dict.fromkeys(("dt_epochs", "gaussian", "head", "interval", "ramp_epochs", "truncate"), Whole),
    **dict.fromkeys(("image_size", "scale"), Size),
    "crop_fraction": Annotated[float, Strict(), AllowInfNan(False), Field(gt=0, le=1)],
    "ks": Annotated[tuple[Count, ...], Field(min_length=1)],
    "mean": Annotated[tuple[Number, ...], Field(min_length=1)],
    "pool": Literal["avg", "cls"],
    "seed": Seed,
    "std": Annotated[tuple[Positive, ...], Field(min_length=1)],
}


class CheckpointHookKeys(ClosedSection):
    """Keys of MMEngine's ``CheckpointHook``, which hands those that it does not know to others."""

    model_config = ConfigDict(title="CheckpointHook")

    type: Text = "CheckpointHook"
    priority: Any = None
    interval: Interval = -1
    by_epoch: Flag = True
    save_optimizer: Flag = True
    save_param_scheduler: Flag = True
    out_dir: Text | None = None
    max_keep_ckpts: Count | Literal[-1] = -1
    save_last: Flag = True
    save_best: Text | list[Text] | None = None
    rule: Literal["greater", "less"] | list[Literal["greater", "less"]] | None = None
    greater_keys: Any = None
    less_keys: Any = None
    file_client_args: Part | None = None
    filename_tmpl: Text | None = None
    backend_args: Part | None = None
    published_keys: Any = None
    save_begin: Whole = 0
    keep_every: Count | None = None


class LoggerHook(Section):
    """MMEngine's."""

    interval: Count = 10
    ignore_last: Flag = True
    log_metric_by_epoch: Flag = True
    keep_local: Flag = True
    out_dir: Text | None = None


class EMAHook(Section):
    """MMEngine's."""

    momentum: Share = 0.0002
    begin_iter: Whole = 0
    begin_epoch: Whole = 0


class Accuracy(Section):
    """mmpretrain's metric."""

    topk: Count | Annotated[tuple[Count, ...], Field(min_length=1)] = 1


class FolderDataset(Section):
    """mmpretrain's."""

    data_root: Annotated[str, Strict()] = ""
    ann_file: Annotated[str, Strict()] = ""


# Of other packages' classes, by their names in a config, with or without a scope.
FOREIGN: Mapping[str, type[Section]] = {
    "CheckpointHook": CheckpointHookKeys,
    "LoggerHook": LoggerHook,
    "EMAHook": EMAHook,
    "Accuracy": Accuracy,
    "CustomDataset": FolderDataset,
}
