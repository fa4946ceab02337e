"""Reports images that could not be read."""

from pathlib import Path

from mmengine.dist import all_gather_object
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...checkpoints import write_atomically
from ...registry import HOOKS


@HOOKS.register_module()
class UnreadableSummary(Hook):
    """After each epoch, log how many files were left out; list them in ``WORK_DIR/unreadable.txt``.

    A resumed run adds to the list of the interrupted one: of an epoch's images it reads only those that are left.
    """

    priority = "BELOW_NORMAL"

    def after_train_epoch(self, runner: Runner) -> None:
        """Collect from all processes; say nothing if all is well."""
        dataset = runner.train_dataloader.dataset
        if not hasattr(dataset, "unreadable_files"):
            return
        found = {str(name) for names in all_gather_object(list(dataset.unreadable_files())) for name in names}
        if found and runner.rank == 0:
            path = Path(runner.work_dir) / "unreadable.txt"
            if getattr(runner, "resuming", False) and path.is_file():
                found |= set(path.read_text(encoding="utf-8").splitlines())
            files = sorted(found)
            write_atomically(path, ("\n".join(files) + "\n").encode())
            runner.logger.warning(f"{len(files)} unreadable files were left out so far, e.g. {files[0]}; all in {path}")
