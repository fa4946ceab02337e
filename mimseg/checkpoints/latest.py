"""Which checkpoint to resume from."""

import re
from collections.abc import Callable
from pathlib import Path

from .intact import damage_of

CHECKPOINT_NAME = re.compile(r"(epoch|iter)_(\d+)\.pth")


def find_latest(work_dir: str | Path) -> Path | None:
    """The newest ``epoch_<n>.pth`` or ``iter_<n>.pth`` in ``work_dir``, or None where there is none.

    Within a kind the number decides; between the newest of each kind, the modification time. Temporary files
    are ignored, and so is MMEngine's ``last_checkpoint`` file: it holds a path that is stale in a moved
    folder, and it is not written together with the checkpoint.
    """
    return next(iter(_from_the_newest(work_dir)), None)


def find_intact(work_dir: str | Path, report: Callable[[Path, str], None], before: Path | None = None) -> Path | None:
    """The newest checkpoint of ``work_dir`` (see :func:`find_latest`) that is as it was written, or None.

    Args:
        work_dir: the folder.
        report: told of every newer one what is wrong with it, as :func:`damage_of` has it.
        before: a checkpoint that is passed over without a word, as is all that is newer.
    """
    candidates = _from_the_newest(work_dir)
    if before in candidates:
        candidates = candidates[candidates.index(before) + 1 :]
    for path in candidates:
        damage = damage_of(path)
        if damage is None:
            return path
        report(path, damage)
    return None


def _from_the_newest(work_dir: str | Path) -> list[Path]:
    """The checkpoints of a folder; of each kind, by number, the two kinds merged by modification time."""
    kinds: dict[str, list[tuple[int, Path]]] = {}
    for path in Path(work_dir).glob("*.pth"):
        match = CHECKPOINT_NAME.fullmatch(path.name)
        if match and path.is_file():
            kinds.setdefault(match[1], []).append((int(match[2]), path))
    rising = [[path for _, path in sorted(numbered)] for numbered in kinds.values()]
    merged: list[Path] = []
    while any(rising):
        newest = max((paths for paths in rising if paths), key=lambda paths: paths[-1].stat().st_mtime_ns)
        merged.append(newest.pop())
    return merged
