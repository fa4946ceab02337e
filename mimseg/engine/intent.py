"""How a run wants to begin, and what it is: from its config."""

import os
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from mmengine.config import Config

from ..checkpoints.run_file import Run


@dataclass(frozen=True)
class Intent:
    """How a run wants to begin.

    Attributes:
        resume: go on with what is in the folder, or with a checkpoint.
        overwrite: begin anew, whatever run of ours is there.
        checkpoint: file whose weights, or whose whole run, it begins with.
    """

    resume: bool = False
    overwrite: bool = False
    checkpoint: str | None = None


def intent_of(cfg: Config) -> Intent:
    """How a config wants its run to begin; what says only that is taken out, so that no resolved config has it."""
    resume = bool(cfg.get("resume")) | bool(cfg.pop("_asked_to_resume", False))
    backbone = (cfg.get("model") or {}).get("backbone") or {}
    checkpoint = cfg.get("load_from") or (backbone.get("init_cfg") or {}).get("checkpoint")
    return Intent(resume, bool(cfg.pop("overwrite", False)), checkpoint)


def new_run(cfg: Config, trains: bool) -> Run:
    """A run that begins now, with an id of its own."""
    return Run(
        uuid.uuid4().hex,
        cfg.filename,
        _data_of(cfg),
        begun=time.strftime("%Y-%m-%d %H:%M:%S"),
        command=(os.path.basename(sys.argv[0]), *sys.argv[1:]),
        kind="train" if trains else "test",
    )


def _data_of(cfg: Config) -> str | None:
    """The folder of the training images, or of those for a test."""
    loader = cfg.get("train_dataloader") or cfg.get("test_dataloader") or {}
    dataset = loader.get("dataset")
    while isinstance(dataset, Mapping) and isinstance(dataset.get("dataset"), Mapping):
        dataset = dataset["dataset"]
    root = dataset.get("data_root") if isinstance(dataset, Mapping) else None
    return str(root) if root else None
