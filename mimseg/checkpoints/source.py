"""Opening a file or folder of weights in whatever wrapping it comes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from .formats import Weights, read_tensors
from .torchscript import is_torchscript, read_torchscript
from .trust import DamagedCheckpointError, MissingCheckpointError, read_checkpoint
from .wrapping import unwrap

FOLDER_FILES = ("model.safetensors", "pytorch_model.bin")


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
        raise ValueError(f"{path} holds no weights: its entries are {', '.join(map(str, checkpoint)) or 'none'}")
    meta = checkpoint.get("meta")
    facts = config or (meta.get("mimseg", {}) if isinstance(meta, Mapping) else {})
    try:
        weights = read_tensors(found.tensors, found.ema, facts, own_names)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    weights.notes += found.notes
    return weights


def read_file(path: str | Path, trust: bool = False) -> Mapping[str, Any]:
    """Read a file of weights: a checkpoint, ``.safetensors``, or the tensors of a TorchScript archive.

    Args:
        path: the file.
        trust: as in :func:`mimseg.checkpoints.read_checkpoint`.

    Raises:
        CheckpointError: there is no such file, or it is damaged or not trusted.
    """
    path = Path(path).expanduser()
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    if path.is_file() and is_torchscript(path):
        return read_torchscript(path)
    return read_checkpoint(path, trust=trust)


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
    try:
        config = json.loads(path.read_text())
    except ValueError as error:
        raise DamagedCheckpointError(f"{path} is no JSON ({error}): copy the file again") from error
    if not isinstance(config, dict):
        raise DamagedCheckpointError(f"{path} holds no JSON object: copy the file again")
    return config


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise MissingCheckpointError(f"no checkpoint at {path}: check the path")
    try:
        tensors: dict[str, Tensor] = load_file(path)
    except (SafetensorError, OSError) as error:
        detail = str(error).splitlines()[0][:120]
        raise DamagedCheckpointError(
            f"{path} ({path.stat().st_size} bytes) cannot be read, it is damaged or no safetensors file: copy the file "
            f"again ({detail})"
        ) from error
    return tensors
