"""What the hooks of a run do."""

import itertools
import json
import logging
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import LoggerHook
from mmengine.registry import DefaultScope
from PIL import Image

from mimseg.datasets import UnlabelledFolder, UnreadableImageError
from mimseg.engine import NonFiniteLossError, ProgressHook, RuntimeInfo, ThroughputHook, UnreadableSummary
from mimseg.engine.hooks.provenance import Provenance, git_revision


@pytest.fixture
def warnings_of(caplog):
    """Warnings that a runner logs."""

    def collect(runner) -> list[str]:
        runner.logger.addHandler(caplog.handler)
        return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]

    return collect


@pytest.mark.parametrize(("first", "expected"), [(1, [1 / 3, 2 / 3, 1.0]), (0, [0.0, 1 / 3, 2 / 3])])
def test_progress_is_told_before_every_epoch(toy, first, expected):
    runner = toy()
    next(hook for hook in runner.hooks if isinstance(hook, ProgressHook)).first = first
    runner.train()
    assert runner.bare_model.progress == pytest.approx(expected)
    with pytest.raises(ValueError, match="first must be 1"):
        ProgressHook(first=2)


class Positions:
    """What a model is told before each iteration."""

    def __init__(self, runner):
        self.told = []
        runner.bare_model.set_position = lambda *position: self.told.append(position)


@pytest.mark.parametrize(("accumulate", "first"), [(1, 1), (2, 1), (2, 0)])
def test_the_place_in_the_run_is_told_before_every_iteration(toy, accumulate, first):
    """6 batches an epoch: the epochs behind, whatever progress counts, and the optimizer steps behind."""
    runner = toy(accumulate=accumulate)
    next(hook for hook in runner.hooks if isinstance(hook, ProgressHook)).first = first
    positions = Positions(runner)
    runner.train()
    assert positions.told == [(n // 6 / 3, n // accumulate) for n in range(18)]


def test_the_place_in_the_run_is_the_same_after_a_resume(toy, tmp_path):
    """It follows from the counters, not from what a model remembers: resumed after 8 of 18 batches."""
    toy(tmp_path, accumulate=2, interval=2, epochs=2).train()
    resumed = toy(tmp_path, accumulate=2, interval=2, epochs=3, resume=True)
    positions = Positions(resumed)
    resumed.train()
    assert positions.told == [(n // 6 / 3, n // 2) for n in range(12, 18)]


def kept(folder):
    return sorted(int(path.stem.split("_")[1]) for path in folder.glob("epoch_*.pth"))


def test_checkpoints_of_some_epochs_are_never_deleted(toy, tmp_path):
    """Every third of 8 epochs stays; of the others the latest two, also after a resume in between."""
    options = {
        "default_hooks.checkpoint.type": "CheckpointHook",
        "default_hooks.checkpoint.by_epoch": True,
        "default_hooks.checkpoint.interval": 1,
        "default_hooks.checkpoint.max_keep_ckpts": 2,
        "default_hooks.checkpoint.keep_every": 3,
    }
    toy(tmp_path / "straight", epochs=8, **options).train()
    assert kept(tmp_path / "straight") == [3, 6, 7, 8]
    for stop, remaining in ((3, [1, 2, 3]), (4, [2, 3, 4]), (7, [3, 5, 6, 7]), (8, [3, 6, 7, 8])):
        toy(tmp_path / "resumed", epochs=8, resume=stop > 3, **options, **{"schedule.stop": stop}).train()
        assert kept(tmp_path / "resumed") == remaining
    with pytest.raises(ValueError, match="keep_every=3 is no multiple of interval=2; of those epochs no checkpoint"):
        toy(**options | {"default_hooks.checkpoint.interval": 2})


def test_progress_in_an_iteration_based_loop(toy):
    train_cfg = dict(type="IterBasedTrainLoop", max_iters=4)
    runner = toy(**{"schedule": None, "train_cfg": train_cfg, "train_dataloader.sampler.multiple_of": 4})
    positions = Positions(runner)
    runner.train()
    assert runner.bare_model.progress == [0.25, 0.5, 0.75, 1.0]
    assert positions.told == [(0.0, 0), (0.25, 1), (0.5, 2), (0.75, 3)]


def test_teachers_move_once_per_optimizer_step(toy):
    runner = toy(accumulate=3, epochs=2)
    runner.train()
    assert runner.bare_model.teacher_epochs == [0, 0, 1, 1]


def test_a_non_finite_step_stops_and_names_step_and_files(toy):
    runner = toy(bad=(5,))
    before = {name: value.clone() for name, value in runner.bare_model.state_dict().items()}
    with pytest.raises(NonFiniteLossError) as error:
        runner.train()
    text = str(error.value)
    assert "\n" not in text
    seen = runner.bare_model.seen
    batch = seen[-4:]
    assert "5.png" in batch
    assert f"at iteration {len(seen) // 4} (epoch 1), precision fp32, loss nan" in text
    assert f"files of the batch: {', '.join(batch)}" in text
    assert "optim_wrapper.non_finite='skip'" in text
    assert torch.isfinite(runner.bare_model.layer.weight).all()
    assert len(runner.bare_model.teacher_epochs) == len(seen) // 4 - 1
    assert before.keys() == runner.bare_model.state_dict().keys()


def test_skip_goes_on_without_the_bad_steps(toy, warnings_of):
    runner = toy(bad=(5,), **{"optim_wrapper.non_finite": "skip"})
    warnings_of(runner)
    runner.train()
    left_out = [line for line in warnings_of(runner) if "step left out" in line]
    assert len(left_out) == 3  # once an epoch
    assert "3 so far" in left_out[-1]
    assert len(runner.bare_model.teacher_epochs) == 18 - 3
    assert torch.isfinite(runner.bare_model.layer.weight).all()


def test_skip_gives_up_after_many_in_a_row(toy):
    runner = toy(length=48, bad=tuple(range(48)), **{"optim_wrapper.non_finite": "skip"})
    with pytest.raises(NonFiniteLossError, match="10 steps in a row were not finite"):
        runner.train()
    assert runner.iter == 9


def test_all_files_of_an_accumulated_step_are_listed(toy):
    runner = toy(bad=(5,), accumulate=3)
    with pytest.raises(NonFiniteLossError, match="and 4 more, listed in") as error:
        runner.train()
    listed = Path(str(error.value).split("listed in ")[1].split(";")[0]).read_text().split()
    assert listed == runner.bare_model.seen[-12:]


def test_the_guard_needs_our_wrapper(toy):
    runner = toy()
    runner.optim_wrapper["type"] = "OptimWrapper"
    runner.optim_wrapper.pop("accumulative_counts")
    with pytest.raises(ValueError, match="optim_wrapper.type='MIMOptimWrapper', got OptimWrapper"):
        runner.train()


def test_losses_are_not_read_from_the_device_every_step(toy, monkeypatch):
    """The history is complete and in order, but read only when the log is written."""
    runner = toy(epochs=1, length=40)
    next(hook for hook in runner.hooks if isinstance(hook, LoggerHook)).interval = 5
    flushed = []
    flush = RuntimeInfo._flush
    monkeypatch.setattr(RuntimeInfo, "_flush", lambda self, run: (flushed.append(run.iter + 1), flush(self, run)))
    losses = []
    step = runner.bare_model.train_step
    runner.bare_model.train_step = lambda *a, **k: losses.append(step(*a, **k)) or losses[-1]
    runner.train()
    assert flushed == [5, 10, 10]  # the log, the log, the checkpoint at the end
    assert list(runner.message_hub.get_scalar("train/loss_toy")._log_history) == [float(v["loss_toy"]) for v in losses]
    assert len(runner.message_hub.get_scalar("train/grad_norm")._log_history) == 10


def test_throughput_and_memory_reach_the_log(toy, monkeypatch):
    seconds = itertools.count()  # every look at the clock is a second later
    monkeypatch.setattr("mmengine.hooks.iter_timer_hook.time", SimpleNamespace(time=lambda: next(seconds)))
    runner = toy(epochs=1)
    runner.train()
    line = Path(runner.log_dir, "vis_data", f"{runner.timestamp}.json").read_text().splitlines()[-1]
    scalars = json.loads(line)
    assert scalars["time"] == 2.0  # the data, and the step
    assert scalars["img_per_s"] == 2.0
    assert scalars["memory"] > 50  # MiB
    assert {"lr", "data_time", "time", "loss", "loss_toy", "grad_norm", "epoch", "iter"} <= scalars.keys()


def test_without_a_timer_there_is_no_rate_and_one_warning(toy, warnings_of):
    runner = toy(epochs=1, **{"default_hooks.timer": None})
    warnings_of(runner)
    runner.train()
    assert [line for line in warnings_of(runner) if "IterTimerHook" in line] == [
        "IterTimerHook is missing: neither images per second nor slow data are told; add "
        "default_hooks.timer=dict(type='mmengine.IterTimerHook')"
    ]
    line = Path(runner.log_dir, "vis_data", f"{runner.timestamp}.json").read_text().splitlines()[-1]
    assert "memory" in json.loads(line) and "img_per_s" not in json.loads(line)


def test_a_timer_can_be_had_by_the_name_that_the_warning_says(toy):
    runner = toy(epochs=1, **{"default_hooks.timer": dict(type="mmengine.IterTimerHook")})
    assert any(type(hook).__name__ == "IterTimerHook" for hook in runner.hooks)


def test_slow_data_raises_one_alarm(toy, warnings_of):
    runner = toy(length=40)
    next(hook for hook in runner.hooks if isinstance(hook, ThroughputHook)).window = 4
    timer = next(hook for hook in runner.hooks if type(hook).__name__ == "IterTimerHook")
    before = timer._before_iter

    def slow(run, *args, **kwargs):
        timer.t -= 10.0
        before(run, *args, **kwargs)

    timer._before_iter = slow
    warnings_of(runner)
    runner.train()
    alarms = [line for line in warnings_of(runner) if "waiting for data" in line]
    assert len(alarms) == 1
    assert "raise train_dataloader.num_workers (now 0)" in alarms[0]


def test_unreadable_files_are_reported(toy, warnings_of, tmp_path):
    runner = toy(epochs=1)
    runner.register_hook(UnreadableSummary())
    runner.train_loop.dataloader.dataset.unreadable_files = lambda: ["b.png", "a.png"]
    warnings_of(runner)
    runner.train()
    assert any("2 unreadable files were left out so far, e.g. a.png" in line for line in warnings_of(runner))
    assert (tmp_path / "run" / "unreadable.txt").read_text() == "a.png\nb.png\n"


def test_a_small_validation_set_is_read_through_before_training(tmp_path):
    for name in ("a.png", "b.png", "c.png"):
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    (tmp_path / "b.png").write_bytes(b"cut")
    with DefaultScope.overwrite_default_scope("mimseg"):
        held_out = UnlabelledFolder(str(tmp_path), pipeline=[{"type": "LoadImage"}])
    runner = SimpleNamespace(train_dataloader=SimpleNamespace(dataset=[]), work_dir=str(tmp_path), val_loop=object())
    runner.val_dataloader = SimpleNamespace(dataset=held_out)
    UnreadableSummary(validation=2).before_train(runner)
    with pytest.raises(UnreadableImageError, match=r"1 of 3 images of the validation set.*b\.png.*remove it"):
        UnreadableSummary().before_train(runner)
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes())
    UnreadableSummary().before_train(runner)
    runner.val_loop = None
    UnreadableSummary().before_train(runner)


def test_nothing_is_said_when_all_files_were_read(toy, tmp_path):
    runner = toy(epochs=1)
    runner.register_hook(UnreadableSummary())
    runner.train_loop.dataloader.dataset.unreadable_files = list
    runner.train()
    assert not (tmp_path / "run" / "unreadable.txt").exists()


def test_every_run_says_where_it_comes_from(toy):
    runner = toy(epochs=1)
    runner.register_hook(dict(type="Provenance"))
    runner.train()
    record = json.loads(Path(runner.log_dir, "run.json").read_text())
    assert record["seed"] == 0
    assert record["world_size"] == 1
    assert record["versions"]["torch"] == f"torch {torch.__version__.split('+')[0]}"
    assert set(record["versions"]) >= {"mimseg", "mmengine", "mmcv", "mmpretrain", "timm", "numpy"}
    assert record["git"] == git_revision()
    assert record["argv"]
    assert record["devices"]


def test_no_git_outside_a_checkout(monkeypatch, tmp_path):
    monkeypatch.setattr("mimseg.engine.hooks.provenance.ROOT", tmp_path)
    assert git_revision() is None


def test_a_run_says_how_many_images_it_read_and_how_long_it_took(toy, monkeypatch):
    """Up to its last checkpoint: what an interrupted run did after it is done again."""
    clock = iter((100.0, 107.5, 109.0))
    monkeypatch.setattr("mimseg.engine.hooks.provenance.time.perf_counter", lambda: next(clock))
    runner, hook = toy(length=24), Provenance()
    assert len(runner.train_loop.dataloader.dataset) == 24  # as in a run, the loop is built before the hooks are called
    hook.before_run(runner)
    hook.before_train(runner)
    path = Path(runner.log_dir, "run.json")
    assert "seconds" not in json.loads(path.read_text())
    hook.before_save_checkpoint(runner, {})
    assert json.loads(path.read_text())["seconds"] == 7.5
    hook.after_train(runner)
    record = json.loads(path.read_text())
    assert (record["seconds"], record["images"]) == (9.0, {"train": 24})
