"""The doors through which MMEngine and the libraries around it let files in, closed while a run is built or running.

Their loaders unpickle what ours refuses: MMEngine's tries again without ``weights_only``, its ``load`` unpickles
annotation files, ``torch.hub`` and others ask the network. Within :func:`guarded` all of them read data only, or refuse
in one line. docs/security.md lists the doors.
"""

import os
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import huggingface_hub.constants
import mmengine.runner.checkpoint as loaders
import numpy as np
import timm
import torch
import yaml
from mmengine.fileio import load as load_any
from mmengine.fileio.handlers import BaseFileHandler, JsonHandler, PickleHandler, YamlHandler
from mmengine.fileio.handlers.registry_utils import file_handlers
from mmengine.runner import CheckpointLoader
from safetensors import SafetensorError
from torch import Tensor, nn

from .errors import DamagedCheckpointError, MissingCheckpointError, UntrustedCheckpointError
from .sound import UNFIT, check_finite, check_kinds
from .source import read_file
from .trust import allow_list, brief, existing, only_listed, read_data
from .wrapping import unwrap

UNPICKLERS = ("mmseg.utils.io", "mmpretrain.models.multimodal.ram.ram")
"""Modules that unpickle files (``decode_backend="pickle"``) and nothing else."""
NETWORK = ("http", "https", "ftp")


@contextmanager
def guarded(trust: bool = False) -> Iterator[None]:
    """Within the block, read data only, and from local files only, through any library's loader.

    Replaced are MMEngine's checkpoint loaders and file handlers (but not those that a config has registered),
    ``torch.load``, ``numpy.load`` with ``allow_pickle``, downloads by ``urllib`` and from the Hugging Face hub (unless
    HF_HUB_OFFLINE is set to 0). Afterwards all are as they were. May be nested; the inner block decides.

    Args:
        trust: unpickle whatever a file holds, as --trust-checkpoint asks. Downloads are refused all the same.
    """
    with ExitStack() as stack:
        for owner, name, replacement in _replacements(trust):
            stack.enter_context(patch.object(owner, name, replacement))
        stack.enter_context(_entries(lambda: file_handlers, _handlers(trust)))
        stack.enter_context(_entries(lambda: CheckpointLoader._schemes, _schemes(trust)))
        yield


def _replacements(trust: bool) -> Iterator[tuple[Any, str, Any]]:
    yield urllib.request.OpenerDirector, "open", _opener(urllib.request.OpenerDirector.open)
    if os.environ.get("HF_HUB_OFFLINE") is None:
        yield huggingface_hub.constants, "HF_HUB_OFFLINE", True
    if not trust:
        yield torch, "load", _torch_load
        yield timm.models._factory, "load_checkpoint", _timm_load(timm.models._factory.load_checkpoint)
        yield np, "load", _numpy_load(np.load)
        for module in filter(None, map(sys.modules.get, UNPICKLERS)):
            yield module, "pickle", _NoPickleModule


@contextmanager
def _entries(holder: Callable[[], dict[str, Any]], replacements: Mapping[str, Any]) -> Iterator[None]:
    """Within the block, let a library's table have other entries; what others enter meanwhile stays."""
    before = {key: holder()[key] for key in replacements}
    holder().update(replacements)
    try:
        yield
    finally:
        table = holder()
        table.update({key: old for key, old in before.items() if table[key] is replacements[key]})


def _schemes(trust: bool) -> dict[str, Callable[..., Any]]:
    """Loaders in place of MMEngine's own, by the prefix of a path."""

    def load_from_local(filename: str, map_location: Any = None) -> Any:
        return _load_local(filename, map_location, trust)

    own = (loaders.__name__, __name__)
    prefixes = (prefix for prefix, loader in CheckpointLoader._schemes.items() if loader.__module__ in own)
    return {prefix: load_from_remote if prefix else load_from_local for prefix in prefixes}


def load_from_remote(filename: str, map_location: Any = None) -> Any:
    """Refuse a checkpoint that is not a file here."""
    raise MissingCheckpointError(
        f"{filename} is no local file, and nothing is downloaded: get it once, and name the file"
    )


def _load_local(filename: str, map_location: Any, trust: bool) -> Any:
    """A checkpoint for a part of a model that loads its own; its tensors must be weights.

    Raises:
        CheckpointError: it is missing, damaged or not trusted.
        ValueError: its tensors are no dense, finite numbers.
    """
    if "://" in filename:
        load_from_remote(filename)
    checkpoint = read_file(filename, trust, map_location)
    tensors: Mapping[str, Tensor] = unwrap(checkpoint).tensors
    state = checkpoint.get("state_dict", checkpoint)
    if not isinstance(state, Mapping) or not all(isinstance(name, str) for name in state):
        raise ValueError(f"{filename} holds no weights by name: name the file of a state_dict")
    try:
        check_kinds(tensors)
        check_finite(tensors)
    except ValueError as error:
        raise ValueError(f"{filename}: {error}") from error
    return checkpoint


def _torch_load(file: Any, map_location: Any = None, *_: Any, **options: Any) -> Any:
    """Stand in for ``torch.load``: data only, whatever ``weights_only`` says."""
    if isinstance(file, str | os.PathLike):
        return read_data(Path(file), map_location)
    with only_listed(allow_list()):
        return torch.serialization.load(file, map_location=map_location, weights_only=True)


def _timm_load(original: Callable[..., Any]) -> Callable[..., Any]:
    """timm's loader of ``checkpoint_path``, which says in one line what does not fit."""

    def load_checkpoint(model: nn.Module, checkpoint_path: str, *arguments: Any, **options: Any) -> Any:
        try:
            return original(model, str(existing(checkpoint_path)), *arguments, **options)
        except (*UNFIT, SafetensorError) as error:
            raise ValueError(f"{checkpoint_path}: timm cannot load it into its model: {brief(error)}") from error

    return load_checkpoint


def _numpy_load(original: Callable[..., Any]) -> Callable[..., Any]:
    """``numpy.load`` that unpickles no objects."""

    def load(file: Any, mmap_mode: Any = None, allow_pickle: bool = False, **options: Any) -> Any:
        try:
            return original(file, mmap_mode, allow_pickle=False, **options)
        except ValueError as error:
            if "allow_pickle" not in str(error):
                raise
            raise UntrustedCheckpointError(
                f"{file} was not loaded: it is a pickle of objects and could run code; save plain numbers instead"
            ) from None

    return load


def _opener(original: Callable[..., Any]) -> Callable[..., Any]:
    """``urllib`` without the network; ``file:`` and ``data:`` still work."""

    def open(self: Any, fullurl: Any, *arguments: Any, **options: Any) -> Any:
        url = fullurl if isinstance(fullurl, str) else fullurl.full_url
        if url.split(":", 1)[0].lower() in NETWORK:
            raise MissingCheckpointError(
                f"a run asks no network, but {url} was to be downloaded: get it once, and name the file in the config"
            )
        return original(self, fullurl, *arguments, **options)

    return open


def _handlers(trust: bool) -> dict[str, BaseFileHandler]:
    """Handlers of files for MMEngine's ``load``: YAML and JSON as plain data, pickles refused."""
    safe: dict[str, BaseFileHandler] = {"yaml": _PlainYaml(), "yml": _PlainYaml(), "json": _BoundedJson()}
    return safe if trust else {**safe, "pickle": _NoPickle(), "pkl": _NoPickle()}


class _PlainYaml(YamlHandler):
    """MMEngine's handler of YAML that builds no objects."""

    def load_from_fileobj(self, file: Any, **options: Any) -> Any:
        """Read plain data."""
        try:
            return yaml.safe_load(file)
        except (yaml.YAMLError, RecursionError) as error:
            raise UntrustedCheckpointError(f"{_name_of(file)} is no plain YAML: {brief(error)}") from None


class _BoundedJson(JsonHandler):
    """MMEngine's handler of JSON that says what is too deep."""

    def load_from_fileobj(self, file: Any) -> Any:
        """Read."""
        try:
            return super().load_from_fileobj(file)
        except RecursionError:
            raise DamagedCheckpointError(f"{_name_of(file)} is nested too deep for JSON: write it anew") from None


class _NoPickle(PickleHandler):
    """MMEngine's handler of pickles that reads none."""

    def load_from_fileobj(self, file: Any, **options: Any) -> Any:
        """Refuse."""
        raise UntrustedCheckpointError(
            f"{_name_of(file)} was not loaded: it is a pickle and could run code; write it as JSON, or add "
            "--trust-checkpoint"
        )


class _NoPickleModule:
    """Stands where a module has ``pickle``, and reads none."""

    @staticmethod
    def loads(data: bytes, **options: Any) -> Any:
        """Refuse."""
        raise UntrustedCheckpointError(
            "a data file was not loaded: it is a pickle (decode_backend) and could run code; save it as .npy or NIfTI"
        )

    load = loads


def _name_of(file: Any) -> Any:
    """The name of a file; MMEngine's ``load`` hands over its content, and alone knows the name."""
    name = getattr(file, "name", None)
    caller = sys._getframe(2)
    while name is None and caller is not None:
        name = caller.f_locals.get("file") if caller.f_code is load_any.__code__ else None
        caller = caller.f_back  # type: ignore[assignment]
    return name or "a file"
