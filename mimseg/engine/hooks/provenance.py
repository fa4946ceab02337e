"""Which code, versions and machine made a run."""

import json
import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...registry import HOOKS
from ...version import __version__

PACKAGES = ("torch", "torchvision", "mmengine", "mmcv", "mmpretrain", "mmdet", "mmseg", "timm", "numpy")
ROOT = Path(__file__).parents[3]


@HOOKS.register_module()
class Provenance(Hook):
    """Write ``WORK_DIR/<timestamp>/run.json``: command, seed, processes, versions, git revision, devices."""

    def before_run(self, runner: Runner) -> None:
        """Write on the first process."""
        if runner.rank != 0:
            return
        devices = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
        record: dict[str, Any] = {
            "argv": sys.argv,
            "config": runner.cfg.filename,
            "seed": runner.seed,
            "world_size": runner.world_size,
            "python": platform.python_version(),
            "versions": versions(),
            "git": git_revision(),
            "machine": platform.platform(),
            "devices": devices or [f"CPU {platform.machine()}, {os.cpu_count()} cores"],
        }
        Path(runner.log_dir, "run.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


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
