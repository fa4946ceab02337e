"""``metrics.json``: the numbers a run ends with, gathered in its work folder."""

import json
import logging
from pathlib import Path
from typing import Any

from mmengine.logging import print_log

from ..checkpoints import write_atomically
from ..checkpoints.run_files import METRICS_NAME
from ..checkpoints.run_lock import locked

LOCK_NAME = ".metrics.lock"


def read_metrics(work_dir: str | Path) -> dict[str, Any]:
    """The metrics written so far in ``work_dir``; empty where there are none.

    Raises:
        ValueError: the file is no JSON object.
    """
    path = Path(work_dir) / METRICS_NAME
    if not path.is_file():
        return {}
    try:
        metrics = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not valid JSON ({error}); move it away and start again") from None
    if not isinstance(metrics, dict):
        raise ValueError(f"{path} holds a {type(metrics).__name__}, not an object; move it away and start again")
    return metrics


def set_damaged_aside(work_dir: str | Path) -> Path | None:
    """Rename a ``metrics.json`` that is no JSON object to ``metrics.json.damaged``, with a warning; returns that.

    None where there is nothing wrong. An earlier damaged file stays, the new one gets a number.
    """
    try:
        read_metrics(work_dir)
    except ValueError as error:
        path = Path(work_dir) / METRICS_NAME
        asides = (path.with_name(f"{METRICS_NAME}.damaged{number}") for number in ("", *range(1, 1000)))
        aside = next(place for place in asides if not place.exists())
        path.replace(aside)
        reason = str(error).removeprefix(f"{path} ").split("; move it")[0]
        print_log(f"{path} {reason}: moved to {aside.name}, and begun anew", "current", logging.WARNING)
        return aside
    return None


def merge_metrics(work_dir: str | Path, metrics: dict[str, Any]) -> Path:
    """Merge nested ``metrics`` into ``metrics.json`` (new numbers win, other keys stay); returns its path.

    A damaged file is set aside, see :func:`set_damaged_aside`. A run and tests of its checkpoints may write at the same
    time.

    Raises:
        AtomicWriteError: it cannot be written; the old file stays.
    """
    with locked(Path(work_dir) / LOCK_NAME):
        set_damaged_aside(work_dir)
        return _write(work_dir, _merged(read_metrics(work_dir), metrics))


def replace_metrics(work_dir: str | Path, key: str, metrics: dict[str, Any]) -> Path:
    """Put ``metrics`` under a top-level ``key`` of ``metrics.json``, in place of what was there; returns its path.

    A damaged file is set aside, see :func:`set_damaged_aside`.

    Raises:
        AtomicWriteError: it cannot be written; the old file stays.
    """
    with locked(Path(work_dir) / LOCK_NAME):
        set_damaged_aside(work_dir)
        return _write(work_dir, {**read_metrics(work_dir), key: metrics})


def _write(work_dir: str | Path, metrics: dict[str, Any]) -> Path:
    path = Path(work_dir) / METRICS_NAME
    write_atomically(path, (json.dumps(metrics, indent=2) + "\n").encode())
    return path


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    both = {
        key: _merged(old[key], new[key]) for key in new if isinstance(old.get(key), dict) and isinstance(new[key], dict)
    }
    return {**old, **new, **both}
