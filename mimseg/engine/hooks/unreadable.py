"""Reports images that could not be read."""

from pathlib import Path
from typing import Any

from mmengine.dist import all_gather_object, get_dist_info
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...checkpoints import write_atomically
from ...datasets import UnreadableImageError, find_unreadable
from ...names import printable
from ...registry import HOOKS
from ..log_failures import best_effort

NAME = "unreadable.txt"


@HOOKS.register_module()
class UnreadableSummary(Hook):
    """After each epoch, log how many files were left out; list them in ``WORK_DIR/unreadable.txt``, one a line.

    A resumed run adds to the list of the interrupted one: of an epoch's images it reads only those that are left. Of a
    run that fails, every process lists its own, those of the others in ``unreadable_rank_<n>.txt``. Characters that are
    not printable are escaped.

    The images of a validation set are never left out, so one that cannot be read stops the run: before training where
    the set is small, else when it is reached.

    Args:
        validation: images that a validation set may have to be read through before training; 0 reads none.
    """

    priority = "BELOW_NORMAL"

    def __init__(self, validation: int = 1000) -> None:
        self.validation = validation

    def before_train(self, runner: Runner) -> None:
        """Read a small validation set through."""
        if runner.val_loop is None:
            return
        dataset = runner.val_dataloader.dataset
        if len(dataset) > self.validation:
            return
        rank, world_size = get_dist_info()
        own = find_unreadable(dataset, range(rank, len(dataset), world_size))
        reasons = [reason for reasons in all_gather_object(own) for reason in reasons]
        if reasons:
            raise UnreadableImageError(
                f"{len(reasons)} of {len(dataset)} images of the validation set cannot be read, and none is left out "
                f"of it: {reasons[0]}; repair or remove {'it' if len(reasons) == 1 else 'them'}"
            )

    def after_train_epoch(self, runner: Runner) -> None:
        """Collect from all processes; say nothing if all is well."""
        dataset = runner.train_dataloader.dataset
        if not hasattr(dataset, "unreadable_files"):
            return
        files = {str(name) for names in all_gather_object(list(dataset.unreadable_files())) for name in names}
        if runner.rank == 0:
            _report(runner, files, NAME)

    def after_failure(self, runner: Runner) -> None:
        """List what this process could not read: it may be why the run failed."""
        dataset: Any = getattr(getattr(runner._train_loop, "dataloader", None), "dataset", None)
        if hasattr(dataset, "unreadable_files"):
            name = NAME if runner.rank == 0 else f"unreadable_rank_{runner.rank}.txt"
            _report(runner, set(map(str, dataset.unreadable_files())), name)


def _report(runner: Runner, files: set[str], name: str) -> None:
    path = Path(runner.work_dir) / name
    with best_effort(runner, f"the list of unreadable files, {path},"):
        if not files:
            return
        names = {printable(file) for file in files}
        if getattr(runner, "resuming", False) and path.is_file():
            names |= set(path.read_text(encoding="utf-8").splitlines())
        listed = sorted(names)
        write_atomically(path, ("\n".join(listed) + "\n").encode())
        runner.logger.warning(f"{len(listed)} unreadable files were left out so far, e.g. {listed[0]}; all in {path}")
