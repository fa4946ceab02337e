"""Pictures with boxes and outlines of objects, from a COCO file."""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from ...registry import DATASETS
from ..labels import class_names, listed, picture_size, refuse_other_size
from .boxes import odd_boxes
from .truth import Truth, read_truth


@DATASETS.register_module()
class CocoInstances(BaseDataset):
    """The images of a COCO file in the records of mmdet's ``CocoDataset``, for mmdet's transforms and detectors.

    A label is the position of a category's name in ``classes``, whatever the order of the file (mmdet counts the file's
    own order). What the file leaves out is computed where that can be done in one way: ``area``, ``bbox``, ``iscrowd``,
    ids of annotations, sizes of images; the log says so, and which boxes are beyond their picture or elsewhere than
    their outline. All else is refused in one line, and so is a picture
    whose size is not that of the file, when it is loaded.

    Args:
        ann_file: the JSON file, relative to ``data_root`` or absolute.
        names_of: dataset class whose classes and palette these are, e.g. ``mmdet.CocoDataset``, where ``metainfo``
            names none.
        masks: whether objects have outlines; False reads boxes only.
        filter_cfg: for training: ``filter_empty_gt`` leaves out images without an object of the classes, ``min_size``
            those with a shorter side.
        **options: ``data_root``, ``data_prefix`` (``img``), ``metainfo``, ``pipeline``, ``test_mode``, ``indices`` and
            others of MMEngine's BaseDataset.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file cannot be used, or nothing is left of it.

    On loading a sample, LabelError: the picture has another size.
    """

    def __init__(
        self,
        ann_file: str,
        names_of: str | None = None,
        masks: bool = True,
        metainfo: Mapping[str, Any] | None = None,
        data_prefix: Mapping[str, str] | None = None,
        filter_cfg: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        self.masks = masks
        super().__init__(
            ann_file=ann_file,
            metainfo=class_names(names_of, metainfo),
            data_prefix=dict(data_prefix or {"img": ""}),
            filter_cfg=dict(filter_cfg or {}),
            **options,
        )

    def load_data_list(self) -> list[dict[str, Any]]:
        """A record for every image, in the order of the file."""
        classes = self.metainfo["classes"]
        truth = read_truth(self.ann_file, classes, self.masks, lambda name: self._picture_size(self._path(name)))
        for remark in (*truth.remarks, *odd_boxes(truth.images, truth.annotations)):
            print_log(f"{self.ann_file}: {remark}", logger="current", level=logging.WARNING)
        label_of = {category["id"]: label for label, category in enumerate(truth.categories)}
        objects: dict[Any, list[dict[str, Any]]] = {key: [] for key in truth.images}
        self._with_objects = {annotation["image_id"] for annotation in truth.annotations}
        for annotation in truth.annotations:
            found = _instance(annotation, truth.images[annotation["image_id"]], label_of)
            if found is not None:
                objects[annotation["image_id"]].append(found)
        self._found = _counted(truth)
        return [self._record(key, image, objects[key]) for key, image in truth.images.items()]

    def filter_data(self) -> list[dict[str, Any]]:
        """In training, the images that ``filter_cfg`` leaves."""
        records: list[dict[str, Any]] = self.data_list
        kept, reasons = (records, []) if self.test_mode else self._filtered()
        if not kept:
            why = "; ".join(reasons) or "it has no images"
            raise ValueError(f"{self.ann_file}: no image is left of {self._found}: {why}")
        return kept

    def prepare_data(self, idx: int) -> Any:
        """The record of an image after all transforms."""
        data = self.get_data_info(idx)
        size, is_new = (data["height"], data["width"]), True
        for transform in self.pipeline.transforms:
            data = transform(data)
            if data is None:
                return None
            if is_new and "ori_shape" in data:
                refuse_other_size(data["img_path"], data["ori_shape"], size, f"{self.ann_file} says")
                is_new = False
        return data

    def get_cat_ids(self, idx: int) -> list[int]:
        """The labels of an image's objects: what MMEngine's ``ClassBalancedDataset`` counts."""
        return [instance["bbox_label"] for instance in self.get_data_info(idx)["instances"]]

    def pictures(self) -> list[tuple[str, tuple[int, int]]]:
        """Path and ``(H, W)``, as the file says, of every image."""
        records = (self.get_data_info(index) for index in range(len(self)))
        return [(record["img_path"], (record["height"], record["width"])) for record in records]

    def _filtered(self) -> tuple[list[dict[str, Any]], list[str]]:
        side, no_empty = self.filter_cfg.get("min_size", 0), self.filter_cfg.get("filter_empty_gt", False)
        full = [record for record in self.data_list if not no_empty or record["img_id"] in self._with_objects]
        kept = [record for record in full if min(record["width"], record["height"]) >= side]
        reasons = []
        if len(full) < len(self.data_list):
            classes = listed(self.metainfo["classes"])
            reasons.append(f"{len(self.data_list) - len(full)} have no object of the classes {classes}")
        if len(kept) < len(full):
            reasons.append(f"{len(full) - len(kept)} are smaller than filter_cfg.min_size={side} pixels")
        return kept, reasons

    def _path(self, name: str) -> str:
        return os.path.join(self.data_prefix["img"], name)

    def _picture_size(self, path: str) -> tuple[int, int]:
        return picture_size(path, read_upright(self.pipeline.transforms))

    def _record(self, key: Any, image: Mapping[str, Any], instances: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "img_path": self._path(image["file_name"]),
            "img_id": key,
            "seg_map_path": None,
            "height": image["height"],
            "width": image["width"],
            "instances": instances,
        }


def read_upright(transforms: Sequence[Callable[..., Any]]) -> bool:
    """Whether a pipeline reads pictures turned by their EXIF orientation, as it does unless told otherwise."""
    return all(getattr(transform, "upright", True) for transform in transforms)


def _instance(
    annotation: Mapping[str, Any], image: Mapping[str, Any], label_of: Mapping[Any, int]
) -> dict[str, Any] | None:
    """An object as mmdet's transforms take it; None for one that is too small, or outside its image."""
    left, top, width, height = annotation["bbox"]
    right, bottom = left + width, top + height
    inside_x = min(right, image["width"]) > max(left, 0)
    inside_y = min(bottom, image["height"]) > max(top, 0)
    if annotation.get("ignore") or not (inside_x and inside_y) or annotation["area"] <= 0 or min(width, height) < 1:
        return None
    instance = {
        "ignore_flag": int(bool(annotation["iscrowd"])),
        "bbox": [left, top, right, bottom],
        "bbox_label": label_of[annotation["category_id"]],
    }
    if "segmentation" in annotation:
        instance["mask"] = annotation["segmentation"]
    return instance


def _counted(truth: Truth) -> str:
    return f"{len(truth.images)} images with {len(truth.annotations)} objects of the classes"
