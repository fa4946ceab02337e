"""Writing a whole scene set to disk, once."""

import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .drawing import make_scene
from .layouts import Ade, Coco, ImageFolder, Layout

LAYOUTS: dict[str, Callable[[Path, str], Layout]] = {"imagefolder": ImageFolder, "coco": Coco, "ade": Ade}
MANIFEST = "manifest.json"
UNFINISHED = "unfinished.json"
GENERATOR_VERSION = 1  # to be raised whenever the drawn pictures change
VAL_START = 10**9  # index of the first validation scene, so that both splits can grow


def write_scenes(
    root: str | Path,
    train: int,
    val: int,
    size: tuple[int, int] = (64, 64),
    seed: int = 0,
    layouts: Sequence[str] = tuple(LAYOUTS),
    overwrite: bool = False,
) -> bool:
    """Write one scene set in several layouts under ``root``; the layouts share their pictures by hard links.

    ``root/manifest.json`` holds the parameters and appears last. A set that is there with the same parameters
    is left alone; a set whose writing was interrupted is written again.

    Args:
        root: Folder for ``imagefolder/``, ``coco/`` and ``ade/``.
        train: Number of training scenes.
        val: Number of validation scenes.
        size: ``(H, W)`` of every picture.
        seed: See `make_scene`.
        layouts: Some of `LAYOUTS`.
        overwrite: Replace a set with other parameters.

    Returns:
        True if scenes were written, False if the set was there.

    Raises:
        ValueError: An unknown layout, a negative number of scenes or a bad size.
        FileExistsError: Other scenes or other files are in the way.
    """
    root = Path(root)
    unknown = [name for name in layouts if name not in LAYOUTS]
    if unknown or not layouts:
        raise ValueError(f"layouts {list(layouts)}: choose some of {', '.join(LAYOUTS)}")
    if min(train, val) < 0 or train + val == 0:
        raise ValueError(f"cannot write {train} training and {val} validation scenes: give 0 or more, not both 0")
    make_scene(0, size, seed)  # refuses a bad size or seed before anything is touched
    wanted: dict[str, Any] = {
        "generator": GENERATOR_VERSION,
        "train": train,
        "val": val,
        "size": list(size),
        "seed": seed,
        "layouts": [name for name in LAYOUTS if name in layouts],
    }
    if _is_there(root, wanted, overwrite):
        return False
    _clear(root, wanted)
    for split, count, start in (("train", train, 0), ("val", val, VAL_START)):
        writers: list[Layout] = [LAYOUTS[name](root, split) for name in wanted["layouts"]]
        _write_split(writers, range(start, start + count), size, seed)
    os.replace(root / UNFINISHED, root / MANIFEST)
    return True


def _is_there(root: Path, wanted: dict[str, Any], overwrite: bool) -> bool:
    """Whether the wanted set is complete; refuses to touch anything else that is complete or foreign."""
    if (root / MANIFEST).exists():
        found = json.loads((root / MANIFEST).read_text())
        if found == wanted:
            return True
        if not overwrite:
            changed = ", ".join(
                f"{key} {found.get(key)} -> {wanted[key]}" for key in wanted if found.get(key) != wanted[key]
            )
            raise FileExistsError(f"'{root}' holds other scenes ({changed}): add --overwrite or choose another folder")
    elif not (root / UNFINISHED).exists():
        foreign = [name for name in LAYOUTS if (root / name).exists()]
        if foreign:
            raise FileExistsError(f"'{root / foreign[0]}' was not written by make_scenes: choose another folder")
    return False


def _clear(root: Path, wanted: dict[str, Any]) -> None:
    """Mark the set as unfinished, then remove what is left of an earlier one."""
    root.mkdir(parents=True, exist_ok=True)
    (root / UNFINISHED).write_text(json.dumps(wanted))
    (root / MANIFEST).unlink(missing_ok=True)
    for name in LAYOUTS:
        shutil.rmtree(root / name, ignore_errors=True)


def _write_split(writers: list[Layout], indices: range, size: tuple[int, int], seed: int) -> None:
    for number, index in enumerate(indices):
        scene = make_scene(index, size, seed)
        picture = None
        for writer in writers:
            picture = writer.add(number, scene, picture)
    for writer in writers:
        writer.close()
