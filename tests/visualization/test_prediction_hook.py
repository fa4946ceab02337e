"""Pictures of what was found."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmengine.structures import BaseDataElement, InstanceData, PixelData

from mimseg.visualization import PredictionPictureHook
from mimseg.visualization.prediction_hook import enlarged


class Visualizer:
    """Keeps what it was to draw."""

    def __init__(self):
        self.drawn = []

    def add_datasample(self, name, image, sample, out_file, **options):
        self.drawn.append((name, image, sample, out_file, options))


@pytest.fixture
def runner(tmp_path):
    lines = []
    return SimpleNamespace(
        visualizer=Visualizer(),
        work_dir=str(tmp_path),
        test_dataloader=SimpleNamespace(sampler=range(5)),
        logger=SimpleNamespace(info=lines.append),
        lines=lines,
    )


def instances(path) -> BaseDataElement:
    boxes, masks = torch.tensor([[1.0, 0.0, 3.0, 2.0]]), torch.tensor([[[True, False], [False, True]]])
    found = InstanceData(bboxes=boxes, masks=masks, scores=torch.ones(1), labels=torch.zeros(1))
    sample = BaseDataElement(metainfo=dict(img_path=str(path)))
    sample.pred_instances = found
    return sample


def test_evenly_spaced_images_are_drawn_larger(runner, tmp_path):
    pixels = np.zeros((2, 3, 3), np.uint8)
    pixels[..., 0] = 255  # blue, as OpenCV writes
    cv2.imwrite(str(tmp_path / "a.png"), pixels)
    hook = PredictionPictureHook(num_images=3, enlarge=4, score_thr=0.5)
    hook.before_test_epoch(runner)
    for batch in ((0, 1), (2, 3), (4,)):
        hook.after_test_iter(runner, 0, None, [instances(tmp_path / "a.png") for _ in batch])
    hook.after_test_epoch(runner)
    assert len(runner.visualizer.drawn) == 3  # images 0, 2 and 4
    name, image, sample, out_file, options = runner.visualizer.drawn[0]
    assert (name, out_file, options) == ("a", str(tmp_path / "pictures" / "a.png"), {"pred_score_thr": 0.5})
    assert image.shape == (8, 12, 3) and image[0, 0].tolist() == [0, 0, 255]  # red, green, blue
    assert sample.pred_instances.bboxes.tolist() == [[4.0, 0.0, 12.0, 8.0]]
    assert runner.lines == [f"Pictures: {tmp_path / 'pictures'}"]


def test_masks_and_maps_grow_by_repetition_and_the_sample_stays():
    sample = instances("x.png")
    sample.gt_sem_seg = PixelData(data=torch.tensor([[[1, 2]]]))
    large = enlarged(sample, 2)
    assert large.pred_instances.masks[0].tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]]
    assert large.gt_sem_seg.data.tolist() == [[[1, 1, 2, 2], [1, 1, 2, 2]]]
    assert sample.pred_instances.bboxes[0, 2] == 3.0 and sample.gt_sem_seg.data.shape == (1, 1, 2)


def test_what_cannot_be_is_refused(runner):
    for options in (dict(num_images=0), dict(enlarge=0)):
        with pytest.raises(ValueError, match="is 0; use 1 or more"):
            PredictionPictureHook(**options)
    runner.visualizer = object()
    with pytest.raises(ValueError, match="draws no samples; set visualizer.type="):
        PredictionPictureHook().before_test_epoch(runner)
