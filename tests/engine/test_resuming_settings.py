"""A resume with other settings: they hold from there on, or are refused; the log says which they are."""

import json
import math

import pytest
import torch

from mimseg.checkpoints import read_checkpoint
from mimseg.engine.batch import Batch
from mimseg.engine.resuming.checker import Checker
from mimseg.engine.resuming.progress import Counters, find_place
from mimseg.engine.resuming.settings import describe_changes, describe_settings, find_changes

PEAK = 4 / 256  # of lr=1.0 at batch 4


def rates(runner) -> list[float]:
    """The rate of every iteration that it trains."""
    step, seen = runner.train_loop.run_iter, []

    def run_iter(*batch):
        seen.append(runner.optim_wrapper.param_groups[0]["lr"])
        step(*batch)

    runner.train_loop.run_iter = run_iter
    runner.train()
    return seen


def expected(first: int, epochs: int, warmup: float, peak: float = PEAK, least: float = 0.0, steps=()) -> list[float]:
    """The schedule of ``first`` and all later iterations, 6 an epoch, by its definition."""
    values = []
    for iteration in range(first, 6 * epochs):
        epoch = iteration / 6
        if epoch < warmup:
            values.append(peak * epoch / warmup)
        elif steps:
            values.append(peak * 0.1 ** sum(epoch >= step for step in steps))
        else:
            values.append(least + (peak - least) * (1 + math.cos(math.pi * (epoch - warmup) / (epochs - warmup))) / 2)
    return values


@pytest.fixture
def log(caplog):
    """Train a runner and give its rates; its lines are in the second value."""

    def run(runner):
        runner.logger.setLevel("INFO")
        runner.logger.addHandler(caplog.handler)
        return rates(runner), [record.getMessage() for record in caplog.records]

    return run


@pytest.mark.parametrize(
    ("changes", "schedule", "line"),
    [
        ({"epochs": 6}, {"epochs": 6}, "schedule.epochs: 3 -> 6"),
        ({"epochs": 6, "schedule.stop": 4}, {"epochs": 6}, "schedule.epochs: 3 -> 6"),
        ({"optim_wrapper.optimizer.lr": 0.5}, {"peak": PEAK / 2}, "optim_wrapper.optimizer.lr: 1.0 -> 0.5"),
        ({"schedule.warmup_epochs": 2}, {"warmup": 2}, "schedule.warmup_epochs: 1 -> 2"),
        ({"schedule.min_lr": 1e-3}, {"least": 1e-3}, "schedule.min_lr: 0.0 -> 0.001"),
        ({"schedule.steps": [2]}, {"steps": [2]}, 'param_scheduler.type: "WarmupCosineLR" -> "WarmupMultiStepLR"'),
        ({"auto_scale_lr.base_batch_size": 128}, {"peak": PEAK * 2}, "auto_scale_lr.base_batch_size: 256 -> 128"),
    ],
)
@pytest.mark.parametrize("first", [9, 18])
def test_rates_are_those_of_the_new_schedule(toy, honest, tmp_path, log, changes, schedule, line, first):
    if first == 18:
        changes, schedule = {"epochs": 5, **changes}, {"epochs": 5, **schedule}
    path = str(honest.with_name(f"iter_{first}.pth"))
    runner = toy(tmp_path / "new", resume=True, load_from=path, **changes)
    got, lines = log(runner)
    wanted = expected(first, **{"epochs": 3, "warmup": 1, **schedule})[: len(got)]
    assert got == pytest.approx(wanted, rel=1e-12)
    assert len(got) == 6 * runner.max_epochs - first
    assert any(line in text for text in lines if "settings that this resume changes" in text)


def test_the_optimizers_settings_are_the_configs_and_its_moments_the_files(toy, honest, build_all):
    path = str(honest)
    new = {"optim_wrapper.optimizer": dict(weight_decay=0.5, betas=(0.8, 0.9), eps=1e-6)}
    runner = build_all(toy(resume=True, load_from=path, **new))
    runner.resume(path)
    groups = runner.optim_wrapper.param_groups
    assert [group["weight_decay"] for group in groups] == [0.5, 0.0]
    assert [(group["betas"], group["eps"]) for group in groups] == [((0.8, 0.9), 1e-6)] * 2
    saved = read_checkpoint(path)["optimizer"]["state"]
    state = runner.optim_wrapper.optimizer.state_dict()["state"]
    assert all(torch.equal(state[i][name], saved[i][name]) for i in saved for name in saved[i])


def test_an_unchanged_run_says_so(toy, honest, log):
    path = str(honest)
    got, lines = log(toy(interval=9, resume=True, load_from=path))
    assert got == pytest.approx(expected(9, 3, 1), rel=1e-12)
    assert f"{path}: no setting has changed" in lines


def test_a_file_of_an_earlier_version_says_what_cannot_be_compared(toy, changed, log):
    path = changed(lambda checkpoint: checkpoint["meta"].pop("settings"))
    got, lines = log(toy(resume=True, load_from=str(path), epochs=6))
    assert got == pytest.approx(expected(9, 6, 1), rel=1e-12)
    assert f"{path} is of an earlier version, which kept no settings: what of them has changed cannot be told" in lines


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        (
            {"optim_wrapper.optimizer": dict(type="SGD", lr=1.0, _delete_=True)},
            'optimizer.type was "AdamW" and now is "SGD"',
        ),
        ({"optim_wrapper.paramwise_cfg": dict(no_decay=("layer",))}, 'no_decay was unset and now is ["layer"]'),
        (
            {"optim_wrapper.optimizer.amsgrad": True},
            "this run's optimizer keeps step, exp_avg, exp_avg_sq, max_exp_avg_sq",
        ),
        (
            {"epochs": 2},
            "it is of epoch 3, and this run ends with epoch 2; give the run more of them with schedule.epochs",
        ),
    ],
)
def test_what_the_state_cannot_follow_is_refused(toy, honest, tmp_path, changes, complaint):
    """After the third epoch."""
    path = tmp_path / "epoch_3.pth"
    checkpoint = read_checkpoint(honest.with_name("iter_18.pth"))
    checkpoint["meta"].update(epoch=3, epoch_start=18)
    torch.save(checkpoint, path)
    with pytest.raises(ValueError) as error:
        toy(resume=True, load_from=str(path), **changes).train()
    assert complaint in str(error.value)
    assert str(error.value).startswith(str(path)) and "\n" not in str(error.value)


def test_a_finished_run_says_so_and_leaves_its_checkpoints(toy, tmp_path, log):
    by_epoch = {"default_hooks.checkpoint.by_epoch": True, "default_hooks.checkpoint.interval": 1}
    toy(tmp_path / "run", **by_epoch).train()
    files = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in (tmp_path / "run").glob("*.pth")}
    got, lines = log(toy(tmp_path / "run", resume=True, **by_epoch))
    assert got == []
    assert "nothing left to train: epoch 3 of 3 is done" in lines
    assert files == {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in (tmp_path / "run").glob("*.pth")}


def by_iteration(**changes):
    return {
        "schedule": dict(iterations=8, warmup_iterations=3, warmup_factor=0.1, power=0.9, _delete_=True),
        "train_dataloader.sampler": dict(type="SeededInfiniteSampler", _delete_=True),
        "interval": 4,
        **changes,
    }


@pytest.fixture(scope="module")
def run_by_iteration(toy_of_module, tmp_path_factory):
    folder = tmp_path_factory.mktemp("by_iteration")
    toy_of_module(folder, **by_iteration()).train()
    return folder


@pytest.mark.parametrize(
    ("first", "changes", "line"),
    [
        (4, {}, "no setting has changed"),
        (4, {"schedule.iterations": 16}, "schedule.iterations: 8 -> 16"),
        (8, {"schedule.iterations": 16}, "schedule.iterations: 8 -> 16"),
        (4, {"optim_wrapper.optimizer.lr": 0.1}, "optim_wrapper.optimizer.lr: 1.0 -> 0.1"),
        (4, {"schedule.power": 2.0}, "param_scheduler.1.power: 0.9 -> 2.0"),
        (4, {"schedule.warmup_iterations": 6}, "param_scheduler.0.end: 3 -> 6"),
    ],
)
def test_schedules_that_count_iterations_are_those_of_a_whole_run(
    toy, run_by_iteration, tmp_path, log, first, changes, line
):
    """Their rates are the very ones of a run that had the new settings from its start."""
    whole = rates(toy(tmp_path / "whole", **by_iteration(**changes)))
    path = str(run_by_iteration / f"iter_{first}.pth")
    got, lines = log(toy(tmp_path / "new", resume=True, load_from=path, **by_iteration(**changes)))
    assert got == whole[first:]
    assert all(rate > 0 for rate in got[:-1])  # the fall ends at zero
    assert any(line in text for text in lines)


def test_iterations_of_another_batch_are_refused(toy, run_by_iteration):
    path = str(run_by_iteration / "iter_4.pth")
    with pytest.raises(ValueError, match="counts iterations of 1 process x 4 images .* since the run's length is"):
        toy(resume=True, load_from=path, batch_size=2, accumulate=2, **by_iteration()).train()


@pytest.mark.parametrize(("first", "then", "now"), [("iter_9", (4, 1), (2, 2)), ("iter_10", (2, 2), (4, 1))])
def test_half_the_batch_with_twice_the_accumulation_goes_on(toy, tmp_path, log, first, then, now):
    """The steps are those of the uninterrupted run but for rounding, the images the very same."""
    sizes = dict(zip(("batch_size", "accumulate"), then, strict=True))
    straight = toy(tmp_path / "straight", noise=0.0, interval=then[1] if then[1] > 1 else 9, **sizes)
    straight.train()
    sizes = dict(zip(("batch_size", "accumulate"), now, strict=True))
    path = str(tmp_path / "straight" / f"{first}.pth")
    resumed = toy(tmp_path / "resumed", noise=0.0, resume=True, load_from=path, **sizes)
    got, lines = log(resumed)
    behind = int(first[5:]) * then[0]
    assert resumed.bare_model.seen == straight.bare_model.seen[behind:]
    assert resumed.iter == 72 // now[0] and len(got) == (72 - behind) // now[0]
    steps = got[:: now[1]]
    assert steps == pytest.approx(expected(0, 3, 1)[behind // 4 :], rel=1e-12)
    for name, value in straight.bare_model.state_dict().items():
        torch.testing.assert_close(resumed.bare_model.state_dict()[name], value, rtol=1e-5, atol=1e-6)
    assert any(line.startswith(f"its {first[5:]} iterations of 1 process x {then[0]} images") for line in lines)


@pytest.mark.parametrize(
    ("then", "iteration"),
    [((2, 2, 2), 18), ((2, 4, 1), 9), ((1, 8, 1), 9), ((4, 1, 2), 18), ((8, 1, 1), 9), ((1, 2, 4), 36)],
)
def test_processes_batch_and_accumulation_may_share_a_step_in_any_way(toy, build_all, then, iteration):
    """3 steps of 8 images an epoch; 1 x 4 x 2 of them goes on after 4 steps."""
    runner = build_all(toy(accumulate=2, epochs=6))
    batch = Batch(*then)
    length = 24 // batch.per_iteration
    counters = Counters(3, 3 * length + batch.accumulation, 3 * length, length, batch)
    place = find_place(Checker("x.pth"), counters, runner)
    assert (place.epoch, place.iteration, place.epoch_start) == (3, 20, 18)


def test_another_number_of_images_in_a_step_is_refused(toy, build_all):
    runner = build_all(toy(accumulate=2))
    with pytest.raises(ValueError, match="= batch 4, this run has .* = batch 8"):
        find_place(Checker("x.pth"), Counters(1, 6, 6, 6, Batch(2, 2, 1)), runner)


def test_changes_are_named_as_they_are_written():
    first = {
        "train_cfg": {"type": "mimseg.PretrainLoop", "max_epochs": 3, "stages": [{"epoch": 0, "size": (8, 8)}]},
        "param_scheduler": {"type": "WarmupCosineLR", "end": 3, "warmup_epochs": 1},
        "model": {"masking": {"ratio": {"ratio": 0.75}}, "hook": Batch},
        "work_dir": "a",
        "train_dataloader": {"num_workers": 1, "dataset": {"data_root": "one"}},
    }
    second = json.loads(describe_settings(first))
    second["train_cfg"].update(type="PretrainLoop", max_epochs=6, stages=[{"epoch": 0, "size": [16, 16]}])
    second["param_scheduler"]["end"] = 6
    second["model"]["masking"]["ratio"]["ratio"] = 0.6
    second.update(work_dir="b", train_dataloader={"num_workers": 9, "dataset": {"data_root": "two"}}, sync_bn="torch")
    changes = find_changes(Checker("x.pth"), describe_settings(first), describe_settings(second))
    assert describe_changes("x.pth", changes).splitlines() == [
        "x.pth: settings that this resume changes, and that hold from here on (5):",
        "  model.masking.ratio.ratio: 0.75 -> 0.6",
        "  schedule.epochs: 3 -> 6",
        "  schedule.stages.0.size: [8, 8] -> [16, 16]",
        '  sync_bn: unset -> "torch"',
        '  train_dataloader.dataset.data_root: "one" -> "two"',
    ]
    assert "and 10 more" in describe_changes("x.pth", {f"key\n{i}": "a -> b" for i in range(40)})


def test_a_hook_that_has_a_name_now_is_the_one_of_the_list_before():
    """Runs of earlier versions have the hooks that watch them in ``custom_hooks``."""
    listed = {
        "default_hooks": {"timer": {"type": "T"}},
        "custom_hooks": [{"type": "KNNHook", "interval": 1}, {"type": "A"}],
    }
    named = {
        "default_hooks": {"timer": {"type": "T"}, "knn": {"type": "mimseg.KNNHook", "interval": 2}},
        "custom_hooks": [{"type": "A"}],
    }
    then, now = describe_settings(listed), describe_settings(named)
    assert find_changes(Checker("x.pth"), then, now) == {"default_hooks.knn.interval": "1 -> 2"}
    assert find_changes(Checker("x.pth"), then, then) == {}
