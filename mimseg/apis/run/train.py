"""From a config to a runner that is ready to train."""

import copy
from pathlib import Path

from mmengine.config import Config

from ...checkpoints import MissingCheckpointError
from ...engine import MIMRunner, Stage, epoch_multiple
from ...engine.aside import bring_back
from ...evaluation import set_damaged_aside
from ...models import Classifier
from ...places import check_folder
from .best import check_best
from .config import check_and_expand, check_trains
from .expand import expand_schedule
from .loaders import drop_settings_of_workers
from .resuming import refuse_damaged, resume_latest
from .topk import check_topk
from .transfer import follow_heads, import_library, refuse_file_order
from .work_folder import default_work_dir


def build_runner(cfg: Config) -> MIMRunner:
    """Check a config, derive what follows from other keys, and build its runner; ``.train()`` then trains.

    Derived are: ``train_cfg`` and ``param_scheduler`` from ``schedule``; the epoch's length as a whole
    number of optimizer steps; ``work_dir`` from the config's path (:func:`~mimseg.apis.default_work_dir`); with
    ``resume=True`` and no ``load_from``, or ``resume="latest"``, the latest checkpoint of ``work_dir``. Where there is
    none yet, ``"latest"`` starts from ``load_from``. A folder that holds a run is taken only to go on with it, or with
    ``overwrite=True``, which removes that run's files once this one is accepted.

    Args:
        cfg: config, left unchanged.

    Raises:
        ValueError: unknown key or value out of range, in one line.
        WorkFolderError: the folder holds another run, or another process is writing there.
        MissingCheckpointError: ``load_from`` does not exist.
        DamagedCheckpointError: the checkpoint to resume is damaged.
    """
    cfg = copy.deepcopy(cfg)
    check_and_expand(cfg)
    check_trains(cfg)
    import_library(cfg)
    follow_heads(cfg)
    refuse_file_order(cfg)
    expand_schedule(cfg)
    drop_settings_of_workers(cfg)
    check_best(cfg)
    check_topk(cfg)
    if cfg.get("work_dir") is None:
        cfg.work_dir = str(default_work_dir(cfg.filename))
    check_folder(cfg.work_dir, "work_dir")
    _fit_epoch_to_steps(cfg)
    bring_back(cfg.work_dir)
    if cfg.get("resume") == "latest" or (cfg.get("resume") and cfg.get("load_from") is None):
        resume_latest(cfg)
    elif cfg.get("resume"):
        refuse_damaged(cfg.load_from)
    if cfg.get("load_from") is not None and not Path(cfg.load_from).expanduser().exists():
        raise MissingCheckpointError(f"no checkpoint at {cfg.load_from}: check the path")
    runner: MIMRunner = MIMRunner.from_cfg(cfg)
    if runner.rank == 0:
        set_damaged_aside(runner.work_dir)
    scratch = cfg.get("load_options", {}).get("scratch", False)
    if isinstance(runner.bare_model, Classifier) and cfg.get("load_from") is None and not scratch:
        runner.logger.warning(
            "the encoder of this classifier starts from random weights: --init FILE starts from pre-trained ones "
            "(load_options.scratch=True says that random ones are meant)"
        )
    return runner


def _fit_epoch_to_steps(cfg: Config) -> None:
    """An epoch, and a checkpoint, must end with an optimizer step: accumulated gradients are not saved."""
    accumulation = cfg.optim_wrapper.get("accumulative_counts", 1)
    name, multiple = "optim_wrapper.accumulative_counts", accumulation
    stages = cfg.train_cfg.get("stages")
    if stages:
        name, multiple = "the accumulations of schedule.stages together", epoch_multiple([Stage(**s) for s in stages])
    _cut_epochs(cfg, multiple, bool(stages))
    checkpoint = cfg.get("default_hooks", {}).get("checkpoint") or {}
    interval = checkpoint.get("interval", -1)
    if not checkpoint.get("by_epoch", True) and interval > 0 and interval % multiple:
        raise ValueError(
            f"default_hooks.checkpoint.interval={interval} iterations is no multiple of "
            f"{name}={multiple}: a checkpoint would lose gradients; "
            f"use {interval + multiple - interval % multiple}"
        )


def _cut_epochs(cfg: Config, batches: int, has_stages: bool) -> None:
    sampler = cfg.train_dataloader.sampler
    if sampler.get("type", "").removeprefix("mimseg.") != "SeededSampler":
        return
    if has_stages and "multiple_of" in sampler:
        raise ValueError(
            f"train_dataloader.sampler.multiple_of={sampler.multiple_of} is one number for all batch sizes: with "
            "schedule.stages, leave it out, it follows each stage's batch and accumulation"
        )
    sampler.setdefault("multiple_of", cfg.train_dataloader.batch_size * batches)
