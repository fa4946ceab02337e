"""Reports images that could not be read."""

from pathlib import Path
from typing import Any

from mmengine.dist import all_gather_object, get_dist_info
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...datasets import UnreadableImageError, find_unreadable, printable
from ...datasets.seeded import write_names
from ...registry import HOOKS

NAME = "unreadable.txt"


@HOOKS.register_module()
class UnreadableSummary(Hook):
    """After each epoch, log how many files were left out; list them in ``WORK_DIR/unreadable.txt``.

    They are listed there, too, when they are so many that they stop the run. The images of a validation set are never
    left out, so one that cannot be read stops the run: before training where the set is small, else when it is reached.

    Args:
        validation: images that a validation set may have to be read through before training; 0 reads none.
    """

    priority = "BELOW_NORMAL"

    def __init__(self, validation: int = 1000) -> None:
        self.validation = validation

    def before_train(self, runner: Runner) -> None:
        """Tell the dataset where its names go, before the workers start, and read a small validation set through."""
        dataset = runner.train_dataloader.dataset
        if hasattr(dataset, "report"):
            dataset.report = Path(runner.work_dir) / NAME
        if runner.val_loop is not None:
            self._read_through(runner.val_dataloader.dataset)

    def _read_through(self, dataset: Any) -> None:
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
        files = sorted({str(name) for names in all_gather_object(list(dataset.unreadable_files())) for name in names})
        if files and runner.rank == 0:
            path = Path(runner.work_dir) / NAME
            write_names(path, files)
            first = printable(files[0])
            runner.logger.warning(f"{len(files)} unreadable files were left out so far, e.g. {first}; all in {path}")
