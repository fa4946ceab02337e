"""Reports images that could not be read."""

from pathlib import Path

from mmengine.dist import all_gather_object
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...datasets import printable
from ...datasets.seeded import write_names
from ...registry import HOOKS

NAME = "unreadable.txt"


@HOOKS.register_module()
class UnreadableSummary(Hook):
    """After each epoch, log how many files were left out; list them in ``WORK_DIR/unreadable.txt``.

    They are listed there, too, when they are so many that they stop the run.
    """

    priority = "BELOW_NORMAL"

    def before_train(self, runner: Runner) -> None:
        """Tell the dataset where its names go, before the workers start."""
        dataset = runner.train_dataloader.dataset
        if hasattr(dataset, "report"):
            dataset.report = Path(runner.work_dir) / NAME

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
