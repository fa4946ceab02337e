"""How checkpoint files that mean harm or are broken are written.

A payload makes ``MARKER`` or removes ``VICTIM``; both are in the folder that the files are written to.
"""

import importlib
import io
import json
import os
import pickle
import shutil
import struct
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import timm
import torch
from mmengine.config import Config

MARKER, VICTIM = "ran", "victim"
KERNEL, QKV = "patch_embed.proj.weight", "blocks.0.attn.qkv.weight"
SIZES = dict(img_size=16, patch_size=4, embed_dim=32, depth=2, num_heads=2, num_classes=0)
TIMM = "vit_tiny_patch16_224"


def honest() -> dict[str, torch.Tensor]:
    """The weights of a micro ViT, by timm's names."""
    return dict(_made())


@cache
def _made() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return dict(timm.create_model(TIMM, **SIZES).state_dict())


class Call:
    """Pickles as a call."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def payloads(folder: Path) -> dict[str, Call]:
    """Calls that leave the marker or remove the victim."""
    marker = str(folder / MARKER)
    touch = f"open({marker!r}, 'w')"
    return {
        "os.system": Call(os.system, f"touch {marker}"),
        "os.mkdir": Call(os.mkdir, marker),
        "subprocess": Call(subprocess.call, ["touch", marker]),
        "eval": Call(eval, touch),
        "exec": Call(exec, touch),
        "open": Call(open, marker, "w"),
        "rmtree": Call(shutil.rmtree, str(folder / VICTIM)),
        "import": Call(importlib.import_module, "antigravity"),
        "getattr": Call(getattr, Call(importlib.import_module, "os"), "system"),
        "pickle.loads": Call(pickle.loads, pickle.dumps(Call(os.mkdir, marker))),
        "config": Call(Config.fromstring, touch, ".py"),
        "torch.load": Call(torch.load, "nowhere.pth", None, None),
    }


def save(checkpoint, path: Path, old: bool = False) -> None:
    torch.save(checkpoint, path, _use_new_zipfile_serialization=not old)


def of_pickle(path: Path, data: bytes, records: dict[str, bytes] | None = None) -> None:
    """A checkpoint with this pickle in it."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", data)
        archive.writestr("archive/byteorder", "little")
        archive.writestr("archive/version", "3\n")
        for name, content in (records or {}).items():
            archive.writestr(f"archive/{name}", content)


def altered(path: Path, change: Callable[[bytes], bytes], state=None, compress=zipfile.ZIP_STORED) -> None:
    """An honest checkpoint whose pickle is changed."""
    file = io.BytesIO()
    torch.save({"model": state or honest()}, file)
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(path, "w", compress) as new:
        for info in old.infolist():
            data = old.read(info)
            new.writestr(info.filename, change(data) if info.filename.endswith("/data.pkl") else data)


def changed(path: Path, old: str, new: Callable[[torch.Tensor], object]) -> None:
    """An honest checkpoint with one other tensor."""
    state = honest()
    state[old] = new(state[old])
    save({"model": state}, path)


def number(value: int) -> bytes:
    return b"\x8a\x08" + struct.pack("<q", value)


def size_lie(path: Path, claimed: int, old: bool = False) -> None:
    state, said = {"a": torch.zeros(77)}, b"K\x4d"
    if old:
        save(state, path, old=True)
        path.write_bytes(path.read_bytes().replace(said, number(claimed)))
    else:
        altered(path, lambda data: data.replace(said, number(claimed)), state)


def called(path: Path, module: str, name: str, arguments: bytes) -> None:
    """A pickle of ``{"a": module.name(arguments)}``."""
    of_pickle(path, b"\x80\x02}X\x01\x00\x00\x00ac" + f"{module}\n{name}\n".encode() + arguments + b"Rs.")


def nested(path: Path, opening: bytes, closing: bytes, depth: int) -> None:
    of_pickle(path, b"\x80\x02}X\x01\x00\x00\x00a" + opening * depth + closing * depth + b"s.")


def bomb(path: Path) -> None:
    """320 MiB of zeros in 0.3 MB."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}.")
        with archive.open("archive/data/0", "w", force_zip64=True) as file:
            for _ in range(20):
                file.write(bytes(2**24))


def overlapping(path: Path) -> None:
    """A thousand records that are one and the same megabyte."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}.")
        archive.writestr("archive/data/0000", bytes(2**20))
        info = archive.infolist()[1]
        for index in range(1, 1000):
            copy = zipfile.ZipInfo(f"archive/data/{index:04}")
            for key in ("header_offset", "CRC", "file_size", "compress_size"):
                setattr(copy, key, getattr(info, key))
            archive.filelist.append(copy)
    path.write_bytes(file.getvalue())


def many_records(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}.")
        for index in range(60_000):
            info = zipfile.ZipInfo(f"archive/data/{index}")
            info.header_offset = info.CRC = 0
            archive.filelist.append(info)


def twice(path: Path, second: str) -> None:
    save({"model": honest()}, path)
    with zipfile.ZipFile(path, "a") as archive:
        root = archive.namelist()[0].split("/")[0]
        archive.writestr(f"{root}/{second}" if not second.startswith("/") else f"other{second}", b"\x80\x02}.")


def repeated_tuple(levels: int) -> bytes:
    """((((), ()), ((), ())), ...), written in two bytes a level; to hash it takes 2 ** levels steps."""
    step = b"".join(b"q" + bytes([1]) + b"h" + bytes([1]) + b"\x86" for _ in range(levels))
    return b"\x80\x02}K\x01\x85" + step + b"K\x01s."


def safetensors(path: Path, header: object, data: bytes = b"", length: int | None = None) -> None:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + data)


def tar(path: Path, payload: Call) -> None:
    with tarfile.open(path, "w") as archive:
        for name in ("storages", "tensors", "pickle"):
            data = pickle.dumps(payload)
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def scripted(path: Path, payload: Call | None = None) -> None:
    """A TorchScript archive, with another pickle in it."""
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), str(path))
    if payload is not None:
        with zipfile.ZipFile(path) as old:
            content = {name: old.read(name) for name in old.namelist()}
        with zipfile.ZipFile(path, "w") as new:
            for name, data in content.items():
                new.writestr(name, pickle.dumps(payload, 2) if name.endswith("/data.pkl") else data)


def with_config(path: Path, config: bytes) -> None:
    """A folder of save_pretrained with this config.json."""
    path.mkdir()
    save(honest(), path / "pytorch_model.bin")
    (path / "config.json").write_bytes(config)


def meta(path: Path, facts: object) -> None:
    save({"state_dict": {f"encoder.{name}": tensor for name, tensor in honest().items()}, "meta": facts}, path)


def self_containing(path: Path) -> None:
    checkpoint: dict[str, object] = {"epoch": 1}
    checkpoint["model"] = checkpoint
    save(checkpoint, path)


def comment(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"PK\x05\x06" + bytes(18)


def append(path: Path, data: bytes) -> None:
    with open(path, "ab") as file:
        file.write(data)
