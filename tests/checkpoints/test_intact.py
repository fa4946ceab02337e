import os
import zipfile

import pytest
import torch

from mimseg.checkpoints import damage_of


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "epoch_1.pth"
    torch.save({"meta": {"epoch": 1}, "state_dict": {"weight": torch.arange(5000.0), "bias": torch.zeros(3)}}, path)
    return path


def flip(path, position):
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)


def record(path, ending):
    """Where the bytes of a record are."""
    with zipfile.ZipFile(path) as archive:
        info = next(info for info in archive.infolist() if info.filename.endswith(ending))
        return path.read_bytes().index(archive.read(info)), info.file_size


def test_what_torch_wrote_is_intact(checkpoint):
    assert damage_of(checkpoint) is None and damage_of(str(checkpoint)) is None


@pytest.mark.parametrize("ending", ["data/0", "data.pkl"])
def test_one_flipped_bit_is_seen(checkpoint, ending):
    """PyTorch's own reader does not: the number is another one, and nobody knows."""
    start, size = record(checkpoint, ending)
    flip(checkpoint, start + size // 2)
    damage = damage_of(checkpoint)
    assert damage.startswith("1 of ") and "differ from their checksums" in damage and ending in damage
    if ending == "data/0":
        assert not torch.equal(torch.load(checkpoint)["state_dict"]["weight"], torch.arange(5000.0))


def test_no_bit_of_the_table_of_records_ends_in_another_error(tmp_path):
    """Some are seen, some mean nothing to a reader; none is a traceback."""
    path = tmp_path / "a.pth"
    torch.save({"weight": torch.arange(3.0)}, path)
    whole = path.read_bytes()
    table = whole.index(b"PK\x01\x02")
    damages = []
    for position in range(table, len(whole)):
        path.write_bytes(whole)
        flip(path, position)
        damages.append(damage_of(path))
    assert all(damages[offset] for offset in (0, 16, 20, 46))  # signature, checksum, size, name
    assert not any("\n" in damage for damage in damages if damage)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_cut_and_empty_files_are_seen(checkpoint, share):
    os.truncate(checkpoint, int(share * checkpoint.stat().st_size))
    expected = "it is empty (0 bytes)" if share == 0 else "it is cut off, or no PyTorch archive ("
    assert damage_of(checkpoint).startswith(expected)


def test_garbage_is_seen(checkpoint):
    checkpoint.write_bytes(b"\x80\x02garbage" * 1000)
    assert damage_of(checkpoint) == "it is cut off, or no PyTorch archive (File is not a zip file)"


def test_a_bomb_is_not_inflated(tmp_path, monkeypatch):
    path = tmp_path / "bomb.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb/data/0", bytes(50_000_000))
    monkeypatch.setattr(zipfile.ZipFile, "open", None)
    assert damage_of(path) == "its 0.0 MiB declare 48 MiB of records"


def test_an_archive_without_checksums_counts_as_intact(tmp_path):
    torch.serialization.set_crc32_options(False)
    try:
        torch.save({"weight": torch.ones(3)}, tmp_path / "a.pth")
    finally:
        torch.serialization.set_crc32_options(True)
    assert damage_of(tmp_path / "a.pth") is None
