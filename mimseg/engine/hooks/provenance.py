"""Which code, versions and machine made a run."""

import json
import os
import platform
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...checkpoints import write_atomically
from ...registry import HOOKS
from ...version import __version__
from ..log_failures import best_effort

PACKAGES = ("torch", "torchvision", "mmengine", "mmcv", "mmpretrain", "mmdet", "mmseg", "timm", "numpy")
ROOT = Path(__file__).parents[3]


@HOOKS.register_module()
class Provenance(Hook):
    """Write ``WORK_DIR/<timestamp>/run.json``: where a run comes from, and what it cost.

    That is the run's id, command and its folder, config, seed, processes, versions, git revision, devices; the number
    of images of each dataset (``images``); and how long this start has trained, evaluations included, up to its last
    checkpoint or its end (``seconds``). What an interrupted run did after its last checkpoint does not count: a resume
    does it again.
    """

    def __init__(self) -> None:
        self._record: dict[str, Any] = {}
        self._began = 0.0

    def before_run(self, runner: Runner) -> None:
        """Write on the first process."""
        devices = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
        self._record = {
            "argv": sys.argv,
            "folder": os.getcwd(),
            "config": runner.cfg.filename,
            "seed": runner.seed,
            "world_size": runner.world_size,
            "python": platform.python_version(),
            "versions": versions(),
            "git": git_revision() if runner.rank == 0 else None,
            "machine": platform.platform(),
            "devices": devices or [f"CPU {platform.machine()}, {os.cpu_count()} cores"],
            "images": images_of(runner),
        }
        self._write(runner)

    def before_train(self, runner: Runner) -> None:
        """Take the time, and note which run this is a start of."""
        self._record["run"] = runner.run_folder.run.id
        self._began = time.perf_counter()

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Write how long it took to come here."""
        self._write_seconds(runner)

    def after_train(self, runner: Runner) -> None:
        """Write how long it took in all."""
        self._write_seconds(runner)

    def _write_seconds(self, runner: Runner) -> None:
        self._record["seconds"] = round(time.perf_counter() - self._began, 3)
        self._write(runner)

    def _write(self, runner: Runner) -> None:
        if runner.rank == 0:
            path = Path(runner.log_dir, "run.json")
            with best_effort(runner, f"the record of the run, {path},"):
                write_atomically(path, (json.dumps(self._record, indent=2) + "\n").encode())


def images_of(runner: Runner) -> dict[str, int]:
    """Number of images of each loop that is built, by ``train``, ``val`` and ``test``."""
    loops = {name: getattr(runner, f"_{name}_loop", None) for name in ("train", "val", "test")}
    loaders = {name: getattr(loop, "dataloader", None) for name, loop in loops.items()}
    return {name: len(loader.dataset) for name, loader in loaders.items() if loader is not None}


def versions() -> dict[str, str | None]:
    """Distribution and version by import name, None where a package is not installed."""
    owners = metadata.packages_distributions()
    found = {name: owners.get(name, [None])[0] for name in PACKAGES}
    installed = {name: f"{owner} {metadata.version(owner)}" if owner else None for name, owner in found.items()}
    return {"mimseg": f"mimseg {__version__}", **installed}


def git_revision() -> dict[str, Any] | None:
    """Commit of the checkout that this code runs from and whether it has changes, None outside a checkout."""

    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, timeout=10)
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    top = git("rev-parse", "--show-toplevel")
    if top is None or Path(top).resolve() != ROOT.resolve():
        return None
    return {"commit": git("rev-parse", "HEAD"), "changed": bool(git("status", "--porcelain"))}
