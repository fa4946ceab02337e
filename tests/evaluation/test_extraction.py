import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.model import BaseModel
from mmpretrain.structures import DataSample
from torch.utils.data import DataLoader

from mimseg.engine import announce
from mimseg.evaluation import extraction
from mimseg.models import ImagePreprocessor


class Mean(BaseModel):
    """The mean colour, or for 'cls' the first pixel."""

    def __init__(self):
        super().__init__(data_preprocessor=ImagePreprocessor([0.0] * 3, [1.0] * 3))

    def forward(self, inputs, data_samples=None, mode="tensor"):
        raise NotImplementedError

    def extract_features(self, images, pool="avg"):
        return images.mean(dim=(2, 3)) if pool == "avg" else images[:, :, 0, 0]


def sample(value: int, label: int | None) -> dict:
    data = DataSample(metainfo={"img_path": f"{value}.png"})
    if label is not None:
        data.set_gt_label(label)
    image = torch.full((3, 2, 2), value, dtype=torch.uint8)
    image[:, 0, 0] = 0
    return {"inputs": image, "data_samples": data}


def loader(labels: list[int | None]) -> DataLoader:
    dataset = [sample(4 * index, label) for index, label in enumerate(labels)]
    return DataLoader(dataset, batch_size=2, collate_fn=pseudo_collate)


def test_features_and_labels_in_the_order_of_the_dataset():
    features, labels = extraction.extract_labelled(Mean(), loader([2, 0, 1]), "avg", "test")
    assert features.tolist() == [[0.0] * 3, [3.0] * 3, [6.0] * 3]
    assert labels.tolist() == [2, 0, 1]
    features, _ = extraction.extract_labelled(Mean(), loader([2, 0, 1]), "cls", "test")
    assert not features.any()


def test_an_image_without_a_class_is_named():
    with pytest.raises(ValueError, match=r"4\.png of the test images has no label"):
        extraction.extract_labelled(Mean(), loader([0, None, 1]), "avg", "test")
    with pytest.raises(ValueError, match=r"8\.png of the training images has label -1, outside at least 0"):
        extraction.extract_labelled(Mean(), loader([0, 1, -1]), "avg", "training")


def test_long_extractions_say_how_far_they_are(monkeypatch):
    clock = iter(range(0, 1000, 20))  # 20 seconds a batch
    monkeypatch.setattr(announce.time, "monotonic", lambda: float(next(clock)))
    lines = []
    extraction.extract_labelled(Mean(), loader([0] * 12), "avg", "training", lines.append)
    # after 40 s two batches of 6 are done: 4 more take 80 s. The next line comes 40 s later
    assert lines[0] == "k-NN: features of the training images, batch 2 of 6, 1 min left"
    assert len(lines) == 2
