"""Which checkpoint to resume from."""

import re
from pathlib import Path

CHECKPOINT_NAME = re.compile(r"(epoch|iter)_(\d+)\.pth")


def find_latest(work_dir: str | Path) -> Path | None:
    """The newest ``epoch_<n>.pth`` or ``iter_<n>.pth`` in ``work_dir``, or None where there is none.

    Within a kind the number decides; between the newest of each kind, the modification time. Temporary files
    are ignored, and so is MMEngine's ``last_checkpoint`` file: it holds a path that is stale in a moved
    folder, and it is not written together with the checkpoint.
    """
    newest: dict[str, tuple[int, Path]] = {}
    for path in Path(work_dir).glob("*.pth"):
        match = CHECKPOINT_NAME.fullmatch(path.name)
        if match and path.is_file():
            kind, number = match[1], int(match[2])
            newest[kind] = max(newest.get(kind, (-1, path)), (number, path))
    return max((path for _, path in newest.values()), key=lambda path: path.stat().st_mtime_ns, default=None)
