"""``metrics.json``: the numbers a run ends with, gathered in its work folder."""

import json
from pathlib import Path
from typing import Any

from mimseg.checkpoints import write_atomically

METRICS_NAME = "metrics.json"


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


def merge_metrics(work_dir: str | Path, metrics: dict[str, Any]) -> Path:
    """Merge nested ``metrics`` into ``metrics.json`` (new numbers win, other keys stay); returns its path.

    Raises:
        ValueError: the file there is no JSON object.
        AtomicWriteError: it cannot be written; the old file stays.
    """
    return _write(work_dir, _merged(read_metrics(work_dir), metrics))


def replace_metrics(work_dir: str | Path, key: str, metrics: dict[str, Any]) -> Path:
    """Put ``metrics`` under a top-level ``key`` of ``metrics.json``, in place of what was there; returns its path.

    Raises:
        ValueError: the file there is no JSON object.
        AtomicWriteError: it cannot be written; the old file stays.
    """
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
