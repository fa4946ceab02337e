"""Tells a run's folder how far a start has come."""

from collections.abc import Mapping
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...checkpoints.run_file import ID_KEY
from ..run_folder import RunFolder


class RunFolderHook(Hook):
    """Of every run of :class:`~mimseg.engine.MIMRunner`: whose a resumed checkpoint is, and when a start is accepted.

    Acts after all other hooks, so that none can refuse the run once it is accepted. Puts the run's id into checkpoints.
    """

    priority = "LOWEST"

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder

    def after_load_checkpoint(self, runner: Runner, checkpoint: Mapping[str, Any]) -> None:
        """Find out whose run is resumed."""
        if runner.resuming:
            self.folder.take_up(checkpoint["meta"].get(ID_KEY), runner._load_from)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Say whose checkpoint it is."""
        checkpoint["meta"][ID_KEY] = self.folder.run.id

    def before_train(self, runner: Runner) -> None:
        """The run is accepted, by all hooks."""
        self.folder.settle(runner.seed, *runner.resolved_config())

    def before_test(self, runner: Runner) -> None:
        """As the training; a test in a training's folder changes nothing in it but its metrics."""
        self.folder.settle(runner.seed, *runner.resolved_config())
