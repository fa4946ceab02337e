"""Average precision of boxes and masks on a COCO file, measured by mmdet and pycocotools."""

import logging
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any
from unittest.mock import patch

import numpy as np
from mmengine import registry
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from pycocotools import mask as masks_of

from ..datasets.coco import read_truth
from ..registry import METRICS

CLASSWISE = "_precision"  # what mmdet appends to a class's name
CLASS_AP = "AP-"


@METRICS.register_module()
class CocoAP(BaseMetric):
    """mmdet's ``CocoMetric`` on a file whose categories are found by name, as :class:`mimseg.datasets.CocoInstances`.

    Numbers have mmdet's names, such as ``coco/bbox_mAP``, with those of single classes as ``coco/bbox_AP-<class>``. A
    detector that finds nothing has all of them, as 0. What was not measured has no number, and the log says why: with
    ``format_only``, or where the file has no object.

    Args:
        ann_file: the COCO file of the images that are tested.
        metric: ``bbox``, ``segm`` or both; also mmdet's ``proposal`` and ``proposal_fast``.
        classwise: whether every class's AP is given, too.
        collect_device: ``cpu`` or ``gpu``, where several processes join their results.
        prefix: of the names; default ``coco``.
        **options: others of mmdet's ``CocoMetric``.

    Raises:
        ValueError: when the classes are known, the file cannot be used, or lacks one of them.
    """

    default_prefix = "coco"

    def __init__(
        self,
        ann_file: str,
        metric: str | Sequence[str] = "bbox",
        classwise: bool = False,
        collect_device: str = "cpu",
        prefix: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(collect_device, prefix)
        self.ann_file = ann_file
        self.metrics = [metric] if isinstance(metric, str) else list(metric)
        inner = {"type": "mmdet.CocoMetric", "metric": self.metrics, "classwise": classwise, **options}
        self.inner: Any = registry.METRICS.build(inner)
        self.inner.results = self.results
        self.objects = 0

    @property
    def dataset_meta(self) -> dict[str, Any] | None:
        """Facts of the dataset, such as ``classes``; setting it reads the file."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, dataset_meta: dict[str, Any]) -> None:
        self._dataset_meta = self.inner.dataset_meta = dataset_meta
        truth = read_truth(self.ann_file, dataset_meta["classes"], "segm" in self.metrics)
        api = import_module("mmdet.datasets.api_wrappers").COCO()
        api.dataset = truth.as_coco()
        api.createIndex()
        self.inner._coco_api = api
        self.inner.cat_ids = [category["id"] for category in truth.categories]
        self.objects = sum(not annotation["iscrowd"] for annotation in truth.annotations)

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep what was found in a batch."""
        self.inner.process(data_batch, data_samples)

    def compute_metrics(self, results: Sequence[Any]) -> dict[str, float]:
        """The numbers of all images."""
        if self.inner.format_only:
            self.inner.compute_metrics(results)
            self._say("format_only writes what was found and measures nothing")
            return {}
        if not self.objects:
            self._say(f"{self.ann_file} has no object of the classes")
            return {}
        if not any(len(found["labels"]) for _, found in results):
            print_log("the detector found nothing: all AP are 0", logger="current", level=logging.WARNING)
            made_up = [_with_an_empty_find(*results[0]), *results[1:]]
            with patch.object(self.inner, "outfile_prefix", None):  # no file for what was not found
                return self._numbers(made_up)
        return self._numbers(results)

    def _numbers(self, results: Sequence[Any]) -> dict[str, float]:
        numbers: dict[str, float] = {}
        for metric in self.metrics:  # one by one: mmdet gives a class's box and mask AP the same name
            self.inner.metrics = [metric]
            numbers |= _renamed(self.inner.compute_metrics(results), metric, self._dataset_meta["classes"])
        return numbers

    def _say(self, reason: str) -> None:
        print_log(f"no AP of {' and '.join(self.metrics)}: {reason}", logger="current", level=logging.WARNING)


def _with_an_empty_find(image: Mapping[str, Any], found: Mapping[str, Any]) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """An image's result with one box and mask of no pixel, which is wrong: pycocotools measures no empty list."""
    empty = masks_of.encode(np.zeros((image["height"], image["width"]), np.uint8, order="F"))
    return image, {
        **found,
        "bboxes": np.zeros((1, 4)),
        "scores": np.zeros(1),
        "labels": np.zeros(1, int),
        "masks": [empty],
        "mask_scores": np.zeros(1),
    }


def _renamed(numbers: Mapping[str, float], metric: str, classes: Sequence[str]) -> dict[str, float]:
    """A class's AP under the name of what was measured."""
    names = {f"{name}{CLASSWISE}": f"{metric}_{CLASS_AP}{name}" for name in classes}
    return {names.get(name, name): value for name, value in numbers.items()}
