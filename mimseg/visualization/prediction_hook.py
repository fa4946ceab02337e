"""Pictures of what a detector or segmentor finds."""

import copy
from pathlib import Path
from typing import Any

import cv2
import mmcv
import numpy as np
import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.structures import PixelData

from ..registry import HOOKS
from .picture_hook import evenly_spaced


@HOOKS.register_module()
class PredictionPictureHook(Hook):
    """In a test, draw a few images twice: with the true boxes, masks or maps on the left, the predicted on the right.

    mmdet's or mmseg's visualizer draws them (``visualizer.type='DetLocalVisualizer'`` or ``'SegLocalVisualizer'``) into
    ``WORK_DIR/pictures/<image>.png``. The first process draws, of the images that it tests, evenly spaced ones.

    Args:
        num_images: how many.
        enlarge: factor of the picture's sides, for images that are smaller than the text on them.
        score_thr: predicted objects with a lower score are not drawn.

    Raises:
        ValueError: ``num_images`` or ``enlarge`` below 1; on testing, a visualizer that draws no samples.
    """

    def __init__(self, num_images: int = 8, enlarge: int = 1, score_thr: float = 0.3) -> None:
        for name, value in (("num_images", num_images), ("enlarge", enlarge)):
            if value < 1:
                raise ValueError(f"PredictionPictureHook: {name} is {value}; use 1 or more, or remove the hook")
        self.num_images = num_images
        self.enlarge = enlarge
        self.score_thr = score_thr
        self._chosen: set[int] = set()
        self._seen = 0

    def before_test_epoch(self, runner: Runner) -> None:
        """Choose the images."""
        if not hasattr(runner.visualizer, "add_datasample"):
            raise ValueError(
                f"PredictionPictureHook: the visualizer {type(runner.visualizer).__name__} draws no samples; set "
                "visualizer.type='DetLocalVisualizer' or 'SegLocalVisualizer'"
            )
        self._chosen = set(evenly_spaced(len(runner.test_dataloader.sampler), self.num_images))
        self._seen = 0

    def after_test_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Draw those of this batch that were chosen."""
        for sample in outputs if is_main_process() else ():
            if self._seen in self._chosen:
                self._draw(runner, sample)
            self._seen += 1

    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Say where the pictures are."""
        if self._seen and is_main_process():
            runner.logger.info(f"Pictures: {Path(runner.work_dir) / 'pictures'}")

    def _draw(self, runner: Runner, sample: Any) -> None:
        image = mmcv.imread(sample.img_path, channel_order="rgb")
        if self.enlarge > 1:
            image = cv2.resize(image, None, fx=self.enlarge, fy=self.enlarge, interpolation=cv2.INTER_CUBIC)
            sample = enlarged(sample, self.enlarge)
        path = Path(runner.work_dir) / "pictures" / f"{Path(sample.img_path).stem}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        options = {"pred_score_thr": self.score_thr} if "pred_instances" in sample else {}
        runner.visualizer.add_datasample(path.stem, image, sample, out_file=str(path), **options)


def enlarged(sample: Any, factor: int) -> Any:
    """A copy, on the CPU, whose boxes, masks and maps are ``factor`` times as large."""
    sample = copy.deepcopy(sample).cpu()
    for name in ("gt_instances", "pred_instances"):
        if name in sample:
            instances = getattr(sample, name)
            instances.bboxes = instances.bboxes * factor
            if "masks" in instances:
                masks = instances.masks if torch.is_tensor(instances.masks) else instances.masks.to_ndarray()
                instances.masks = np.asarray(masks).repeat(factor, axis=-2).repeat(factor, axis=-1)
    for name in ("gt_sem_seg", "pred_sem_seg"):
        if name in sample:
            labels = getattr(sample, name).data.repeat_interleave(factor, -2).repeat_interleave(factor, -1)
            setattr(sample, name, PixelData(data=labels))
    return sample
