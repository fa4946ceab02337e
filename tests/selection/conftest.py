"""Numbered pictures, and runs of a tiny MAE on them that choose their images."""

import itertools

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.logging import MessageHub, MMLogger

from mimseg.apis import build_runner
from mimseg.engine.stages import stop_workers
from mimseg.registry import SELECTORS
from mimseg.selection import Selector

IMAGES = 24
_run = itertools.count()


@SELECTORS.register_module(force=True)
class Brightness(Selector):
    """A user's own selector: the mean of an image, and a note of what it was asked."""

    name = "brightness"

    def __init__(self, tasks=(), broken=()):
        self.tasks, self.broken = tuple(tasks), broken
        self.calls = []

    def score(self, model, images, indices, noise):
        self.calls.append((model.training, torch.is_grad_enabled(), images.shape, indices.tolist(), noise.clone()))
        torch.rand(3), np.random.rand()  # what a pass draws must not matter
        scores = images.mean(dim=(1, 2, 3))
        return torch.where(torch.isin(indices, torch.tensor(self.broken)), torch.nan, scores)


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """A folder of 24 pictures; number i is the i-th brightest from the bottom, noise aside."""
    folder = tmp_path_factory.mktemp("pictures")
    generator = np.random.default_rng(0)
    for index in range(IMAGES):
        picture = generator.integers(0, 16, (20, 20, 3), dtype=np.uint8) + np.uint8(9 * index)
        cv2.imwrite(str(folder / f"{index:02d}.png"), picture)
    return folder


def mae(root, folder, work_dir) -> Config:
    cfg = Config.fromfile(root / "configs/_base_/models/mae_vit-micro.py")
    cfg.merge_from_dict(Config.fromfile(root / "configs/_base_/runtime/default.py").to_dict())
    cfg.model.data_preprocessor = dict(
        type="ImagePreprocessor", mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]
    )
    cfg.model.encoder.update(arch=dict(embed_dim=16, depth=1, num_heads=2), patch_size=8, drop_path=0.1)
    cfg.model.neck.width = 16
    cfg.model.tasks.reconstruct.decoder.update(depth=1, num_heads=2)
    pipeline = [
        dict(type="LoadImage"),
        dict(type="RandomResizedCrop", scale=16),
        dict(type="mmpretrain.RandomFlip", prob=0.5),
        dict(type="mmpretrain.PackInputs", meta_keys=("img_path",)),
    ]
    cfg.train_dataloader = dict(
        batch_size=4,
        num_workers=0,
        drop_last=True,
        collate_fn=dict(type="default_collate"),
        sampler=dict(type="SeededSampler", shuffle=True),
        dataset=dict(
            type="SeededDataset", dataset=dict(type="UnlabelledFolder", data_root=str(folder), pipeline=pipeline)
        ),
    )
    cfg.optim_wrapper.optimizer.lr = 0.05
    cfg.schedule = dict(epochs=5, warmup_epochs=1)
    cfg.work_dir, cfg.log_level = str(work_dir), "WARNING"
    cfg.default_hooks.provenance = None
    cfg.default_hooks.checkpoint = None
    cfg.visualizer = dict(type="Visualizer", vis_backends=[dict(type="LocalVisBackend")])
    return cfg


class Watch(Hook):
    """Remembers files and rates of every iteration; ends the run after one."""

    priority = "LOWEST"

    def __init__(self, stop_after=None):
        self.stop_after = stop_after
        self.files, self.rates, self.left, self.tasks_on, self.progress = [], [], [], [], []

    def before_train_epoch(self, runner):
        self.files.append([])
        self.rates.append([])
        self.left.append(runner.max_iters - runner.iter)
        self.progress.append(runner.bare_model.progress)
        self.tasks_on.append([name for name, task in runner.bare_model.tasks.items() if task.on])

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.files[-1] += [int(sample.img_path[-6:-4]) for sample in data_batch["data_samples"]]
        self.rates[-1].append(runner.optim_wrapper.param_groups[0]["lr"])

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter + 1 == self.stop_after:
            raise KeyboardInterrupt


@pytest.fixture
def build(pictures, tmp_path, monkeypatch, request):
    """Build a runner of the tiny MAE with a selection; ``selection=None`` leaves the hook out."""
    monkeypatch.setattr("mmengine.runner.runner.collect_env", dict)  # takes a second
    monkeypatch.setattr("mmengine.config.Config.pretty_text", "")  # formatted anew for every checkpoint

    def make(work_dir="run", selection=(), folder=None, checkpoint=None, edit=None, draw=False, **changes):
        if not draw:  # a gallery takes half a second
            monkeypatch.setattr("mimseg.selection.hook.save_gallery", lambda *_: np.zeros((1, 1, 3), np.uint8))
        cfg = mae(request.config.rootpath, folder or pictures, tmp_path / work_dir)
        if selection is not None:
            options = dict(selector=dict(type="Brightness"), warmup_epochs=2, interval=2, keep=0.5)
            options.update(selection)
            cfg.custom_hooks.append(dict(type="SelectionHook", **options))
        if checkpoint is not None:
            backend = dict(backend="AtomicBackend")
            cfg.default_hooks.checkpoint = dict(type="CheckpointHook", backend_args=backend, **checkpoint)
        cfg.merge_from_dict({**changes, "experiment_name": f"selection{next(_run)}"})
        if edit:
            edit(cfg)
        return build_runner(cfg)

    yield make
    for manager in (MMLogger, MessageHub):
        manager._instance_dict.clear()


@pytest.fixture
def train(build):
    """Train such a runner, until its end or until stopped after an iteration; gives it with its :class:`Watch`."""

    def run(*args, stop_after=None, **options):
        runner, watch = build(*args, **options), Watch(stop_after)
        runner.register_hook(watch)
        if stop_after is None:
            runner.train()
        else:
            with pytest.raises(KeyboardInterrupt):
                runner.train()
            stop_workers(runner.train_dataloader)
        return runner, watch

    return run
