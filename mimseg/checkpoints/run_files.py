"""Which files of a work folder a run has written, and which of them lie behind a certain iteration."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .run_file import as_one_file

METRICS_NAME = "metrics.json"
NUMBERED = re.compile(r"(?:best_.+_)?(epoch|iter)_(\d+)\.pth")
MOMENT = re.compile(r"(epoch|iter)_(\d+)")
PICTURE = re.compile(r"epoch_(\d+)\.png|losses\.png")
RECORD = re.compile(r"round_\d+\.(npz|csv|png)")
START = re.compile(r"\d{8}_\d{6}")
UNNAMED_CONFIG = re.compile(r"\d{8}_\d{6}\.py")
SINGLE = ("last_checkpoint", METRICS_NAME, "unreadable.txt")


def checkpoints_in(folder: str | Path) -> list[Path]:
    """Checkpoints of a run, the best ones too."""
    return sorted(path for path in Path(folder).glob("*.pth") if NUMBERED.fullmatch(path.name) and path.is_file())


def written_later(checkpoint: Path) -> Path | None:
    """The last written of the checkpoints beside one, where that is another, of a smaller number; not the best ones."""
    beside = [path for path in checkpoints_in(checkpoint.parent) if MOMENT.fullmatch(path.stem)]
    last = max(beside, key=lambda path: path.stat().st_mtime_ns, default=checkpoint)
    return last if last.stat().st_mtime_ns > checkpoint.stat().st_mtime_ns else None


def has_results(folder: str | Path) -> bool:
    """Whether ``metrics.json`` holds more than what was measured before the first step.

    Raises:
        ValueError: it is broken.
    """
    metrics = _read(Path(folder) / METRICS_NAME)
    return any(not isinstance(values, dict) or values.keys() - {"start"} for values in metrics.values())


def files_of_run(folder: str | Path, config: str | None = None) -> list[Path]:
    """All that a run writes into its work folder, what identifies it left out; nothing else that may lie there.

    Args:
        folder: the work folder.
        config: path of the run's config: its resolved copy has that file's name.
    """
    folder = Path(folder)
    singles = [folder / name for name in SINGLE] + ([folder / Path(as_one_file(config)).name] if config else [])
    singles += [path for path in folder.glob("[0-9]*.py") if UNNAMED_CONFIG.fullmatch(path.name)]
    pictures = [path for path in (folder / "pictures").glob("*.png") if PICTURE.fullmatch(path.name)]
    records = [path for path in (folder / "selection").glob("round_*") if RECORD.fullmatch(path.name)]
    starts = [path for start in starts_in(folder) for path in _files_of_start(start)]
    return [*checkpoints_in(folder), *(path for path in singles if path.is_file()), *pictures, *records, *starts]


def starts_in(folder: str | Path) -> list[Path]:
    """The folders of a run's starts, by time."""
    return sorted(path for path in Path(folder).glob("[0-9]*") if START.fullmatch(path.name) and path.is_dir())


def files_behind(folder: str | Path, epoch: int, iteration: int) -> list[Path]:
    """Checkpoints and pictures of a run that lie behind so many epochs and iterations."""
    folder = Path(folder)
    files = [path for path in checkpoints_in(folder) if _is_behind(NUMBERED, path.name, epoch, iteration)]
    for path in (folder / "pictures").glob("epoch_*.png"):
        match = PICTURE.fullmatch(path.name)
        if match and int(match[1]) > epoch:
            files.append(path)
    return files


def metrics_until(folder: str | Path, epoch: int, iteration: int) -> tuple[dict[str, Any], bool]:
    """Read what ``metrics.json`` says of the first so many epochs and iterations, and whether it says more.

    What was measured at the run's end, and of checkpoints that lie behind, is left out.
    """
    metrics = _read(Path(folder) / METRICS_NAME)
    kept: dict[str, Any] = {}
    for key, values in metrics.items():
        if key == "test" and isinstance(values, dict):
            name = Path(str(values.get("checkpoint"))).name
            if not _is_behind(NUMBERED, name, epoch, iteration):
                kept[key] = values
        elif isinstance(values, dict):
            own = {name: value for name, value in values.items() if not _is_moment_behind(name, epoch, iteration)}
            kept |= {key: own} if own else {}
        else:
            kept[key] = values
    return kept, kept != metrics


def _is_moment_behind(name: str, epoch: int, iteration: int) -> bool:
    return name == "end" or _is_behind(MOMENT, name, epoch, iteration)


def _is_behind(pattern: re.Pattern[str], name: str, epoch: int, iteration: int) -> bool:
    match = pattern.fullmatch(name)
    return match is not None and int(match[2]) > (epoch if match[1] == "epoch" else iteration)


def _files_of_start(start: Path) -> Iterator[Path]:
    for path in start.iterdir():
        if path.name in ("vis_data", "run.json") or path.suffix == ".log":
            yield path


def _read(path: Path) -> Mapping[str, Any]:
    try:
        metrics = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ValueError(f"{path} is not valid JSON ({error}); move it away and start again") from None
    return metrics if isinstance(metrics, dict) else {"": metrics}
