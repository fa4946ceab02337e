"""What a checkpoint file says of its own sizes, compared with the file before anything is allocated."""

import mmap
import zipfile
from collections import Counter
from math import prod
from pathlib import Path
from struct import unpack_from
from typing import Any

from .errors import DamagedCheckpointError
from .symbolic import Call, Items, Name, PickleError, Stored, Symbols, read_symbols

ZIP = b"PK\x03\x04"
MOST_RECORDS = 50_000
"""Files in an archive; a checkpoint has one for each tensor and five more."""
INFLATED = 4
HARMLESS = 256 * 2**20
"""An archive may hold this many bytes, or :data:`INFLATED` times its own size, whichever is more."""
REPEATED = 4
SMALL = 64 * 2**20
"""A tensor may have this many bytes, or :data:`REPEATED` times those of its storage, whichever is more."""
LARGEST_PICKLE = 2**30
MAGIC = 0x1950A86A20F9469CFC6C
"""First pickle of a file of PyTorch before 1.6, of five; behind them lie its storages."""
OLD_PICKLES = 5
ITEM_SIZES = {
    **dict.fromkeys(("Double", "Long", "ComplexFloat"), 8),
    **dict.fromkeys(("Float", "Int", "QInt32"), 4),
    **dict.fromkeys(("Half", "BFloat16", "Short"), 2),
    **dict.fromkeys(("Char", "Byte", "Bool", "QInt8", "QUInt8", "QUInt4x2", "QUInt2x4", "Untyped"), 1),
    "ComplexDouble": 16,
}
"""Bytes of an element by the name of its storage."""
SIZED_VIEWS = ("torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v3")
ALLOCATING = ("Tensor", "Storage", "numpy.ndarray", "builtins.bytearray")
"""Endings of what takes a size and makes memory of it; files name them, but do not call them with a number."""


def check_structure(path: Path) -> None:
    """Refuse a file that would take far more memory or time than its size is worth, or that two readers read otherwise.

    Only structure is looked at: records of the archive, and the pickle as symbols, of which nothing is built.

    Raises:
        DamagedCheckpointError: it is such a file, or its structure is broken.
    """
    try:
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if data[:4] == ZIP:
                _check_archive(path, data)
            else:
                _check_stream(data)
    except PickleError as error:
        raise DamagedCheckpointError(
            f"{path} ({path.stat().st_size} bytes) cannot be read: {error}; it is cut off, damaged, or no PyTorch "
            "checkpoint: use an earlier checkpoint, or copy the file again"
        ) from None
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, EOFError) as error:
        raise DamagedCheckpointError(
            f"{path} ({path.stat().st_size} bytes) cannot be read, it is damaged: use an earlier checkpoint, or copy "
            f"the file again ({type(error).__name__}: {error})"
        ) from error


def record_names(path: Path) -> list[str]:
    """Names of the records of a zip archive; none where there is no such archive, or one of far too many."""
    with open(path, "rb") as file:
        if file.read(4) != ZIP:
            return []
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            try:
                if _count_records(data) > MOST_RECORDS:
                    return []
                return zipfile.ZipFile(path).namelist()
            except (PickleError, zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
                return []


def _check_archive(path: Path, data: mmap.mmap) -> None:
    if (count := _count_records(data)) > MOST_RECORDS:
        raise PickleError(f"its archive announces {count} records, more than {MOST_RECORDS}")
    with zipfile.ZipFile(path) as archive:
        records = archive.infolist()
        _check_records(records, len(data))
        folder = records[0].filename.split("/")[0]
        main = next((record for record in records if record.filename == f"{folder}/data.pkl"), None)
        if main is None:
            raise PickleError("its archive has no data.pkl: it is no checkpoint")
        if main.file_size > LARGEST_PICKLE:
            raise PickleError(f"its data.pkl has {main.file_size} bytes")
        pickled = _stored_bytes(data, main) if main.compress_type == zipfile.ZIP_STORED else archive.read(main)
    sizes = {record.filename.removeprefix(f"{folder}/"): record.file_size for record in records}
    symbols = read_symbols(pickled)
    for stored in symbols.stored:
        key, size = _size_of(stored)
        there = sizes.get(f"data/{key}", sizes.get(str(key)))
        if there is None:
            raise PickleError(f"the storage of {_named(stored.key)} is not in its archive")
        if there != size:
            raise PickleError(f"the storage of {_named(stored.key)} is said to have {size} bytes and has {there}")
    _check_calls(symbols)


def _count_records(data: mmap.mmap) -> int:
    """How many records the archive's end announces; it must lie at the very end of the file."""
    if data[-22:-18] != b"PK\x05\x06":
        raise PickleError("its archive does not end where the file does")
    count = int(unpack_from("<H", data, len(data) - 12)[0])
    if count < 0xFFFF or data[-42:-38] != b"PK\x06\x07":
        return count
    at = unpack_from("<Q", data, len(data) - 34)[0]
    return int(unpack_from("<Q", data, min(at + 32, len(data) - 8))[0])


def _check_records(records: list[zipfile.ZipInfo], file_size: int) -> None:
    names = Counter(record.filename.lower() for record in records)  # PyTorch's reader does not tell cases apart
    if twice := next((name for name, number in names.items() if number > 1), None):
        raise PickleError(f"its archive has two records named {twice!r}, of which readers take one or the other")
    if not records or min(record.header_offset for record in records) != 0:
        raise PickleError("its archive does not begin where the file does")
    folder = records[0].filename.split("/")[0] + "/"
    if other := next((record.filename for record in records if not record.filename.startswith(folder)), None):
        raise PickleError(f"its archive has records of several checkpoints: {folder} and {other!r}")
    total = sum(record.file_size for record in records)
    if total > max(HARMLESS, INFLATED * file_size):
        raise PickleError(f"its {file_size} bytes would become {total}, which is no checkpoint but a compression bomb")


def _stored_bytes(data: mmap.mmap, record: zipfile.ZipInfo) -> bytes:
    """The bytes of a record that is not compressed; a checksum is another's business."""
    name, extra = unpack_from("<HH", data, record.header_offset + 26)
    begin = record.header_offset + 30 + name + extra
    return data[begin : begin + record.file_size]


def _check_stream(data: mmap.mmap) -> None:
    """Check a file of PyTorch before 1.6, or any other pickle, which PyTorch itself then refuses."""
    end = 0
    storages: dict[str, int] = {}
    for number in range(OLD_PICKLES):
        symbols = read_symbols(data, end)
        end = symbols.end
        storages |= {str(key): size for key, size in map(_size_of, symbols.stored)}
        _check_calls(symbols)
        if number == 0 and symbols.root != MAGIC:
            return
    if (total := sum(storages.values())) > len(data) - end:
        raise PickleError(f"its storages are said to have {total} bytes, {len(data) - end} are left in the file")


def _size_of(stored: Stored) -> tuple[Any, int]:
    """Key and bytes of a storage, as the pickle says."""
    items = stored.identity.items
    if len(items) < 5 or not isinstance(items[1], Name) or not isinstance(items[4], int) or items[4] < 0:
        raise PickleError(f"the storage of {_named(stored.key)} is not described as PyTorch does")
    kind = items[1].text.rsplit(".", 1)[-1].removesuffix("Storage")
    if kind not in ITEM_SIZES:
        raise PickleError(f"the storage of {_named(stored.key)} is of the unknown kind {items[1].text}")
    return items[2], items[4] * ITEM_SIZES[kind]


def _check_calls(symbols: Symbols) -> None:
    for call in symbols.calls:
        if not isinstance(call.name, Name):
            continue
        name, arguments = call.name.text, call.arguments.items
        if name in SIZED_VIEWS:
            _check_view(call, arguments)
        elif name.endswith(ALLOCATING) and any(isinstance(value, int) or _is_size(value) for value in arguments):
            raise PickleError(f"{_named(call.key)} is a call of {name}, which makes memory of a number")
        elif name.endswith("multiarray._reconstruct") and not _is_empty(arguments):
            raise PickleError(f"the array {_named(call.key)} is made with a size before it has any numbers")


def _check_view(call: Call, arguments: list[Any]) -> None:
    """Refuse a tensor that repeats a small storage over and over (strides of 0)."""
    storage, sizes = arguments[0], arguments[2]
    if not isinstance(storage, Stored) or not isinstance(sizes, Items):
        return
    shape = sizes.items
    if not all(isinstance(side, int) and side >= 0 for side in shape):
        raise PickleError(f"{_named(call.key)} has the shape {tuple(shape)!s:.80}")
    claimed = prod(shape) * _item_size(storage)
    if claimed > max(SMALL, REPEATED * _size_of(storage)[1]):
        raise PickleError(
            f"{_named(call.key)} is said to have {claimed} bytes of numbers, its storage has {_size_of(storage)[1]}"
        )


def _item_size(storage: Stored) -> int:
    _, size = _size_of(storage)
    return size // storage.identity.items[4] if storage.identity.items[4] else 1


def _is_size(value: Any) -> bool:
    return isinstance(value, Items) and bool(value.items) and all(isinstance(side, int) for side in value.items)


def _is_empty(arguments: list[Any]) -> bool:
    """Whether an array is made with no numbers, as pickles do before they fill it."""
    shape = arguments[1] if len(arguments) > 1 else None
    return isinstance(shape, Items) and shape.items == [0]


def _named(key: Any) -> str:
    return repr(key) if isinstance(key, str) else "a tensor"
