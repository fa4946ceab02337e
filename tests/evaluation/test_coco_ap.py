"""AP on COCO files and IoU of classes: measured by mmdet and mmseg under names that keep them apart."""

import json

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.registry import DefaultScope
from pycocotools import mask as api

from mimseg.evaluation import ClassIoU, CocoAP, paper_metrics

CLASSES = ("cat", "dog", "person")
BOXES = {"person": (0, 0, 20, 20), "cat": (30, 0, 60, 30), "dog": (0, 40, 40, 64)}  # left, top, right, bottom
SHIFT = {"cat": 8, "dog": 0, "person": 0}  # pixels by which the masks found for a class are moved to the right


@pytest.fixture(autouse=True)
def scope():
    pytest.importorskip("mmcv._ext")
    pytest.importorskip("mmdet")
    pytest.importorskip("mmseg")
    with DefaultScope.overwrite_default_scope("mmdet"):
        yield


def polygon(box, shift=0):
    left, top, right, bottom = box
    return [float(x) for x in (left + shift, top, right + shift, top, right + shift, bottom, left + shift, bottom)]


@pytest.fixture
def write(tmp_path):
    def file(order=("person", "cat", "dog"), objects=tuple(BOXES)):
        ids = {"person": 90, "cat": 7, "dog": 20}
        annotations = [
            dict(
                id=n,
                image_id=1,
                category_id=ids[name],
                bbox=[left, top, right - left, bottom - top],
                iscrowd=0,
                segmentation=[polygon((left, top, right, bottom))],
            )
            for n, name in enumerate(objects, start=1)
            for left, top, right, bottom in [BOXES[name]]
        ]
        categories = [dict(id=ids[name], name=name) for name in order]
        images = [dict(id=1, file_name="1.jpg", height=64, width=64)]
        (tmp_path / "a.json").write_text(
            json.dumps(dict(images=images, annotations=annotations, categories=categories))
        )
        return str(tmp_path / "a.json")

    return file


def found(names=tuple(BOXES)):
    """What a detector found in the picture: every box right, the masks of cats moved."""
    masks = [api.merge(api.frPyObjects([polygon(BOXES[name], SHIFT[name])], 64, 64)) for name in names]
    pixels = np.stack([api.decode(mask) for mask in masks]).astype(bool) if masks else np.zeros((0, 64, 64), bool)
    instances = dict(
        bboxes=torch.tensor([BOXES[name] for name in names], dtype=torch.float32).reshape(-1, 4),
        scores=torch.full((len(names),), 0.9),
        labels=torch.tensor([CLASSES.index(name) for name in names], dtype=torch.long),
        masks=torch.from_numpy(pixels),
    )
    return dict(img_id=1, ori_shape=(64, 64), pred_instances=instances)


def evaluate(metric, names=tuple(BOXES)):
    evaluator = Evaluator([metric])
    evaluator.dataset_meta = dict(classes=CLASSES)
    evaluator.process([found(names)])
    return evaluator.evaluate(1)


def measure(metric, names=tuple(BOXES)):
    return paper_metrics(evaluate(metric, names))


def measured_names(metric, names=tuple(BOXES)):
    return set(evaluate(metric, names))


def test_the_order_of_a_files_categories_changes_nothing(write):
    measured = [
        measure(CocoAP(write(order), metric=["bbox", "segm"]))
        for order in (("person", "cat", "dog"), ("dog", "cat", "person"), CLASSES)
    ]
    assert measured[0]["box/AP"] == 100.0 and measured[0]["mask/AP"] < 90
    assert measured[0] == measured[1] == measured[2]


def test_a_file_without_one_of_the_classes_is_refused_before_anything_is_measured(write):
    metric = CocoAP(write(("person", "cat"), ("person", "cat")))
    with pytest.raises(ValueError, match=r"a.json has no category for 1 of the 3 classes: 'dog'"):
        metric.dataset_meta = dict(classes=CLASSES)


def test_box_and_mask_ap_of_a_class_are_both_kept_in_per_cent(write):
    measured = measure(CocoAP(write(objects=("cat", "dog")), metric=["bbox", "segm"], classwise=True), ("cat", "dog"))
    classes = {name: value for name, value in measured.items() if "AP-" in name}
    assert classes.keys() == {"box/AP-cat", "box/AP-dog", "mask/AP-cat", "mask/AP-dog"}  # of persons there is no object
    assert classes["box/AP-cat"] == classes["mask/AP-dog"] == 100.0
    assert 0 < classes["mask/AP-cat"] < 50  # IoU 22 / 38
    assert not any(name.startswith("coco/") for name in measured)


@pytest.mark.parametrize(
    "options", [{}, dict(metric_items=["mAP_s", "AR@100"]), dict(classwise=True), dict(metric=["proposal", "bbox"])]
)
def test_a_detector_that_finds_nothing_has_every_number_of_one_that_finds_something(write, tmp_path, options):
    """A run may keep its best checkpoint by any of them; sizes and classes that no object has stay without one."""
    options = dict(dict(metric=["bbox", "segm"]), **options)
    file = write(objects=("person", "cat"))
    names = measured_names(CocoAP(file, **options))
    metric = CocoAP(file, outfile_prefix=str(tmp_path / "out"), **options)
    assert measured_names(metric, ()) == names
    assert not list(tmp_path.glob("out*"))
    numbers = measure(CocoAP(file, **options), ())
    assert 0.0 in numbers.values() and set(numbers.values()) <= {0.0, -1.0}
    assert numbers.keys() == measure(CocoAP(file, **options)).keys()


def test_where_nothing_was_measured_there_is_no_number(write, tmp_path):
    assert measure(CocoAP(write(objects=()), metric=["bbox", "segm"])) == {}
    metric = CocoAP(write(), metric=["bbox"], format_only=True, outfile_prefix=str(tmp_path / "out"))
    assert measure(metric) == {}
    assert len(json.loads((tmp_path / "out.bbox.json").read_text())) == 3


def measure_maps(truth, predicted, **options):
    metric = ClassIoU(**options)
    metric.dataset_meta = dict(classes=("sky", "wall", "cat"))
    maps = [torch.tensor([labels]) for labels in (predicted, truth)]
    metric.process({}, [dict(pred_sem_seg=dict(data=maps[0]), gt_sem_seg=dict(data=maps[1]), img_path="a.jpg")])
    return paper_metrics(metric.evaluate(1))


def test_the_iou_of_classes_by_name():
    truth, predicted = [[0, 0, 0, 1], [0, 1, 1, 255]], [[0, 0, 1, 1], [0, 1, 1, 0]]
    whole = measure_maps(truth, predicted)
    assert whole == {"aAcc": 85.71, "mIoU": 75.0, "mAcc": 87.5}
    classes = {"IoU-sky": 75.0, "Acc-sky": 75.0, "IoU-wall": 75.0, "Acc-wall": 100.0}  # no cat, found or not
    assert measure_maps(truth, predicted, classwise=True) == {**whole, **classes}


def test_maps_without_a_label_measure_nothing(tmp_path):
    assert measure_maps([[255, 255]], [[0, 1]], classwise=True) == {}
    assert measure_maps([[0, 1]], [[0, 1]], format_only=True, output_dir=str(tmp_path)) == {}
