"""Telling whether a checkpoint is as it was written, by the checksums that its archive holds."""

import zipfile
import zlib
from pathlib import Path
from typing import Any

import torch

CHUNK = 1 << 24  # bytes read at a time
MOST_INFLATION = 10  # PyTorch stores its records as they are, so that a file is larger than what it holds

BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)
"""What ``zipfile`` raises for records that are not as their table says."""


def damage_of(path: str | Path) -> str | None:
    """Find what is wrong with a file that ``torch.save`` wrote; None where every record has its checksum.

    Reads the whole file, in chunks, without building anything from it. An archive without checksums (PyTorch can leave
    them out) counts as intact. Files in PyTorch's format before 1.6 are no archives and have no checksums: they are
    "no PyTorch archive".

    Raises:
        OSError: there is no such file.
    """
    path = Path(path)
    size = path.stat().st_size
    if size == 0:
        return "it is empty (0 bytes)"
    try:
        with zipfile.ZipFile(path) as archive:
            damage = _damage(archive, size)
        return damage or _refusal(path)
    except BROKEN as error:
        detail = (str(error).splitlines() or [type(error).__name__])[0][:100]
        return f"it is cut off, or no PyTorch archive ({detail})"


def _damage(archive: zipfile.ZipFile, size: int) -> str | None:
    records = archive.infolist()
    declared = sum(record.file_size for record in records)
    if declared > MOST_INFLATION * size:
        return f"its {size / 2**20:.1f} MiB declare {declared / 2**20:.0f} MiB of records"
    if all(record.CRC == 0 for record in records):
        return None  # written without checksums
    wrong = [record.filename for record in records if not _is_intact(archive, record)]
    return f"{len(wrong)} of {len(records)} records differ from their checksums, e.g. {wrong[0]}" if wrong else None


def _refusal(path: Path) -> str | None:
    """What PyTorch's own reader, which is stricter about the table of records, has against it."""
    try:
        reader: Any = torch._C.PyTorchFileReader(str(path))
        for name in reader.get_all_records():
            reader.get_record_offset(name)
    except RuntimeError as error:
        return f"PyTorch does not read it ({str(error).splitlines()[0][:100]})"
    return None


def _is_intact(archive: zipfile.ZipFile, record: zipfile.ZipInfo) -> bool:
    try:
        with archive.open(record) as file:
            while file.read(CHUNK):
                pass
    except BROKEN:
        return False
    return True
