"""Intersection over union of label maps, measured by mmseg, for all classes together and for each."""

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine import registry
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from ..registry import METRICS


@METRICS.register_module()
class ClassIoU(BaseMetric):
    """mmseg's ``IoUMetric``, with the numbers of single classes as ``IoU-<class>`` and ``Acc-<class>``, in per cent.

    What was not measured has no number: with ``format_only``, a class that is neither in the maps nor predicted, and
    everything where the maps hold no labelled pixel.

    Args:
        iou_metrics: ``mIoU``, ``mDice``, ``mFscore``.
        classwise: whether every class's numbers are given, too.
        collect_device: ``cpu`` or ``gpu``, where several processes join their results.
        prefix: of the names.
        **options: others of mmseg's ``IoUMetric``.
    """

    default_prefix = ""  # none, which None would warn of

    def __init__(
        self,
        iou_metrics: Sequence[str] = ("mIoU",),
        classwise: bool = False,
        collect_device: str = "cpu",
        prefix: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(collect_device, prefix)
        self.classwise = classwise
        self.inner: Any = registry.METRICS.build(
            {"type": "mmseg.IoUMetric", "iou_metrics": list(iou_metrics), "prefix": "unused", **options}
        )
        self.inner.results = self.results

    @property
    def dataset_meta(self) -> dict[str, Any] | None:
        """Facts of the dataset, such as ``classes``."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, dataset_meta: dict[str, Any]) -> None:
        self._dataset_meta = self.inner.dataset_meta = dataset_meta

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Count the pixels of a batch."""
        self.inner.process(data_batch, data_samples)

    def compute_metrics(self, results: Sequence[Any]) -> dict[str, float]:
        """The numbers of all images."""
        numbers = dict(self.inner.compute_metrics(results))
        if self.classwise and not self.inner.format_only:
            numbers |= self._of_classes(results)
        measured = {name: round(float(value), 4) for name, value in numbers.items() if np.isfinite(value)}
        if not measured:
            reason = "format_only is set" if self.inner.format_only else "the label maps hold no labelled pixel"
            print_log(f"no IoU was measured: {reason}", logger="current", level=logging.WARNING)
        return measured

    def _of_classes(self, results: Sequence[Any]) -> dict[str, float]:
        areas = [sum(part) for part in zip(*results, strict=True)]
        by_kind = self.inner.total_area_to_metrics(*areas, self.inner.metrics, self.inner.nan_to_num, self.inner.beta)
        return {
            f"{kind}-{name}": round(100 * float(value), 2)
            for kind, values in by_kind.items()
            if kind != "aAcc"
            for name, value in zip(self._dataset_meta["classes"], values, strict=True)
        }
