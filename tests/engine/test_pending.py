"""A run that is killed around a validation has, once resumed, all that the uninterrupted one has."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook

from mimseg.checkpoints import find_latest, read_checkpoint
from mimseg.registry import METRICS, MODELS


@MODELS.register_module(force=True)
class ToyPredictor(MODELS.get("ToyModel")):
    """Predicts its own weights."""

    def forward(self, inputs, data_samples=None, mode="loss"):
        if mode == "loss":
            return super().forward(inputs, data_samples)
        return [dict(weight=float(self.layer.weight.sum())) for _ in data_samples]


@METRICS.register_module(force=True)
class ToyMetric(BaseMetric):
    """A number that goes up and down."""

    def process(self, data_batch, data_samples):
        self.results += [sample["weight"] for sample in data_samples]

    def compute_metrics(self, results):
        return {"good": abs(results[0] * 100) % 1, "weight": results[0]}


class Killed(Exception):
    pass


class Moments(Hook):
    """Ends the run at the n-th moment: in a validation, and before and after each checkpoint."""

    def __init__(self, runner, n):
        self.n, self.seen, self.validations = n, 0, []
        save = runner.save_checkpoint

        def watched(*args, **kwargs):
            self.pass_moment()
            save(*args, **kwargs)
            self.pass_moment()

        runner.save_checkpoint = watched
        runner.register_hook(self)

    def pass_moment(self):
        self.seen += 1
        if self.seen == self.n:
            raise Killed

    def before_val_epoch(self, runner):
        self.validations.append(runner.iter)
        self.pass_moment()


EPOCHS = {
    "schedule.val_interval": 2,
    "default_hooks.checkpoint.by_epoch": True,
    "default_hooks.checkpoint.filename_tmpl": "epoch_{}.pth",
}
ITERATIONS = {
    "schedule": None,
    "train_cfg": dict(type="IterBasedTrainLoop", max_iters=7, val_interval=3, val_begin=2),
    "train_dataloader.sampler": dict(type="SeededInfiniteSampler", shuffle=True),
    "default_hooks.checkpoint.interval": 3,
}


@pytest.fixture
def build(toy):
    def make(work_dir, loop, n=None, **options):
        loader = dict(batch_size=4, num_workers=0, dataset=dict(type="ToyData", length=4))
        changes = {
            "model.type": "ToyPredictor",
            "val_dataloader": dict(loader, sampler=dict(type="SeededSampler", shuffle=False)),
            "val_cfg": dict(),
            "val_evaluator": dict(type="ToyMetric"),
            "visualizer": dict(type="Visualizer", vis_backends=[dict(type="LocalVisBackend")]),
            "default_hooks.checkpoint.interval": 1,
            "default_hooks.checkpoint.max_keep_ckpts": 2,
            "default_hooks.checkpoint.save_best": "good",
            "default_hooks.checkpoint.rule": "greater",
        }
        runner = toy(work_dir, length=8, epochs=5, **(changes | loop), **options)
        return runner, Moments(runner, n)

    return make


def state_of(folder):
    """Names, and of the last checkpoint and the best one what must not depend on a kill."""
    last = read_checkpoint(find_latest(folder))
    info, scalars = last["message_hub"]["runtime_info"], last["message_hub"]["log_scalars"]
    names = sorted(path.name for path in folder.glob("*.pth"))
    (best,) = folder.glob("best_*.pth")
    return {
        "names": names,
        "weights": last["state_dict"],
        "rng": last["rng_states"],
        "best weights": read_checkpoint(best)["state_dict"],
        "info": (info["best_score"], Path(info["best_ckpt"]).name, info["last_validation"], info["keep_ckpt_ids"]),
        "history": {name: scalars[name].data for name in ("train/loss", "val/good", "val/weight")},
        "validated": validated(folder),
    }


def validated(folder):
    """Of every validation the last numbers that were logged, by step."""
    logs = sorted(folder.glob("*/vis_data/scalars.json"))
    lines = [json.loads(line) for log in logs for line in log.read_text().splitlines()]
    return {line["step"]: line["weight"] for line in lines if "weight" in line}


def assert_same(a, b, path=""):
    if isinstance(a, dict):
        assert a.keys() == b.keys(), path
        for name in a:
            assert_same(a[name], b[name], f"{path}.{name}")
    elif isinstance(a, tuple | list):
        assert len(a) == len(b), path
        for index, pair in enumerate(zip(a, b, strict=True)):
            assert_same(*pair, f"{path}[{index}]")
    elif isinstance(a, torch.Tensor):
        assert torch.equal(a, b), path
    else:
        np.testing.assert_array_equal(a, b, err_msg=path)


@pytest.mark.parametrize("loop", [EPOCHS, ITERATIONS], ids=["epochs", "iterations"])
def test_a_kill_at_any_moment_loses_nothing(build, tmp_path, loop):
    runner, straight = build(tmp_path / "straight", loop)
    runner.train()
    expected = state_of(tmp_path / "straight")
    assert len(straight.validations) == 3 and straight.seen > 15
    for moment in range(1, straight.seen + 1):
        folder = tmp_path / "killed"
        shutil.rmtree(folder, ignore_errors=True)
        runner, _ = build(folder, loop, moment)
        with pytest.raises(Killed):
            runner.train()
        runner, _ = build(folder, loop, resume=True)
        runner.train()
        assert_same(state_of(folder), expected, f"moment {moment}: ")


def test_a_validation_is_done_once(build, tmp_path):
    """Resumed after the second write of a best checkpoint, nothing is owed; before it, the validation comes first."""
    runner, straight = build(tmp_path / "run", EPOCHS)
    runner.train()
    last = read_checkpoint(tmp_path / "run" / "epoch_5.pth")
    owed = last["message_hub"]["runtime_info"]["last_validation"] != 10
    runner, again = build(tmp_path / "run", EPOCHS, resume=True)
    runner.train()
    assert straight.validations == [4, 8, 10] and again.validations == [10] * owed


def test_only_what_was_measured_is_logged_of_a_validation(build, tmp_path):
    runner, _ = build(tmp_path / "run", EPOCHS)
    runner.train()
    assert not [name for name in runner.message_hub.runtime_info if name.startswith(("val", "test"))]


def test_nothing_is_owed_where_no_validation_was_due(build, tmp_path):
    """Epoch 3 has none with an interval of 2, and within an epoch there is none."""
    for iteration, by_epoch in ((6, True), (5, False)):
        loop = EPOCHS | {"default_hooks.checkpoint.by_epoch": by_epoch, "default_hooks.checkpoint.max_keep_ckpts": -1}
        loop["default_hooks.checkpoint.filename_tmpl"] = "epoch_{}.pth" if by_epoch else "iter_{}.pth"
        folder = tmp_path / f"run_{by_epoch}"
        build(folder, loop)[0].train()
        name = folder / ("epoch_3.pth" if by_epoch else "iter_5.pth")
        runner, again = build(tmp_path / f"again_{by_epoch}", loop, resume=True, load_from=str(name))
        runner.train()
        assert again.validations == [8, 10], iteration
