"""Checkpoint files that mean harm or are broken, as data: a name, and how to write the file."""

import os
import pickle
from argparse import Namespace
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from hostile_making import (
    KERNEL,
    QKV,
    Call,
    altered,
    append,
    bomb,
    called,
    changed,
    comment,
    honest,
    many_records,
    meta,
    nested,
    number,
    of_pickle,
    overlapping,
    payloads,
    repeated_tuple,
    safetensors,
    save,
    scripted,
    self_containing,
    size_lie,
    tar,
    twice,
    with_config,
)
from mmengine.logging import HistoryBuffer


def with_payload() -> dict[str, Callable[[Path], None]]:
    """Files that run code when they are unpickled."""
    files: dict[str, Callable[[Path], None]] = {}
    for name in payloads(Path()):
        for old in (False, True):
            files[f"{name} {'old' if old else 'zip'}.pth"] = lambda path, name=name, old=old: save(
                {"model": honest(), "extra": payloads(path.parent)[name]}, path, old
            )

    def place(name: str, wrap: Callable[[Call], object], old: bool = False) -> None:
        files[name] = lambda path: save(wrap(payloads(path.parent)["os.mkdir"]), path, old)

    place("root.pth", lambda payload: payload)
    place("in state.pth", lambda payload: {"state_dict": {**honest(), "blocks.0.x": payload}})
    place("in meta.pth", lambda payload: {"state_dict": honest(), "meta": {"mimseg": {"heads": payload}}})
    place("as key.pth", lambda payload: {"model": honest(), (payload,): 1})
    place("in optimizer.pth", lambda payload: {"model": honest(), "optimizer": {"state": {0: {"x": payload}}}})
    place("in namespace.pth", lambda payload: {"model": honest(), "args": Namespace(x=payload)})
    place("in history.pth", lambda payload: {"model": honest(), "hub": HistoryBuffer([1.0], [1]), "x": [payload]})
    place("in ordered.pth", lambda payload: OrderedDict(model=honest(), x=OrderedDict(y=payload)))
    place("in array.pth", lambda payload: {"model": honest(), "x": np.array([payload], dtype=object)})
    place("in a tuple old.pth", lambda payload: ({"model": honest()}, payload), old=True)

    def deep(payload: Call) -> object:
        for _ in range(200):
            payload = [payload]  # type: ignore[assignment]
        return {"model": honest(), "x": payload}

    place("200 deep.pth", deep)
    mkdir = lambda path: payloads(path.parent)["os.mkdir"]  # noqa: E731
    files["raw pickle.pth"] = lambda path: path.write_bytes(pickle.dumps(mkdir(path), 2)) and None
    files["raw pickle 4.pth"] = lambda path: path.write_bytes(pickle.dumps({"x": mkdir(path)}, 4)) and None
    files["tar.pth"] = lambda path: tar(path, mkdir(path))
    files["torchscript.pt"] = lambda path: scripted(path, mkdir(path))
    files["module.pth"] = lambda path: save(torch.nn.Linear(1, 1), path)
    files["named.safetensors"] = lambda path: save(mkdir(path), path)
    files["array.npy"] = lambda path: np.save(path, np.array([mkdir(path)], dtype=object), allow_pickle=True)
    return files


def with_sizes() -> dict[str, Callable[[Path], None]]:
    """Files that want far more memory or time than they have bytes, or that readers disagree on."""
    return {
        "storage of 4 TB.pth": lambda path: size_lie(path, 2**40),
        "storage 1 too long.pth": lambda path: size_lie(path, 78),
        "storage below 0.pth": lambda path: size_lie(path, -1),
        "storage of 4 TB old.pth": lambda path: size_lie(path, 2**40, old=True),
        "storage 1 too long old.pth": lambda path: size_lie(path, 78, old=True),
        "tensor of one number.pth": lambda path: save({"model": {QKV: torch.zeros(1).expand(10**6, 10**6)}}, path),
        "tensor of one number old.pth": lambda path: save({"m": torch.zeros(1).expand(10**12)}, path, True),
        "tensor of one row.pth": lambda path: changed(path, QKV, lambda t: t[:1].expand(10**9, 32)),
        "parameter of one number.pth": lambda path: save(
            {"model": {QKV: torch.nn.Parameter(torch.zeros(1).expand(10**12), requires_grad=False)}}, path
        ),
        "call of Tensor.pth": lambda path: called(path, "torch", "Tensor", number(10**12) + b"\x85"),
        "call of UntypedStorage.pth": lambda path: called(
            path, "torch.storage", "UntypedStorage", number(10**11) + b"\x85"
        ),
        "call of bytearray.pth": lambda path: called(path, "builtins", "bytearray", number(10**11) + b"\x85"),
        "call of ndarray.pth": lambda path: called(path, "numpy", "ndarray", number(10**11) + b"\x85\x85"),
        "call of reconstruct.pth": lambda path: called(
            path, "numpy._core.multiarray", "_reconstruct", b"cnumpy\nndarray\n" + number(10**11) + b"\x85U\x01b\x87"
        ),
        "zip bomb.pth": bomb,
        "overlapping records.pth": overlapping,
        "60000 records.pth": many_records,
        "two pickles.pth": lambda path: twice(path, "data.pkl"),
        "two pickles by case.pth": lambda path: twice(path, "DATA.pkl"),
        "two folders.pth": lambda path: twice(path, "/data.pkl"),
        "a comment.pth": lambda path: (save({"model": honest()}, path), comment(path))[1],
        "two archives.pth": lambda path: (save({"model": honest()}, path), append(path, path.read_bytes()))[1],
        "nested lists.pth": lambda path: nested(path, b"]", b"a", 100_000),
        "nested tuples.pth": lambda path: nested(path, b"", b"\x85", 1_000_000),
        "nested tuple as key.pth": lambda path: of_pickle(path, b"\x80\x02}K\x01" + b"\x85" * 10**6 + b"K\x01s."),
        "repeated tuple as key.pth": lambda path: of_pickle(path, repeated_tuple(60)),
        "long pickle.pth": lambda path: of_pickle(path, b"\x80\x02}X\x01\x00\x00\x00a(" + b"N" * 6_000_000 + b"ts."),
        "text of 4 GB.pth": lambda path: of_pickle(path, b"\x80\x02X\xff\xff\xff\xff."),
        "no end.pth": lambda path: of_pickle(path, b"\x80\x02}"),
        "no memo.pth": lambda path: of_pickle(path, b"\x80\x02h\x07."),
        "no stack.pth": lambda path: of_pickle(path, b"\x80\x02s."),
        "shape of text.pth": lambda path: altered(path, lambda data: data.replace(b"K\x60K \x86", b"NN\x86")),
        "header of 1 EiB.safetensors": lambda path: safetensors(path, {}, length=2**60),
        "header of 1 GB.safetensors": lambda path: safetensors(path, {}, length=2**30),
        "deep header.safetensors": lambda path: safetensors(path, b"[" * 100_000),
        "beyond the file.safetensors": lambda path: safetensors(
            path, {QKV: {"dtype": "F32", "shape": [10**6, 10**6], "data_offsets": [0, 4 * 10**12]}}
        ),
        "overlapping.safetensors": lambda path: safetensors(
            path, {name: {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} for name in "ab"}, bytes(8)
        ),
        "unknown type.safetensors": lambda path: safetensors(
            path, {QKV: {"dtype": "OBJECT", "shape": [1], "data_offsets": [0, 8]}}, bytes(8)
        ),
        "huge side.safetensors": lambda path: safetensors(
            path, {QKV: {"dtype": "F32", "shape": [2**63, 0], "data_offsets": [0, 0]}}
        ),
    }


def with_odd_tensors() -> dict[str, Callable[[Path], None]]:
    """Files whose tensors are no weights, or whose other entries are not what anybody writes."""
    files: dict[str, Callable[[Path], None]] = {}
    for name, change in {
        "meta": lambda t: t.to("meta"),
        "sparse": lambda t: t.to_sparse(),
        "sparse rows": lambda t: t.flatten(1).to_sparse_csr(),
        "quantized": lambda t: torch.quantize_per_tensor(t, 0.1, 0, torch.qint8),
        "nested": lambda t: torch.nested.nested_tensor([t.flatten(), t.flatten()[:3]]),
        "complex": lambda t: t.to(torch.complex64),
        "int8": lambda t: (t * 100).to(torch.int8),
        "bool": lambda t: t > 0,
        "NaN": lambda t: t * float("nan"),
        "infinite": lambda t: t + float("inf"),
        "0-d": lambda t: torch.zeros(()),
        "empty": lambda t: t[:0],
        "flattened": lambda t: t.flatten(),
        "of rank 7": lambda t: t.reshape(*t.shape, *(1 for _ in range(7 - t.ndim))),
        "array": lambda t: t.numpy(),
        "number": lambda t: 1.0,
    }.items():
        for key in (KERNEL, QKV, "pos_embed"):
            files[f"{name} {key}.pth"] = lambda path, key=key, change=change: changed(path, key, change)
    files |= {
        "all arrays.pth": lambda path: save({"model": {name: t.numpy() for name, t in honest().items()}}, path),
        "all flattened.pth": lambda path: save({"model": {name: t.flatten() for name, t in honest().items()}}, path),
        "all 0-d.pth": lambda path: save({"model": {name: torch.zeros(()) for name in honest()}}, path),
        "no entries.pth": lambda path: save({}, path),
        "list.pth": lambda path: save([1, 2], path),
        "tensor.pth": lambda path: save(torch.ones(3), path),
        "text.pth": lambda path: save("weights", path),
        "none.pth": lambda path: save(None, path),
        "numbers as keys.pth": lambda path: save({1: torch.ones(2), (2, 3): torch.ones(2), None: 1}, path),
        "3000 kinds of names.pth": lambda path: save({f"x{i}.a": torch.ones(1) for i in range(3000)}, path),
        "contains itself.pth": self_containing,
        "meta of text.pth": lambda path: meta(path, "text"),
        "facts of text.pth": lambda path: meta(path, {"mimseg": "text"}),
        "facts below 0.pth": lambda path: meta(path, {"mimseg": {"heads": {}, "patch_size": -1, "in_channels": 0}}),
        "heads of text.pth": lambda path: meta(path, {"mimseg": {"heads": "12"}}),
        "grid of text.pth": lambda path: meta(path, {"mimseg": {"heads": {}, "grid": "ab"}}),
        "deep config": lambda path: with_config(path, b"[" * 100_000),
        "no JSON": lambda path: with_config(path, b"\xff\xfe\x00{"),
        "JSON list": lambda path: with_config(path, b"[1]"),
        "heads of a config": lambda path: with_config(path, b'{"num_attention_heads": {"a": 1}, "hidden_act": "gelu"}'),
        "huge number": lambda path: with_config(path, b'{"image_size": ' + b"9" * 5000 + b"}"),
        "garbage.pth": lambda path: path.write_bytes(np.random.default_rng(0).bytes(5000)) and None,
        "page.pth": lambda path: path.write_text("<html><body>404</body></html>") and None,
        "pointer.pth": lambda path: (
            path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:1") and None
        ),
        "nothing.pth": lambda path: path.write_bytes(b""),
        "nothing.safetensors": lambda path: path.write_bytes(b""),
        "cut.pth": lambda path: (save({"model": honest()}, path), os.truncate(path, 5000))[1],
        "cut old.pth": lambda path: (save({"model": honest()}, path, True), os.truncate(path, 5000))[1],
        "folder.pth": lambda path: path.mkdir(),
        "pipe.pth": lambda path: os.mkfifo(path),
        "pipe.safetensors": lambda path: os.mkfifo(path),
        "device.pth": lambda path: path.symlink_to("/dev/zero"),
        "no target.pth": lambda path: path.symlink_to("nowhere"),
        "link to itself.pth": lambda path: path.symlink_to(path.name),
    }
    return files


FILES = {**with_payload(), **with_sizes(), **with_odd_tensors()}
"""All files, by their names in the folder."""


def write(folder: Path, name: str) -> Path:
    """Write one of :data:`FILES`."""
    path = folder / name
    FILES[name](path)
    return path
