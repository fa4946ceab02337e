"""What a killed and resumed run must have in common with one that was never interrupted."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from mimseg.checkpoints import find_latest, read_checkpoint
from mimseg.visualization import read_losses

ASPECTS = ("weights", "best", "metrics", "histories", "curves", "files")
STATES = ("state_dict", "ema_state_dict", "optimizer", "param_schedulers", "rng_states", "selection")
OF_TIME = re.compile(r"seconds|(^|/)(time|data_time|memory|img_per_s)$")
"""Names of numbers that no two runs have in common."""
REMEMBERED = ("best_score", "last_validation", "keep_ckpt_ids")
START = re.compile(r"\d{8}_\d{6}")


def differences(reference: Path, run: Path) -> dict[str, list[str]]:
    """What differs between two work folders, by aspect; an aspect without a difference has an empty list."""
    compared = {
        "weights": lambda: _of_weights(reference, run),
        "best": lambda: _of_best(reference, run),
        "metrics": lambda: list(differing(_metrics(reference), _metrics(run), "metrics.json")),
        "histories": lambda: list(differing(_histories(reference), _histories(run), "message_hub")),
        "curves": lambda: list(differing(_curves(reference), _curves(run), "curves")),
        "files": lambda: _of_files(reference, run),
    }
    return {aspect: _try(compare) for aspect, compare in compared.items()}


def _try(compare: Any) -> list[str]:
    try:
        return list(compare())
    except Exception as error:
        return [f"{type(error).__name__}: {error}"[:300]]


def differing(a: Any, b: Any, path: str) -> Iterator[str]:
    """Where two nested values differ; numbers of time are left out."""
    if isinstance(a, dict) and isinstance(b, dict):
        names = sorted({*a, *b}, key=str)
        for name in (name for name in names if not OF_TIME.search(str(name))):
            if (name in a) != (name in b):
                yield f"{path}.{name} only {'in the reference' if name in a else 'in the killed run'}"
            else:
                yield from differing(a[name], b[name], f"{path}.{name}")
    elif isinstance(a, list | tuple) and isinstance(b, list | tuple):
        if len(a) != len(b):
            yield f"{path}: {len(a)} entries became {len(b)}"
            return
        for index, pair in enumerate(zip(a, b, strict=True)):
            yield from differing(*pair, f"{path}[{index}]")
    elif not _equal(a, b):
        yield f"{path}: {str(a)[:60]} became {str(b)[:60]}"


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        return a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    return bool(a == b) or (a != a and b != b)


def _last(folder: Path) -> dict[str, Any]:
    latest = find_latest(folder)
    if latest is None:
        raise FileNotFoundError(f"no checkpoint in {folder}")
    return read_checkpoint(latest)


def _of_weights(reference: Path, run: Path) -> list[str]:
    names = [sorted(path.name for path in folder.glob("*.pth")) for folder in (reference, run)]
    found = list(differing(*names, "checkpoints"))
    if found:
        return found
    for name in (name for name in names[0] if not name.startswith("best_")):
        a, b = (read_checkpoint(folder / name) for folder in (reference, run))
        for state in STATES:
            found += differing(a.get(state), b.get(state), f"{name}:{state}")
    return found


def _of_best(reference: Path, run: Path) -> list[str]:
    names = [sorted(path.name for path in folder.glob("best_*")) for folder in (reference, run)]
    found = list(differing(*names, "best"))
    for name in () if found else names[0]:
        a, b = (read_checkpoint(folder / name) for folder in (reference, run))
        found += differing(a["state_dict"], b["state_dict"], name)
        found += differing(_remembered(a), _remembered(b), name)
    return found


def _metrics(folder: Path) -> Any:
    path = folder / "metrics.json"
    return json.loads(path.read_text()) if path.exists() else None


def _histories(folder: Path) -> dict[str, Any]:
    last = _last(folder)
    scalars = last["message_hub"]["log_scalars"]
    return {**_remembered(last), **{name: list(buffer.data) for name, buffer in scalars.items()}}


def _remembered(checkpoint: dict[str, Any]) -> dict[str, Any]:
    info = checkpoint["message_hub"]["runtime_info"]
    kept = {name: info[name] for name in info if name.startswith(REMEMBERED)}
    best = {name: Path(info[name]).name for name in info if name.startswith("best_ckpt") and info[name]}
    return kept | best


def _curves(folder: Path) -> dict[str, Any]:
    """What the pictures draw, and of every other scalar the last value that was logged for a step."""
    files = sorted(folder.glob("*/vis_data/scalars.json"))
    drawn = {name: [steps, values] for name, (steps, values) in read_losses(files).items()}
    logged: dict[str, dict[Any, Any]] = {}
    for file in files:
        for line in map(_parsed, file.read_text(errors="replace").splitlines()):
            for name in line.keys() - {"step", "iter", "epoch"}:
                logged.setdefault(name, {})[line.get("step")] = line[name]
    return {"drawn": drawn, "logged": logged}


def _parsed(line: str) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def _of_files(reference: Path, run: Path) -> list[str]:
    found = list(differing(_names(reference), _names(run), "files"))
    for path in run.rglob("*"):
        if path.name.endswith(".tmp"):
            found.append(f"{path.relative_to(run)} was left")
        if path.suffix == ".png" and not START.fullmatch(path.relative_to(run).parts[0]):
            with Image.open(path) as picture:
                picture.load()
    return found


def _names(folder: Path) -> dict[str, bool]:
    """The files of a run, but those of its starts."""
    names = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {str(name): True for name in names if not START.fullmatch(name.parts[0])}
