"""Looks at pictures and labels before a run, see :mod:`mimseg.datasets.checking`."""

from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ..datasets.checking import SMALL, labelled_part, look_at, refuse_findings, refuse_several_sizes
from ..registry import HOOKS


@HOOKS.register_module()
class LabelCheck(Hook):
    """Before training and testing, look at the pictures and label maps of a detector's or segmentor's data.

    The sizes of pictures must be those of their annotations or maps, and labels among the classes. Without this look
    the same is found when a picture is loaded, in the middle of a run.

    Args:
        every: True looks at all data, whatever there is of it; None only at sets of up to 20,000 pictures of a COCO
            file and 2000 label maps.

    Raises:
        LabelError: on starting, labels do not fit; names the number of images, the first file, what is wrong with it
            and what to do.
    """

    priority = "VERY_LOW"

    def __init__(self, every: bool | None = None) -> None:
        self.every = every

    def before_train(self, runner: Runner) -> None:
        """Look at the data of training and validation."""
        self._check(runner, runner.train_dataloader.dataset, "training", False)
        if runner.val_loop is not None:
            self._check(runner, runner.val_dataloader.dataset, "validation", True)

    def before_test(self, runner: Runner) -> None:
        """Look at the data of a test."""
        self._check(runner, runner.test_dataloader.dataset, "test", True)

    def _check(self, runner: Runner, outer: Any, name: str, held_out: bool) -> None:
        dataset = labelled_part(outer)
        if dataset is None or not is_main_process():
            return
        limit = next(limit for kind, limit in SMALL.items() if isinstance(dataset, kind))
        if not self.every and len(dataset) > limit:
            runner.logger.info(f"{len(dataset)} {name} images are not looked at before the run; --check-data does")
            return
        found = look_at(dataset)
        for remark in refuse_findings(dataset, found, name, held_out):
            runner.logger.warning(remark)
        if not held_out:
            padded = getattr(getattr(runner.bare_model, "data_preprocessor", None), "size", None)
            refuse_several_sizes(found, dataset.pipeline.transforms, padded)
        runner.logger.info(f"looked at {len(dataset)} {name} images and their labels")
