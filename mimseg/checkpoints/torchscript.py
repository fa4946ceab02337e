"""Tensors of a TorchScript archive, without loading the program that is in it (OpenAI publishes CLIP this way)."""

import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .archive import check_structure, record_names
from .errors import DamagedCheckpointError, UntrustedCheckpointError
from .trust import brief

STORAGES = {
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "DoubleStorage": torch.float64,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}
DEEPEST = 64
"""Modules within modules; more than that is no network, but a file that contains itself."""


def is_torchscript(path: str | Path) -> bool:
    """Whether a file is what ``torch.jit.save`` writes."""
    return any(name.endswith("/constants.pkl") for name in record_names(Path(path)))


def read_torchscript(path: str | Path) -> dict[str, Tensor]:
    """Read the parameters and buffers of a TorchScript archive by name, on the CPU.

    Its code is not looked at. Of what its pickle names, modules become plain holders of their attributes, and tensors
    are built; anything else is refused.

    Raises:
        DamagedCheckpointError: the archive is cut off, damaged, or its sizes are not what it says.
        UntrustedCheckpointError: it names something else.
    """
    check_structure(Path(path))
    try:
        with zipfile.ZipFile(path) as archive:
            main = next((name for name in archive.namelist() if name.endswith("/data.pkl")), None)
            if main is None:
                raise ValueError("it has no data.pkl")
            with archive.open(main) as file:
                root = _Unpickler(file, archive, main.removesuffix("data.pkl")).load()
        return dict(_tensors(root, "", 0))
    except pickle.UnpicklingError as error:
        raise UntrustedCheckpointError(
            f"{path} was not loaded: {error}; save the state_dict of the module that it holds instead"
        ) from None
    except Exception as error:  # a broken pickle raises nearly anything
        raise DamagedCheckpointError(
            f"{path} cannot be read as a TorchScript archive: copy the file again "
            f"({type(error).__name__}: {brief(error)})"
        ) from error


class _Module:
    """Holds the attributes of a scripted module."""

    def __init__(self) -> None:
        self.members: dict[str, Any] = {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.members = dict(state)


class _Unpickler(pickle.Unpickler):
    """Builds holders and tensors, and nothing else."""

    def __init__(self, file: Any, archive: zipfile.ZipFile, folder: str) -> None:
        super().__init__(file)
        self.archive, self.folder = archive, folder

    def find_class(self, module: str, name: str) -> Any:
        if module == "__torch__" or module.startswith("__torch__."):
            return _Module
        if module == "torch" and name in STORAGES:
            return name
        if module == "torch.jit._pickle":
            return _first
        known: dict[tuple[str, str], Callable[..., Any]] = {
            ("torch._utils", "_rebuild_tensor_v2"): _rebuild,
            ("collections", "OrderedDict"): OrderedDict,
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which is no part of a module's weights")
        return known[module, name]

    def persistent_load(self, reference: Any) -> Tensor:
        """The storage that a tensor is a part of, as one row."""
        _, kind, key, _, length = reference
        dtype = STORAGES[kind]
        info = self.archive.getinfo(f"{self.folder}data/{key}")
        if info.file_size != length * dtype.itemsize or info.compress_type != zipfile.ZIP_STORED:
            raise pickle.UnpicklingError(f"its storage {key} is not of the size that it says")
        data = bytearray(self.archive.read(info))
        return torch.frombuffer(data, dtype=dtype) if length else torch.empty(0, dtype=dtype)


def _first(value: Any, *rest: Any) -> Any:
    """Stand in for TorchScript's marks of typed lists."""
    return value


def _rebuild(storage: Tensor, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *rest: Any) -> Tensor:
    """A tensor on a storage; torch refuses one that reaches beyond it."""
    return storage.as_strided(size, stride, offset).clone()


def _tensors(value: Any, prefix: str, depth: int) -> Iterator[tuple[str, Tensor]]:
    if depth > DEEPEST:
        raise ValueError("its modules contain themselves")
    for name, member in value.members.items():
        if isinstance(member, Tensor):
            yield prefix + name, member
        elif isinstance(member, _Module):
            yield from _tensors(member, f"{prefix}{name}.", depth + 1)
