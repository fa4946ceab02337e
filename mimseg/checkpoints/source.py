"""Opening a file or folder of weights in whatever wrapping it comes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor

from .errors import DamagedCheckpointError, MissingCheckpointError
from .formats import Weights, read_tensors
from .formats.weights import few_of
from .sound import UNFIT, check_facts, check_kinds, holds_arrays, misshapen
from .torchscript import is_torchscript, read_torchscript
from .trust import brief, existing, read_checkpoint
from .wrapping import KEYS, unwrap

FOLDER_FILES = ("model.safetensors", "pytorch_model.bin")
LARGEST_HEADER = 16 * 2**20
"""Bytes of a safetensors header or of a config.json; the former has about 100 for each tensor."""


def open_weights(path: str | Path, trust: bool = False, own_names: frozenset[str] = frozenset()) -> Weights:
    """The weights of a file, or of a folder written by ``save_pretrained``, under this project's names.

    Args:
        path: ``.pth``, ``.bin`` and the like, ``.safetensors``, or a folder with ``config.json``.
        trust: as in :func:`mimseg.checkpoints.read_checkpoint`.
        own_names: names of the model at hand; a file that has some of them is one of ours.

    Raises:
        CheckpointError: there is no such file, or it is damaged or not trusted.
        ValueError: it holds no tensors, or they are named as in no known format.
    """
    path = Path(path).expanduser()
    file = _file_in(path) if path.is_dir() else path
    config = _config_beside(file)
    checkpoint = read_file(file, trust)
    found = unwrap(checkpoint)
    if not found.tensors:
        raise ValueError(f"{path} holds no weights: {_entries(checkpoint)}")
    meta = checkpoint.get("meta")
    own = meta.get("mimseg", {}) if isinstance(meta, Mapping) else {}
    facts = config or own
    try:
        check_kinds(found.tensors | (found.ema or {}))
        check_facts(facts, "config.json" if config else "meta['mimseg']")
        weights = read_tensors(found.tensors, found.ema, facts, own_names)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    except UNFIT as error:
        raise ValueError(f"{path}: {misshapen(found.tensors, error)}") from error
    weights.notes += found.notes
    return weights


def _entries(checkpoint: Mapping[Any, Any]) -> str:
    """What a checkpoint without tensors has instead."""
    if holds_arrays(checkpoint, KEYS):
        return (
            "it has NumPy arrays instead of tensors; write it anew with "
            "torch.save({name: torch.from_numpy(array) for name, array in ...})"
        )
    names = [f"{name:.60}" for name in checkpoint if isinstance(name, str)]
    return f"its entries are {few_of(names, 6) or 'none'}"


def read_file(path: str | Path, trust: bool = False, map_location: Any = "cpu") -> Mapping[str, Any]:
    """Read a file of weights: a checkpoint, ``.safetensors``, or the tensors of a TorchScript archive.

    Args:
        path: the file.
        trust: as in :func:`mimseg.checkpoints.read_checkpoint`.
        map_location: as in ``torch.load``; of checkpoints only.

    Raises:
        CheckpointError: there is no such file, or it is damaged or not trusted.
    """
    path = existing(path)
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    if is_torchscript(path):
        return read_torchscript(path)
    return read_checkpoint(path, map_location, trust=trust)


def _file_in(folder: Path) -> Path:
    for name in FOLDER_FILES:
        if (folder / name).is_file():
            return folder / name
    raise MissingCheckpointError(
        f"{folder} is a folder without {' or '.join(FOLDER_FILES)}; name a checkpoint file, or a folder that "
        "save_pretrained wrote"
    )


def _config_beside(file: Path) -> dict[str, Any]:
    """The config.json that belongs to a file of ``save_pretrained``; empty for other files."""
    path = file.with_name("config.json")
    if file.name not in FOLDER_FILES or not path.is_file():
        return {}
    if path.stat().st_size > LARGEST_HEADER:
        raise DamagedCheckpointError(f"{path} has {path.stat().st_size} bytes, which is no config: copy the file again")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise DamagedCheckpointError(f"{path} is no JSON ({brief(error)}): copy the file again") from error
    if not isinstance(config, dict):
        raise DamagedCheckpointError(f"{path} holds no JSON object: copy the file again")
    return config


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    size = path.stat().st_size
    with open(path, "rb") as file:
        header = int.from_bytes(file.read(8), "little")
    if header > min(size, LARGEST_HEADER):
        raise DamagedCheckpointError(
            f"{path} ({size} bytes) cannot be read: its header is said to have {header} bytes; it is damaged or no "
            "safetensors file: copy the file again"
        )
    try:
        tensors: dict[str, Tensor] = load_file(path)
    except Exception as error:  # SafetensorError, OSError, and what torch says of odd shapes and types
        raise DamagedCheckpointError(
            f"{path} ({size} bytes) cannot be read, it is damaged or no safetensors file: copy the file "
            f"again ({brief(error)})"
        ) from error
    return tensors
