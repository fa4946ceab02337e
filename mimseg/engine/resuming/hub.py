"""MMEngine's message hub of a checkpoint: histories and numbers, and no path but to a file in the run's own folder."""

import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from mmengine.hooks import CheckpointHook
from mmengine.logging import HistoryBuffer
from mmengine.runner import Runner

from .checker import Checker, show

BEST_NAME = re.compile(r"best_.+_(epoch|iter)_\d+\.pth")
LAST_NAME = re.compile(r"(epoch|iter)_\d+\.pth")
COUNTS = ("epoch", "iter", "max_epochs", "max_iters", "last_validation", "validated")
RENAMED = {"validated": "last_validation"}  # in checkpoints of earlier versions
LONGEST_HISTORY = 1_000_000  # HistoryBuffer's own limit


def read_hub(checker: Checker, saved: Any, runner: Runner) -> dict[str, Any]:
    """The message hub's state, rebuilt from what a checkpoint has of it.

    MMEngine's checkpoint hook deletes what ``best_ckpt`` and ``keep_ckpt_ids`` name. Of these only files are kept that
    lie in the run's own folder, whatever folder the checkpoint says; where a best checkpoint does not, its score goes,
    too, so that the run has a best one again. Texts are the run's own, never the file's.

    Raises:
        ValueError: a part is missing or of a wrong kind.
    """
    saved = checker.mapping(saved, "message_hub")
    scalars = checker.mapping(saved.get("log_scalars"), "message_hub.log_scalars")
    histories = {key: _read_history(checker, key, value) for key, value in scalars.items()}
    infos = checker.mapping(saved.get("runtime_info"), "message_hub.runtime_info")
    numbers: dict[str, Any] = dict(_read_numbers(checker, infos))
    own = _OwnFiles(runner)
    if "keep_ckpt_ids" in infos:
        numbers["keep_ckpt_ids"] = own.numbered(checker, infos["keep_ckpt_ids"])
    for key in [key for key in infos if key.startswith("best_ckpt") or key == "last_ckpt"]:
        path = own.named(infos[key], LAST_NAME if key == "last_ckpt" else BEST_NAME)
        if path is not None:
            numbers[key] = path
        elif key != "last_ckpt":
            score = key.replace("best_ckpt", "best_score", 1)
            if numbers.pop(score, None) is not None:
                runner.logger.info(
                    f"the best checkpoint so far is not in {own.folder}: the best one is looked for from here on"
                )
    kept = dict.fromkeys([*histories, *numbers], True)
    return {"log_scalars": histories, "runtime_info": numbers, "resumed_keys": kept}


def _read_numbers(checker: Checker, infos: dict[str, Any]) -> dict[str, float | int]:
    """What must be a number, and what some hook has noted as one."""
    numbers: dict[str, float | int] = {}
    for key, value in infos.items():
        name = f"message_hub.runtime_info.{ascii(key)[1:-1]}"
        if key in COUNTS:
            numbers[RENAMED.get(key, key)] = checker.whole(value, name, -1)
        elif key.startswith("best_score"):
            numbers[key] = checker.number(value, name)
        elif type(value) in (int, float):
            numbers[key] = value
    return numbers


def _read_history(checker: Checker, key: str, value: Any) -> HistoryBuffer:
    name = f"message_hub.log_scalars[{key!a}]"
    if type(value) is not HistoryBuffer:
        checker.refuse(f"{name} is {show(value)}, not a HistoryBuffer")
    values, counts = (vars(value).get(part) for part in ("_log_history", "_count_history"))
    for numbers in (values, counts):
        if not isinstance(numbers, np.ndarray) or numbers.ndim != 1 or numbers.dtype.kind not in "iuf":
            checker.refuse(f"{name} holds {show(numbers)}, not a row of numbers")
    if len(values) != len(counts) or len(values) > LONGEST_HISTORY:
        checker.refuse(f"{name} has {len(values)} values and {len(counts)} counts")
    history = HistoryBuffer()
    history._log_history, history._count_history = values, counts
    return history


class _OwnFiles:
    """Checkpoints in the folder that a run writes its own to."""

    def __init__(self, runner: Runner) -> None:
        hook = next((hook for hook in runner.hooks if isinstance(hook, CheckpointHook)), None)
        folder = Path(runner.work_dir)
        if hook is not None and hook.out_dir not in (None, runner.work_dir):
            folder = Path(hook.out_dir) / folder.name  # as the hook will have it
        self.folder = folder
        template = getattr(hook, "filename_tmpl", None) or "epoch_{}.pth"
        self.name_of: Callable[[int], str] = template.format

    def numbered(self, checker: Checker, saved: Any) -> list[int]:
        """Those numbers for which there is a file."""
        name = "message_hub.runtime_info.keep_ckpt_ids"
        numbers = [checker.whole(number, name) for number in checker.sequence(saved, name)]
        return [number for number in numbers if (self.folder / self.name_of(number)).is_file()]

    def named(self, saved: Any, pattern: re.Pattern[str]) -> str | None:
        """The file by the last part of a path, None where there is no such file in the folder."""
        name = PurePosixPath(saved.replace("\\", "/")).name if isinstance(saved, str) else ""
        if not pattern.fullmatch(name):
            return None
        try:
            path = self.folder / name
            return str(path) if path.is_file() else None
        except (OSError, ValueError):  # a name that is too long, or holds a null character
            return None
