import io
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmpretrain.structures import DataSample
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn
from torch.utils.data import Dataset

from mimseg.models import ImagePreprocessor, Reconstruction
from mimseg.registry import DATASETS, HOOKS
from mimseg.visualization import PictureHook


@DATASETS.register_module()
class PictureHookImages(Dataset):
    def __init__(self, size: int):
        self.size = size
        np.random.rand()  # as datasets do that shuffle when they are built

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        image = torch.full((3, 8, 8), index, dtype=torch.uint8)
        sample = DataSample(metainfo={"img_path": f"folder/{index}.png"})
        return {"inputs": image, "data_samples": sample}


class Painter(BaseModel):
    """Keeps what it was asked to reconstruct and the masks it drew."""

    def __init__(self):
        super().__init__(data_preprocessor=ImagePreprocessor([100.0] * 3, [50.0] * 3))
        self.scale = nn.Parameter(torch.ones(()))
        self.dropout = nn.Dropout(0.5)
        self.asked: list[torch.Tensor] = []
        self.masks: list[torch.Tensor] = []
        self.masking = SimpleNamespace(score=None)

    def forward(self, inputs, data_samples=None, mode="loss"):
        return {"loss_fit": (self.dropout(inputs) * self.scale).square().mean()}

    def reconstruct(self, images, generator=None):
        assert not self.training
        torch.rand(5)  # a careless model that also draws from the global generator
        noise = torch.rand(len(images), 4, generator=generator)
        mask = torch.zeros_like(noise, dtype=torch.bool).scatter_(1, noise.topk(3, 1).indices, True)
        self.asked.append(images * 50 + 100)
        self.masks.append(mask)
        return Reconstruction(mask, (2, 2), images * self.scale, noise.where(mask, torch.nan), noise, "a note")


@pytest.fixture(autouse=True)
def painting(monkeypatch):
    monkeypatch.setattr("mimseg.visualization.picture_hook.reconstruct_hidden", Painter.reconstruct)


def train(work_dir, hooks, epochs=3, **settings) -> Runner:
    logger = {"type": "LoggerHook", "interval": 1}
    sampler = {"type": "DefaultSampler", "shuffle": True}
    runner = Runner(
        Painter(),
        work_dir=str(work_dir),
        train_dataloader={"dataset": PictureHookImages(8), "sampler": sampler, "batch_size": 4},
        train_cfg={"by_epoch": True, "max_epochs": epochs},
        optim_wrapper={"optimizer": {"type": "SGD", "lr": 0.1}},
        default_hooks={"logger": logger},
        custom_hooks=hooks,
        **settings,
        default_scope="mimseg",
        randomness={"seed": 0},
        experiment_name=f"picture_{work_dir.name}",
    )
    runner.train()
    return runner


def hook(**settings) -> PictureHook:
    dataset = {"type": "PictureHookImages", "size": 101}
    return HOOKS.build({"type": "mimseg.PictureHook", "dataset": dataset, **settings})


def log_of(work_dir) -> str:
    return next(work_dir.glob("*/*.log")).read_text()


def test_writes_sheets_and_curves_and_says_where(tmp_path):
    runner = train(tmp_path, [hook(num_images=5, interval=2)])
    pictures = tmp_path / "pictures"
    assert sorted(path.name for path in pictures.iterdir()) == ["epoch_2.png", "epoch_3.png", "losses.png"]
    assert all(np.asarray(Image.open(path)).std() > 5 for path in pictures.iterdir())
    assert f"Picture: {pictures / 'epoch_2.png'}" in log_of(tmp_path)
    assert f"Pictures: {pictures / 'epoch_3.png'} {pictures / 'losses.png'}" in log_of(tmp_path)
    backends = {path.name for path in tmp_path.glob("*/vis_data/vis_image/*.png")}
    assert backends == {"reconstruction_4.png", "reconstruction_6.png", "losses_6.png"}
    asked = runner.model.asked[0]
    assert asked[:, 0, 0, 0].round().tolist() == [0, 25, 50, 75, 100]  # evenly spaced over the 101 images


def test_tensorboard_holds_the_same_pictures(tmp_path):
    backends = [{"type": "LocalVisBackend"}, {"type": "TensorboardVisBackend"}]
    train(
        tmp_path,
        [hook(num_images=2, interval=1)],
        epochs=2,
        visualizer={"type": "Visualizer", "vis_backends": backends},
    )
    events = EventAccumulator(str(next(tmp_path.glob("*/vis_data"))), size_guidance={"images": 0}).Reload()
    assert [event.step for event in events.Images("reconstruction")] == [2, 4]
    assert [event.step for event in events.Images("losses")] == [4]
    drawn = Image.open(io.BytesIO(events.Images("reconstruction")[-1].encoded_image_string))
    assert np.array_equal(np.asarray(drawn)[..., :3], np.asarray(Image.open(tmp_path / "pictures" / "epoch_2.png")))


def test_masks_are_fixed_by_the_seed(tmp_path):
    first, again = train(tmp_path / "a", [hook(interval=1)]).model.masks[:2]
    other = train(tmp_path / "b", [hook(seed=1)]).model.masks[0]
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_training_is_not_disturbed(tmp_path):
    with_hook = train(tmp_path / "with", [hook(interval=1)]).model
    without = train(tmp_path / "without", []).model
    assert torch.equal(with_hook.scale, without.scale)
    assert with_hook.training


def test_without_logged_losses_it_says_so(tmp_path):
    train(tmp_path, [hook()], epochs=1, visualizer={"type": "Visualizer"})
    assert [path.name for path in (tmp_path / "pictures").iterdir()] == ["epoch_1.png"]
    assert "no loss curves" in log_of(tmp_path)


def test_fewer_images_than_rows(tmp_path):
    small = {"type": "PictureHookImages", "size": 2}
    assert len(train(tmp_path, [hook(dataset=small)], epochs=1).model.asked[0]) == 2


def test_a_wrong_dataset_stops_the_run_before_it_trains(tmp_path):
    with pytest.raises(KeyError, match="NoSuchImages"):
        train(tmp_path, [hook(dataset={"type": "NoSuchImages"})])
    assert "Epoch(train)" not in log_of(tmp_path)


@pytest.mark.parametrize("settings", [{"num_images": 0}, {"interval": -1}])
def test_wrong_settings_are_refused(settings):
    name, value = next(iter(settings.items()))
    with pytest.raises(ValueError, match=f"{name} is {value}"):
        hook(**settings)
