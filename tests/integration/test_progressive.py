"""MAE at three resolutions, with worker processes that live longer than an epoch."""

import itertools
import json

import cv2
import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from mmengine.logging import MessageHub, MMLogger

from mimseg.apis import build_runner, load_config
from mimseg.checkpoints import read_checkpoint
from mimseg.engine.stages import stop_workers
from mimseg.engine.undisturbed import undisturbed

CONFIG = """
_base_ = [
    "{root}/configs/_base_/models/mae_vit-micro.py",
    "{root}/configs/_base_/data/imagenet.py",
    "{root}/configs/_base_/runtime/default.py",
]
data = dict(train=dict(data_root="{images}", serialize_data=False), size=64, crop=(0.08, 1.0))
model = dict(
    encoder=dict(arch=dict(embed_dim=16, depth=1, num_heads=2, _delete_=True), patch_size=8, drop_path=0.1),
    neck=dict(width=16),
    tasks=dict(reconstruct=dict(decoder=dict(depth=1, num_heads=2))),
)
train_dataloader = dict(
    num_workers={workers},
    persistent_workers={workers} > 0,
    batch_size=256,
    pin_memory=False,
)
optim_wrapper = dict(optimizer=dict(lr=0.05))
schedule = dict(
    epochs=4,
    warmup_epochs=1,
    stages=[
        dict(epoch=0, size=16, batch_size=8),
        dict(epoch=1, size=24, batch_size=4, accumulative_counts=2),
        dict(epoch=3, size=(32, 24), batch_size=2, accumulative_counts=2),
    ],
)
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=4), logger=dict(interval=1), provenance=None)
log_processor = dict(window_size=1)
visualizer = dict(vis_backends=[dict(type="LocalVisBackend")])
"""
LENGTHS = [2, 6, 6, 12]  # iterations an epoch: 24 images in batches of 8, 4 and 2, an even number of them
STAGE_OF = [0, 1, 1, 2]
SHAPES = [(8, 3, 16, 16), (4, 3, 24, 24), (4, 3, 24, 24), (2, 3, 32, 24)]
_run = itertools.count()


@pytest.fixture(scope="module")
def progressive_config(tmp_path_factory, request):
    """Write the config, and the 24 pictures that it trains on."""
    folder = tmp_path_factory.mktemp("progressive")
    (folder / "images").mkdir()
    generator = np.random.default_rng(0)
    for index in range(24):
        small = generator.integers(0, 256, (5, 5, 3), dtype=np.uint8)
        picture = cv2.resize(small, (40, 40), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / "images" / f"{index:02d}.png"), picture)

    def write(workers):
        path = folder / f"progressive_{workers}.py"
        path.write_text(CONFIG.format(root=request.config.rootpath, images=folder / "images", workers=workers))
        return path

    return write


class Watch(Hook):
    """Remembers what the model is given, and by which worker processes; ends the run after an iteration."""

    priority = "LOWEST"

    def __init__(self, stop_after=None):
        self.stop_after = stop_after
        self.shapes, self.files, self.workers = [], [], []

    def before_train(self, runner):
        runner.bare_model.encoder.register_forward_pre_hook(self.note)

    def note(self, _, arguments):
        self.shapes.append(tuple(arguments[0].shape))

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.files += [sample.img_path[-6:] for sample in data_batch["data_samples"]]
        self.workers.append(frozenset(runner.train_dataloader._iterator._workers))

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter + 1 == self.stop_after:
            raise KeyboardInterrupt


@pytest.fixture
def train(progressive_config, monkeypatch, one_thread):
    """Train in this process, until the end or until stopped after an iteration."""
    monkeypatch.setattr("mmengine.runner.runner.collect_env", dict)  # takes a second
    monkeypatch.setattr("mmengine.config.Config.pretty_text", "")  # formatted anew for every checkpoint

    def run(work_dir, stop_after=None, **changes):
        cfg = load_config(progressive_config(1))
        cfg.merge_from_dict({"work_dir": str(work_dir), "experiment_name": f"progressive{next(_run)}", **changes})
        runner, watch = build_runner(cfg), Watch(stop_after)
        runner.register_hook(watch)
        if stop_after is None:
            runner.train()
        else:
            with pytest.raises(KeyboardInterrupt):
                runner.train()
            stop_workers(runner.train_dataloader)
        return runner, watch

    yield run
    for manager in (MMLogger, MessageHub):
        manager._instance_dict.clear()


def same(a, b) -> bool:
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b


def of_every_iteration(values) -> list:
    return [value for value, length in zip(values, LENGTHS, strict=True) for _ in range(length)]


def test_stopped_in_the_second_stage_and_resumed_is_bit_identical(train, tmp_path):
    """A checkpoint every 4 iterations, stopped after 7: goes on from 4, within the first epoch at 24 px."""
    straight, watched = train(tmp_path / "straight")
    assert straight.iter == straight.max_iters == 26
    assert watched.shapes == of_every_iteration(SHAPES)
    assert len(straight.message_hub.get_scalar("train/loss")._log_history) == 26

    train(tmp_path / "stopped", stop_after=7)
    _, second = train(tmp_path / "stopped", resume=True)
    assert second.shapes == watched.shapes[4:]
    assert second.files == watched.files[2 * 8 + 2 * 4 :]
    ends = [read_checkpoint(tmp_path / name / "iter_26.pth") for name in ("straight", "stopped")]
    for part in ("state_dict", "optimizer", "rng_states", "param_schedulers"):
        assert same(ends[0][part], ends[1][part]), part
    assert ends[0]["meta"]["epoch_start"] == 14


class Larger(Hook):
    """Shows the model larger images after every iteration, as k-NN and pictures do."""

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        with undisturbed(runner.model) as model:
            model.extract_features(torch.zeros(1, 3, 40, 40))


def test_checkpoints_tell_the_grid_of_their_stage_whatever_hooks_show_the_model(train, tmp_path):
    """Patches of 8 px: 3 x 3 in the second stage, 4 x 3 in the third, and 5 x 5 in a hook."""
    for stop_after, last, grid in ((7, 4, [3, 3]), (None, 26, [4, 3])):
        work_dir = tmp_path / str(last)
        train(work_dir, stop_after=stop_after, custom_hooks=[dict(type=Larger)])
        assert read_checkpoint(work_dir / f"iter_{last}.pth")["meta"]["mimseg"]["grid"] == grid


def test_a_run_from_smaller_images_keeps_their_positions_when_resumed(train, tmp_path):
    """A file of 2 x 2 patches goes on at 24 px, is stopped, and goes on as if it had not been."""
    first, _ = train(tmp_path / "first", stop_after=1)
    first.save_checkpoint(str(tmp_path), "small.pth")
    start = {"load_from": str(tmp_path / "small.pth"), "schedule.stages": [dict(epoch=0, size=24, batch_size=4)]}
    straight, _ = train(tmp_path / "straight", **start)
    train(tmp_path / "stopped", stop_after=6, **start)
    stopped, _ = train(tmp_path / "stopped", **{**start, "resume": True, "load_from": None})
    for runner in (straight, stopped):
        assert runner.bare_model.encoder.positions.reference == (2, 2)
    ends = [read_checkpoint(tmp_path / name / f"iter_{straight.iter}.pth") for name in ("straight", "stopped")]
    assert same(ends[0]["state_dict"], ends[1]["state_dict"])
    assert ends[1]["meta"]["mimseg"]["grid"] == [2, 2] == ends[1]["meta"]["mimseg"]["reference"]


def test_workers_of_a_stage_live_as_long_as_it_does(train, tmp_path):
    runner, watched = train(tmp_path)
    stages = of_every_iteration(STAGE_OF)
    by_stage = [{w for w, stage in zip(watched.workers, stages, strict=True) if stage == index} for index in range(3)]
    assert [len(sets) for sets in by_stage] == [1, 1, 1]  # the two epochs of the second stage share theirs
    assert not any(worker.is_alive() for (workers,) in by_stage for worker in workers)
    datasets = {id(loader.dataset) for loader in runner.train_loop.loaders}
    assert len(datasets) == 1  # the folder was scanned once


def curve(work_dir) -> list[dict]:
    path = next(work_dir.glob("*/vis_data/2*.json"))
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.slow
def test_two_gloo_processes_change_stages_together(run_script, train_here, progressive_config, tmp_path):
    """Two processes at half the batch train as one at the whole batch, through all stages.

    Without stochastic depth, which draws per process.
    """
    config = progressive_config(0)
    halves = config.with_name("halves.py")
    halves.write_text(
        f'_base_ = "./{config.name}"\n'
        "_stages = _base_.schedule.stages\n"
        "schedule = dict(stages=[dict(stage, batch_size=stage['batch_size'] // 2) for stage in _stages])\n"
    )
    same_draws = ("--cfg-options", "model.encoder.drop_path=0.0", "default_hooks.checkpoint.interval=26")
    two = run_script("dist_train.sh", halves, 2, "--work-dir", tmp_path / "two", *same_draws)
    assert two.returncode == 0, two.stderr[-3000:]
    assert "stage 3 of 3, epochs 4 to 4: 32 x 24 px, 2 processes x 1 images x 2 accumulation = batch 4" in two.stdout
    code, _, errors = train_here(config, "--work-dir", tmp_path / "one", *same_draws)
    assert code == 0, errors
    one, both = curve(tmp_path / "one"), curve(tmp_path / "two")
    assert len(one) == len(both) == 26
    for name in ("loss", "lr"):
        assert [row[name] for row in both] == pytest.approx([row[name] for row in one], rel=1e-4), name
