"""Where and with what something was measured."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from ..ops.bf16 import multiplies_bf16

PACKAGES = ("torch", "timm", "onedl-mmengine", "onedl-mmpretrain", "transformers")


def describe_machine(device: torch.device) -> dict[str, Any]:
    """Hardware and versions that decide a speed; packages that are not installed are left out."""
    return {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else _cpu_name(),
        "threads": torch.get_num_threads(),
        "bf16_instructions": device.type == "cuda" or multiplies_bf16(),
        "python": platform.python_version(),
        "packages": {name: found for name in PACKAGES if (found := _version(name)) is not None},
    }


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else f"{platform.machine()} on {sys.platform}"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
