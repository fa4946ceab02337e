"""The work folder of a run: whose it is, who writes it, and what makes way when a run begins or goes back."""

import json
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from mmengine.dist import broadcast_object_list, is_main_process

from ..checkpoints import write_atomically
from ..checkpoints.latest import find_latest
from ..checkpoints.run_file import Run, read_run_file, run_id, same_config, write_run_file
from ..checkpoints.run_files import (
    METRICS_NAME,
    checkpoints_in,
    files_behind,
    files_of_run,
    has_results,
    metrics_until,
)
from ..checkpoints.run_lock import LOCK_FILE, FileLock
from .aside import ABANDONED, OVERWRITTEN, Aside, bring_back_locked
from .intent import Intent
from .refused import leave_no_log, remove_refused_logs

TIMESTAMP = "%Y%m%d_%H%M%S"


class WorkFolderError(ValueError):
    """A run cannot have its work folder; the message is one line that says what to do."""


class RunFolder:
    """Lets one run at a time into a work folder, and none that would harm the one that is there.

    In the order of a start: :meth:`claim` before anything is written, :meth:`take_up` when a checkpoint to go on with
    was read, :meth:`make_way` when it was accepted, :meth:`settle` right before the first step. What is refused before
    that leaves the folder as it was. Only the main process writes.

    Args:
        folder: the work folder.
        run: what this run is, if it turns out to be a new one.
        intent: how it wants to begin.
        timestamp: of this start: the name of the folder of its log. A later one where that is taken.
        is_new: whether this start has made the folder.
    """

    def __init__(self, folder: str | Path, run: Run, intent: Intent, timestamp: str, is_new: bool) -> None:
        self.folder, self.run, self.intent = Path(folder), run, intent
        self.timestamp, self.is_new = timestamp, is_new
        self.there: Run | None = None
        self.is_settled = self.is_used = self.is_training = self._is_claimed = False
        self._lock = FileLock(self.folder / LOCK_FILE)
        self._aside: Aside | None = None
        self._overwrites = False
        weakref.finalize(self, self._lock.release)

    @property
    def is_test(self) -> bool:
        """Whether it is about a test, which may go into any folder."""
        return self.run.kind == "test"

    @property
    def log_dir(self) -> Path:
        """Where the log of this start lies."""
        return self.folder / self.timestamp

    def claim(self) -> None:
        """Take the folder, or refuse the run, on all processes alike; changes nothing in it.

        Raises:
            WorkFolderError: another process writes there, or another run lives there.
        """
        remove_refused_logs()
        verdict: list[Any] = [None, None, False, self.timestamp]
        if is_main_process():
            try:
                verdict[1:3] = self._look()
                verdict[3] = self.timestamp if self._is_claimed else _free(self.folder, self.timestamp)
            except (ValueError, OSError) as error:
                self._lock.release()
                verdict[0] = str(error)
        broadcast_object_list(verdict)
        refused, self.there, self.is_used, self.timestamp = verdict
        if refused is not None:
            raise WorkFolderError(refused)
        self._is_claimed = True
        if self.there is not None and self._goes_on_here():
            self.run = self.there

    def take_up(self, origin: object, checkpoint: str | None = None) -> None:
        """Find out whose the checkpoint is that this start goes on with.

        Args:
            origin: the id that it holds, if any.
            checkpoint: its path.

        Raises:
            WorkFolderError: it is another run's than the folder's.
        """
        source = run_id(origin)
        path = Path(checkpoint or self.intent.checkpoint or "")
        inside = path.expanduser().absolute().parent.resolve() == self.folder.resolve()
        if not self.is_used or self.intent.overwrite:
            self.run = replace(self.run, parent=source, parent_checkpoint=str(path))
        elif self.there is None and inside:
            self.run = replace(self.run, id=source or self.run.id)
        elif self.there is not None and (source == self.there.id or (inside and source is None)):
            self.run = self.there
        else:
            raise WorkFolderError(
                f"{path} is of another run than {self.folder}, which holds {self._what_is_there()}: go on with it in a "
                "folder of its own (--work-dir), or begin anew here (--overwrite)"
            )

    def make_way(self, epoch: int, iteration: int, resumed: bool, log: Callable[[str], object]) -> None:
        """Move aside what would be mixed up with this run: the one that it overwrites, or a branch that it abandons.

        Args:
            epoch: finished epochs.
            iteration: finished iterations.
            resumed: whether a checkpoint was resumed.
            log: gets a line on what was moved.
        """
        if not is_main_process() or not self.is_training:
            return
        if self.intent.overwrite or not self.is_used:
            paths = (
                files_of_run(self.folder, self.there.config if self.there else None) if self.intent.overwrite else []
            )
            metrics = self.folder / METRICS_NAME  # of a start that failed before it had a checkpoint
            paths += [metrics] if metrics.is_file() and metrics not in paths else []
            self._aside, self._overwrites = Aside(self.folder, OVERWRITTEN + self.timestamp, self.run.id), True
            self._aside.take(path for path in paths if self.log_dir not in path.parents)
        elif resumed:
            self._leave_branch(epoch, iteration, log)

    def settle(self, seed: int | None, config: str, config_text: str) -> None:
        """Accept the run: write whose the folder is, and the resolved config, and delete what was overwritten.

        Args:
            seed: of the run.
            config: file name of the resolved config.
            config_text: what it holds.
        """
        if is_main_process() and self._lock.is_lost:
            raise WorkFolderError(
                f"the work folder {self.folder} was removed, or its {LOCK_FILE}, while this run started: start it again"
            )
        if is_main_process() and not self.is_settled and not (self.is_test and _holds_training(self.folder)):
            self.run = replace(self.run, seed=seed)
            write_run_file(self.folder, self.run)
            write_atomically(self.folder / config, config_text.encode())
            if self._aside is not None and self._overwrites:
                self._aside.delete()
            elif self._aside is not None:
                self._aside.settle()
        self.is_settled = True

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder while a run is trained, and give it back at its end; whatever its end is."""
        lost = [self.is_settled or not self._lock.is_held]
        broadcast_object_list(lost)
        if lost[0]:  # a second training, or another run of this process has been here since
            self.is_settled = False
            self.claim()
        self._lock.in_use = self.is_training = True
        try:
            yield
        finally:
            self.is_training = False
            self.leave()

    def leave(self) -> None:
        """Give the folder back; what was moved aside for a run that was not accepted comes back."""
        if not self.is_settled and is_main_process():
            if self._aside is not None:
                self._aside.restore()
            leave_no_log(self.log_dir if self._is_claimed else None, self.folder if self.is_new else None)
        self._lock.release()

    def _take_lock(self) -> None:
        holder = self._lock.acquire()
        if holder is not None:
            raise WorkFolderError(
                f"{self.folder} is being written by {holder}: wait for it, end it, or choose another --work-dir"
            )

    def _look(self) -> tuple[Run | None, bool]:
        """Lock the folder; gives the run in it, where it is known, and whether anything is to be lost.

        Raises:
            WorkFolderError: this start does not go with it.
        """
        if self.is_test:
            return None, False
        self._take_lock()
        bring_back_locked(self.folder)
        there = read_run_file(self.folder)
        if there is not None and there.kind != "train":
            there = None
        self.there = there
        used = bool(checkpoints_in(self.folder)) or has_results(self.folder)
        if there is not None and there.id == self.run.id:
            return there, used
        if self.intent.overwrite:
            self._check_overwrite()
        elif self.intent.resume:
            if used and there is not None and self._is_inside() and not same_config(there.config, self.run.config):
                raise WorkFolderError(
                    f"{self.folder} holds {self._what_is_there()}, which {self.run.name} cannot go on with: choose "
                    "another --work-dir, or begin anew here (--overwrite)"
                )
        elif used:
            raise WorkFolderError(
                f"{self.folder} holds {self._what_is_there()}: go on with it (--resume), choose another --work-dir, or "
                "begin anew here (--overwrite, which removes that run's files)"
            )
        return there, used

    def _check_overwrite(self) -> None:
        if self.intent.checkpoint is not None and self._is_inside():
            raise WorkFolderError(
                f"--overwrite would remove {self.intent.checkpoint}, which this run begins with: choose another "
                "--work-dir, or move the file first"
            )

    def _is_inside(self) -> bool:
        """Whether the checkpoint that this start begins with, if any, lies in the folder."""
        if self.intent.checkpoint is None:
            return True
        return Path(self.intent.checkpoint).expanduser().absolute().parent.resolve() == self.folder.resolve()

    def _goes_on_here(self) -> bool:
        if self.there is None or self.intent.overwrite or not self.intent.resume:
            return self.there is not None and self.there.id == self.run.id
        return self._is_inside() and same_config(self.there.config, self.run.config)

    def _what_is_there(self) -> str:
        latest = find_latest(self.folder)
        kept = f"last checkpoint {latest.name}" if latest else "no checkpoint to resume"
        if self.there is None:
            whose = "results" if latest is None else "a run of unknown origin"
            return f"{whose} ({kept})"
        return f"the run of {self.there.name} begun {self.there.begun} ({kept})"

    def _leave_branch(self, epoch: int, iteration: int, log: Callable[[str], object]) -> None:
        behind = files_behind(self.folder, epoch, iteration)
        later = [path for path in behind if path.name.startswith(("epoch_", "iter_")) and path.suffix == ".pth"]
        if not later:
            return
        self._aside = Aside(self.folder, ABANDONED + self.timestamp)
        metrics, says_more = metrics_until(self.folder, epoch, iteration)
        last = self.folder / "last_checkpoint"
        self._aside.take([*behind, *([last] if last.is_file() else [])])
        if says_more:
            self._aside.copy(self.folder / METRICS_NAME)
            write_atomically(self.folder / METRICS_NAME, _as_json(metrics))
        names = ", ".join(path.name for path in later[:3]) + (" ..." if len(later) > 3 else "")
        log(f"going back to iteration {iteration}: what was done after it ({names}) was moved to {self._aside.folder}")


def _holds_training(folder: Path) -> bool:
    there = read_run_file(folder)
    return bool(checkpoints_in(folder)) or (there is not None and there.kind == "train")


def _free(folder: Path, timestamp: str) -> str:
    """The first timestamp from one on that is no start's, so that two starts within a second have a log each."""
    while (folder / timestamp).exists():
        timestamp = time.strftime(TIMESTAMP, time.localtime(time.mktime(time.strptime(timestamp, TIMESTAMP)) + 1))
    return timestamp


def _as_json(metrics: object) -> bytes:
    return (json.dumps(metrics, indent=2) + "\n").encode()
