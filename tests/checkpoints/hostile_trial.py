"""Showing files to every door through which checkpoints come in, each in a child with little memory and time."""

import copy
import json
import os
import resource
import signal
import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import mmengine.logging
import timm
import torch
from hostile_making import MARKER, SIZES, TIMM, VICTIM
from mmengine.model import BaseModule
from mmengine.runner import load_checkpoint

from mimseg.apis import convert, explain
from mimseg.checkpoints import guarded, load_weights, read_checkpoint
from mimseg.checkpoints.source import open_weights, read_file
from mimseg.models import FrozenTeacher
from mimseg.models.teachers import PretrainedTeacher
from mimseg.registry import MODELS

MEMORY = int(2.5 * 2**30)
"""Bytes that a child may take besides what it was born with."""
SECONDS = 20
ENDINGS = ("read", "one line", "no line", "crash", "hang", "code run", "deleted")
ENCODER = dict(
    type="mimseg.SparseViT",
    arch=dict(embed_dim=32, depth=2, num_heads=2),
    patch_size=4,
    image_size=16,
    positions="learned",
)


class Part(BaseModule):
    """A part of a detector that loads its own file, as ``init_cfg`` says."""

    def __init__(self, path: Path) -> None:
        super().__init__(init_cfg=dict(type="Pretrained", checkpoint=str(path)))
        self.head = torch.nn.Linear(2, 2)


class Holder(torch.nn.Module):
    """A model with an encoder."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = MODELS.build(copy.deepcopy(ENCODER))


def by_init_cfg(path: Path) -> None:
    with guarded():
        Part(path).init_weights()


def by_load_checkpoint(path: Path) -> None:
    with guarded():
        load_checkpoint(torch.nn.Linear(2, 2), str(path), map_location="cpu")


def by_torch_load(path: Path) -> None:
    with guarded():
        torch.load(path, map_location="cpu", weights_only=False)


def by_timm(path: Path) -> None:
    with guarded():
        timm.create_model(TIMM, checkpoint_path=str(path), **SIZES)


def as_teacher(path: Path) -> None:
    teacher = PretrainedTeacher(str(path))
    teacher._load(Holder().encoder)


DOORS: Mapping[str, Callable[[Path], object]] = {
    "read_checkpoint": read_checkpoint,
    "read_file": read_file,
    "open_weights": open_weights,
    "load_weights": lambda path: load_weights(Holder(), path, scope="encoder.", least=0.9, log=str),
    "convert": lambda path: convert(path, path.parent / "converted.pth", "mimseg", overwrite=True),
    "FrozenTeacher": lambda path: FrozenTeacher(TIMM, str(path), options=dict(SIZES)),
    "PretrainedTeacher": as_teacher,
    "init_cfg=Pretrained": by_init_cfg,
    "load_checkpoint": by_load_checkpoint,
    "torch.load in a run": by_torch_load,
    "timm's checkpoint_path": by_timm,
}
OUTSIDE = ("torch.load in a run", "timm's checkpoint_path")
"""Doors of other libraries, whose own words for a file that is not what they want are theirs."""


def show(path: Path, doors: Mapping[str, Callable[[Path], object]] = DOORS) -> dict[str, tuple[str, str]]:
    """Show a file to every door; gives, by door, one of :data:`ENDINGS` and what was said."""
    (path.parent / VICTIM).mkdir(exist_ok=True)
    endings: dict[str, tuple[str, str]] = {}
    while len(endings) < len(doors):
        left = {name: door for name, door in doors.items() if name not in endings}
        told, code = _in_child(path, left)
        endings |= {name: (ending, said) for name, ending, said in told}
        if code:  # it died in the door after the last one that it told of
            name = next(name for name in left if name not in endings)
            endings[name] = ("hang" if code == signal.SIGALRM else "crash", f"signal {code}")
    if (path.parent / MARKER).exists():
        return {name: ("code run", said) for name, (_, said) in endings.items()}
    if not (path.parent / VICTIM).exists():
        return {name: ("deleted", said) for name, (_, said) in endings.items()}
    return endings


def _in_child(path: Path, doors: Mapping[str, Callable[[Path], object]]) -> tuple[list[list[str]], int]:
    """What a child told of the doors, and the signal that ended it, 0 for none."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            _limit()
            sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115 (till the child ends)
            with os.fdopen(writing, "w") as pipe:
                for name, door in doors.items():
                    signal.alarm(SECONDS)
                    pipe.write(json.dumps([name, *_try(door, path)]) + "\n")
                    pipe.flush()
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = [json.loads(line) for line in pipe]
    _, status = os.waitpid(child, 0)
    return told, os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def _limit() -> None:
    """Little memory, and the alarm's default action: the end."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    warnings.simplefilter("ignore")
    mmengine.logging.print_log.__globals__["logging"].disable()


def _try(door: Callable[[Path], object], path: Path) -> tuple[str, str]:
    try:
        door(path)
    except Exception as error:
        line = explain(error)
        said = f"{type(error).__name__}: {error}"[:2000]
        return ("no line" if line is None or "\n" in line else "one line"), line or said
    return "read", ""


if __name__ == "__main__":
    sys.exit("run tools/dev/hostile_corpus.py")
