"""Reading a checkpoint without running code from it.

A PyTorch checkpoint is a pickle, and unpickling may call anything. Here only tensors, plain Python values and
the few types of the allow-list below are built; whatever else a file names is refused, and nothing is retried
with less care.
"""

import pickle
import re
import zipfile
from argparse import Namespace
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import shorten
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer

from .archive import check_structure
from .errors import (
    CheckpointError,
    DamagedCheckpointError,
    MissingCheckpointError,
    UntrustedCheckpointError,
)
from .intact import damage_of

__all__ = [
    "CheckpointError",
    "DamagedCheckpointError",
    "MissingCheckpointError",
    "UntrustedCheckpointError",
    "read_checkpoint",
    "read_data",
]

NUMERIC_CODES = "?bBhHiIlLqQefdFD"
SETTINGS = (
    "yacs.config.CfgNode",
    "fvcore.common.config.CfgNode",
    "detectron2.config.config.CfgNode",
    "easydict.EasyDict",
    "pytorch_lightning.utilities.parsing.AttributeDict",
    "lightning.pytorch.utilities.parsing.AttributeDict",
    "lightning_fabric.utilities.data.AttributeDict",
    "lightning.fabric.utilities.data.AttributeDict",
)
"""Dicts of settings of other libraries (SimMIM's and Swin's files hold the first), read as plain ones."""
PATHS = tuple(
    f"{module}.{kind}{flavour}Path"
    for module in ("pathlib", "pathlib._local")
    for kind in ("", "Pure")
    for flavour in ("Posix", "Windows")
)
HISTORY_STATISTICS = ("min", "max", "mean", "current")
REFUSALS = (
    re.compile(r"GLOBAL (\S+) (?:was not an allowed global|whose module)"),
    re.compile(r"unrecognized function (.+)"),
    re.compile(r"via `add_safe_globals`,? but got (.+)"),
    re.compile(r"refused call (.+)"),
)


def read_checkpoint(path: str | Path, map_location: Any = "cpu", trust: bool = False) -> dict[str, Any]:
    """Read a checkpoint of MMEngine, of this project, or an official MAE one.

    Args:
        path: a local ``.pth`` file.
        map_location: as in ``torch.load``.
        trust: unpickle everything, running whatever code the file holds. Only for files whose origin is
            known.

    Raises:
        MissingCheckpointError: ``path`` is no file.
        DamagedCheckpointError: it is empty, cut off, or holds no dict.
        UntrustedCheckpointError: it names a type or function outside the allow-list, and ``trust`` is false.
    """
    checkpoint = read_data(path, map_location, trust)
    if not isinstance(checkpoint, dict):
        raise DamagedCheckpointError(
            f"{path} holds a {type(checkpoint).__name__}, not the dict that a checkpoint is: check the path"
        )
    return checkpoint


def read_data(path: str | Path, map_location: Any = "cpu", trust: bool = False) -> Any:
    """As :func:`read_checkpoint`, whatever the file holds: a dict, a tensor, a list."""
    path = existing(path)
    if path.stat().st_size == 0:
        raise DamagedCheckpointError(f"{path} is empty (0 bytes): use an earlier checkpoint, or copy the file again")
    if not trust:
        check_structure(path)
    damage = damage_of(path) if zipfile.is_zipfile(path) else None
    if damage is not None:
        raise DamagedCheckpointError(f"{path} is damaged, {damage}: use an earlier checkpoint, or copy the file again")
    try:
        with only_listed(allow_list()):
            return torch.serialization.load(path, map_location=map_location, weights_only=not trust)
    except Exception as error:  # a broken pickle raises nearly anything, a refused one UnpicklingError
        refused = _refused_name(error)
        if refused is None:
            raise DamagedCheckpointError(_damage(path, error)) from error
        raise UntrustedCheckpointError(
            f"{path} was not loaded: it names {refused}, which is not on the list of harmless types and "
            "could run code; if you know and trust where the file comes from, add --trust-checkpoint"
        ) from None


def existing(path: str | Path) -> Path:
    """A path of a regular file.

    Raises:
        MissingCheckpointError: it is none.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        raise MissingCheckpointError(f"{path} is a folder; name a checkpoint file in it")
    if not path.is_file():
        what = "is no regular file: name a checkpoint file" if path.exists() else "check the path"
        raise MissingCheckpointError(f"no checkpoint at {path}: {what}")
    return path


@contextmanager
def only_listed(names: list[Any]) -> Iterator[None]:
    """Within the block, let ``torch.load`` build these besides its own types, whatever other libraries have added."""
    before = torch.serialization.get_safe_globals()
    torch.serialization.clear_safe_globals()
    torch.serialization.add_safe_globals(names)
    try:
        yield
    finally:
        torch.serialization.clear_safe_globals()
        torch.serialization.add_safe_globals(before)


def allow_list() -> list[Any]:
    """List what a checkpoint may name besides PyTorch's own types, as ``safe_globals`` takes it.

    NumPy 1 and 2 name the same two functions by different paths. ``numpy.dtype`` and ``getattr`` can do harm,
    so their names lead to two functions that only do what an honest checkpoint asks of them. Other libraries' dicts of
    settings become ``OrderedDict``, paths text: their own code is never imported.
    """
    rebuild_array: Any = np.empty(0).__reduce__()[0]
    rebuild_scalar: Any = np.float64(0).__reduce__()[0]
    functions: list[tuple[Callable[..., Any], str]] = [
        (function, f"numpy.{core}.multiarray.{function.__name__}")
        for core in ("core", "_core")
        for function in (rebuild_array, rebuild_scalar)
    ]
    functions += [(numeric_dtype, "numpy.dtype"), (history_statistic, "builtins.getattr")]
    functions += [(OrderedDict, name) for name in SETTINGS] + [(path_text, name) for name in PATHS]
    dtype_classes = {type(np.dtype(code)) for code in NUMERIC_CODES}
    return [HistoryBuffer, Namespace, np.ndarray, *dtype_classes, *functions]


def numeric_dtype(code: str, align: bool = False, copy: bool = False) -> np.dtype[Any]:
    """The dtype of a pickled array: NumPy's own immutable one, and only of numbers.

    A pickled dtype also carries a state that can declare plain bytes to be object pointers. NumPy ignores
    that state on the built-in dtypes, which is what this returns whatever ``align`` and ``copy`` ask for.
    Arrays are therefore read in this machine's byte order.
    """
    dtype = np.dtype(code)
    if dtype.isbuiltin != 1 or dtype.char not in NUMERIC_CODES:
        raise pickle.UnpicklingError(f"refused call numpy.dtype({code!r})")
    return dtype


def history_statistic(owner: type, name: str) -> Callable[..., Any]:
    """Stand in for ``getattr``, by which ``HistoryBuffer`` pickles its four statistics methods."""
    if owner is not HistoryBuffer or name not in HISTORY_STATISTICS:
        raise pickle.UnpicklingError(f"refused call getattr({owner!r}, {name!r})")
    statistic: Callable[..., Any] = getattr(HistoryBuffer, name)
    return statistic


def path_text(*parts: str) -> str:
    """Stand in for a pickled path: its parts as text."""
    if not all(isinstance(part, str) for part in parts):
        raise pickle.UnpicklingError(f"refused call Path{parts!r}")
    return "/".join(parts).replace("//", "/")


def _refused_name(error: Exception) -> str | None:
    """What the restricted unpickler refused, or None where the file is broken instead."""
    if not isinstance(error, pickle.UnpicklingError):
        return None
    matches = (pattern.search(str(error)) for pattern in REFUSALS)
    return next((match[1].splitlines()[0] for match in matches if match), None)


def _damage(path: Path, error: Exception) -> str:
    reason = "damaged" if zipfile.is_zipfile(path) else "cut off, or not a PyTorch checkpoint"
    detail = brief(error)
    return (
        f"{path} ({path.stat().st_size} bytes) cannot be read, it is {reason}: use an earlier checkpoint, or "
        f"copy the file again ({type(error).__name__}: {detail})"
    )


def brief(error: Exception) -> str:
    """The beginning of an error's text, to the end of a word."""
    return shorten(str(error), 120, placeholder=" …")
