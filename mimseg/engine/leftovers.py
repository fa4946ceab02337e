"""What a killed process leaves in a run's folder."""

import re
from pathlib import Path

from ..checkpoints import sweep_temporaries

START_NAME = re.compile(r"\d{8}_\d{6}")
"""Folder of one start of a run."""
PARTS = ("", "selection", "pictures")


def sweep_run(work_dir: str | Path) -> list[Path]:
    """Remove half-written temporary files of dead writers where a run writes; returns them.

    Other runs may lie below the folder, and write: only the run's own parts are looked at.
    """
    work_dir = Path(work_dir)
    starts = [path for path in work_dir.iterdir() if START_NAME.fullmatch(path.name)] if work_dir.is_dir() else []
    parts = [work_dir / part for part in PARTS]
    return sweep_temporaries(*parts, *starts, *(start / "vis_data" for start in starts))
