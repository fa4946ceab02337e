"""A tiny model and dataset with what an exact resume depends on: noise, a teacher, a shuffled order."""

import itertools
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MessageHub, MMLogger
from mmengine.model import BaseDataPreprocessor, BaseModel
from mmengine.structures import BaseDataElement
from torch import nn
from torch.utils.data import Dataset

from mimseg.apis import build_runner
from mimseg.checkpoints import read_checkpoint
from mimseg.registry import DATASETS, MODELS

_run = itertools.count()


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@DATASETS.register_module(force=True)
class ToyData(Dataset):
    """Row i is drawn from a generator seeded with i; rows in ``bad`` are infinite."""

    metainfo = {"name": "toy"}

    def __init__(self, length: int = 24, bad: tuple[int, ...] = ()) -> None:
        self.length, self.bad = length, bad

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, item):
        index, _ = item
        inputs = torch.randn(4, generator=torch.Generator().manual_seed(index))
        if index in self.bad:
            inputs = inputs * float("inf")
        return {"inputs": inputs, "data_samples": BaseDataElement(metainfo={"img_path": f"{index}.png"})}


@MODELS.register_module(force=True)
class ToyModel(BaseModel):
    """Regression with noise from the global generator and an average of the weights as teacher."""

    def __init__(self, noise: float = 0.1) -> None:
        super().__init__(data_preprocessor=BaseDataPreprocessor())
        self.noise = noise
        self.layer = nn.Linear(4, 2)
        with torch.no_grad():
            self.layer.weight.copy_(torch.randn(2, 4, generator=torch.Generator().manual_seed(0)))
            self.layer.bias.zero_()
        self.teachers = nn.ModuleDict({"ema": nn.Linear(4, 2).requires_grad_(False)})
        self.reset_teachers()
        self.progress: list[float] = []
        self.teacher_epochs: list[int] = []
        self.seen: list[str] = []

    def set_progress(self, progress: float) -> None:
        self.progress.append(progress)

    def update_teachers(self, epoch: int) -> None:
        self.teacher_epochs.append(epoch)
        self.teachers["ema"].weight.lerp_(self.layer.weight.detach(), 0.1)

    def reset_teachers(self) -> None:
        self.teachers["ema"].load_state_dict(self.layer.state_dict())

    def forward(self, inputs, data_samples=None, mode="loss"):
        self.seen += [sample.img_path for sample in data_samples]
        x = torch.stack(inputs)
        y = self.layer(x + self.noise * torch.randn(x.shape))
        return {"loss_toy": (y - 1).square().mean()}


def toy_config(work_dir, length, bad, noise, batch_size, epochs, seed, accumulate, interval) -> Config:
    hooks = ["ProgressHook", "NonFiniteGuard", "TeacherHook", "ThroughputHook", "RNGStateHook"]
    checkpoint = dict(
        type="CheckpointHook", by_epoch=False, interval=interval, backend_args=dict(backend="AtomicBackend")
    )
    optimizer = dict(type="AdamW", lr=1.0, betas=(0.9, 0.95), weight_decay=0.05, fused=True)
    return Config(
        dict(
            default_scope="mimseg",
            work_dir=str(work_dir),
            train_dataloader=dict(
                batch_size=batch_size,
                num_workers=0,
                sampler=dict(type="SeededSampler", shuffle=True),
                dataset=dict(type="ToyData", length=length, bad=bad),
            ),
            model=dict(type="ToyModel", noise=noise),
            schedule=dict(epochs=epochs, warmup_epochs=min(1, epochs - 1)),
            optim_wrapper=dict(
                type="MIMOptimWrapper",
                constructor="WeightDecayByShape",
                accumulative_counts=accumulate,
                optimizer=optimizer,
            ),
            auto_scale_lr=dict(enable=True, base_batch_size=256),
            default_hooks=dict(
                runtime_info=dict(type="RuntimeInfo"),
                logger=dict(type="LoggerHook", interval=2),
                checkpoint=checkpoint,
            ),
            custom_hooks=[dict(type=name) for name in hooks],
            randomness=dict(seed=seed),
            log_level="WARNING",
        )
    )


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """Build a runner of the toy config, with any of its entries changed by dotted name."""
    yield builder(tmp_path, monkeypatch)
    forget_runs()


@pytest.fixture(scope="module")
def toy_of_module(tmp_path_factory):
    """As ``toy``, for what all tests of a file share."""
    with pytest.MonkeyPatch.context() as patch:
        yield builder(tmp_path_factory.mktemp("toy"), patch)
    forget_runs()


@pytest.fixture(scope="module")
def honest(toy_of_module, tmp_path_factory) -> Path:
    """A checkpoint of iteration 9 of 18, within the second epoch."""
    folder = tmp_path_factory.mktemp("honest")
    toy_of_module(folder, interval=9).train()
    return folder / "iter_9.pth"


@pytest.fixture
def changed(honest, tmp_path):
    """Write the honest checkpoint with a change, a function of its content, and give the new file."""

    def write(change) -> Path:
        checkpoint = read_checkpoint(honest)
        change(checkpoint)
        torch.save(checkpoint, tmp_path / "changed.pth")
        return tmp_path / "changed.pth"

    return write


class BuiltError(Exception):
    """Raised where a run would load its checkpoint: then all of it has been built."""


@pytest.fixture(scope="session")
def build_all():
    """Build all parts of a runner, as far as where it would resume."""

    def build(runner):
        def stop():
            raise BuiltError

        runner.load_or_resume = stop
        with pytest.raises(BuiltError):
            runner.train()
        runner.resuming = True
        return runner

    return build


def forget_runs() -> None:
    for manager in (MMLogger, MessageHub):  # they would go on writing to this test's closed streams
        manager._instance_dict.clear()


def builder(folder, patch):
    patch.setattr("mmengine.runner.runner.collect_env", dict)  # takes a second

    def build(
        work_dir=None,
        length=24,
        bad=(),
        noise=0.1,
        batch_size=4,
        epochs=3,
        seed=0,
        accumulate=1,
        interval=-1,
        **changes,
    ):
        cfg = toy_config(work_dir or folder / "run", length, bad, noise, batch_size, epochs, seed, accumulate, interval)
        cfg.merge_from_dict(changes)
        cfg.experiment_name = f"toy{next(_run)}"  # MMEngine's logger and message hub are global, by this name
        return build_runner(cfg)

    return build
