"""What a run with a selection trains on, and what the selection leaves as it was."""

import csv
import itertools
import json
import math
import shutil
from itertools import chain
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mimseg.checkpoints import read_checkpoint
from mimseg.engine.stages import stop_workers
from mimseg.registry import SELECTORS
from mimseg.selection import Selector


def hook_of(runner):
    return next(hook for hook in runner.hooks if type(hook).__name__ == "SelectionHook")


def selection_of(runner) -> dict:
    return json.loads(Path(runner.work_dir, "metrics.json").read_text())["selection"]


def same(a, b) -> bool:
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b


def test_first_epochs_see_every_image_and_later_ones_the_brightest(train):
    """24 images, the upper half kept before epochs 2 and 4; batches of 4."""
    runner, watch = train()
    assert [sorted(files) for files in watch.files] == [list(range(24))] * 2 + [list(range(12, 24))] * 3
    assert watch.files[2] != watch.files[3]  # a new order every epoch
    assert [len(rates) for rates in watch.rates] == [6, 6, 3, 3, 3]
    assert watch.left == [21, 15, 9, 6, 3]  # what the time left is reckoned from
    assert runner.iter == runner.max_iters == 21
    assert runner.message_hub.get_info("eta") == 0


def test_the_rate_follows_fractional_epochs(train):
    """Warm-up and half a cosine over five epochs of unequal length, written out here."""
    _, watch = train(**{"optim_wrapper.accumulative_counts": 3, "schedule.min_lr": 1e-4})
    peak = 0.05 * 12 / 256
    for epoch, rates in enumerate(watch.rates):
        for i, rate in enumerate(rates):
            now = epoch + (i - i % 3) / len(rates)
            cosine = 1e-4 + (peak - 1e-4) * 0.5 * (1 + math.cos(math.pi * (now - 1) / 4))
            assert rate == pytest.approx(peak * now if epoch < 1 else cosine, rel=1e-9, abs=1e-30)


def test_a_run_that_stops_at_its_budget_is_cut_within_an_epoch(train):
    """Half the images and half the passes: E = 2 + (2.5 - 2) / 0.5 = 3 of 5 epochs; with 0.55, 3.36."""
    runner, watch = train(selection=dict(keep=0.5, stop="budget"))
    assert (runner.max_epochs, runner.epoch, [len(rates) for rates in watch.rates]) == (3, 3, [6, 6, 3])
    runner, watch = train("cut", dict(keep=None, budget=0.55, stop="budget"), checkpoint=dict(interval=1))
    end = 2 + (0.55 * 5 - 2) / 0.55
    lengths = [6, 6, 3, round((end - 3) * 3)]  # round(0.55 * 24) = 13 images are 3 batches
    assert [len(rates) for rates in watch.rates] == lengths == [6, 6, 3, 1]
    assert runner.iter == runner.max_iters == 16 and runner.max_epochs == 4
    assert watch.left == [16, 10, 4, 1]
    assert watch.progress == [0.2, 0.4, 0.6, 0.8]  # of the schedule's five epochs
    peak = 0.05 * 4 / 256
    assert watch.rates[3][0] == pytest.approx(
        peak * 0.5 * (1 + math.cos(math.pi * 2 / 4))
    )  # the cosine is not squeezed
    assert read_checkpoint(f"{runner.work_dir}/epoch_4.pth")["meta"]["iter"] == 16


def test_a_selector_gets_normalised_images_and_noise_of_its_own(train):
    runner, _ = train()
    calls = hook_of(runner).selector.calls
    assert [call[3] for call in calls] == [[*range(i, i + 4)] for _ in range(2) for i in range(0, 24, 4)]
    assert not any(training or gradients for training, gradients, *_ in calls)
    assert {call[2] for call in calls} == {(4, 3, 16, 16)}
    noise = torch.stack([torch.cat([call[4] for call in calls[:6]]), torch.cat([call[4] for call in calls[6:]])])
    assert noise.shape == (2, 24, 4) and noise.min() >= 0 and noise.max() < 1  # 4 patches of 8 px
    assert len(noise.unique()) == noise.numel()
    again = hook_of(train("again", dict(batch_size=7))[0]).selector.calls
    assert [len(call[3]) for call in again[:4]] == [7, 7, 7, 3]
    assert torch.equal(torch.cat([call[4] for call in again[:4]]), noise[0])


def test_a_pass_does_not_change_the_next_training_step(train):
    """All images kept: after the same pass, or none, the same bits."""
    keep_all = dict(keep=1.0)
    with_pass, watch = train("with", keep_all)
    without, plain = train("without", None)
    assert watch.files == plain.files and watch.rates == plain.rates
    assert len(hook_of(with_pass).selector.calls) == 12
    assert same(with_pass.bare_model.state_dict(), without.bare_model.state_dict())
    assert same(with_pass.optim_wrapper.state_dict(), without.optim_wrapper.state_dict())
    assert with_pass.bare_model.training


def test_resume_in_any_block_is_exact(train):
    """Within the full epochs, at the border, within the first subset block and in the second."""
    straight, watched = train("straight", checkpoint=dict(by_epoch=False, interval=1))
    end = read_checkpoint(f"{straight.work_dir}/iter_21.pth")
    assert end["selection"].pop("ledger")["images"] == 84
    for stop in (8, 12, 13, 17, 18):
        torch.rand(5), np.random.rand()
        path, last = f"{straight.work_dir}/iter_{stop}.pth", dict(by_epoch=False, interval=21)
        resumed, watch = train(f"from_{stop}", checkpoint=last, resume=True, load_from=path)
        assert [*chain(*watch.files)] == [*chain(*watched.files)][4 * stop :]
        resumed_end = read_checkpoint(f"{resumed.work_dir}/iter_21.pth")
        for part in ("state_dict", "optimizer", "param_schedulers", "rng_states"):
            assert same(end[part], resumed_end[part]), (stop, part)
        assert resumed_end["selection"].pop("ledger")["images"] == 84
        assert same(end["selection"], resumed_end["selection"])


def test_resume_at_the_end_of_an_epoch_is_exact(train, tmp_path):
    by_epoch = dict(interval=1)
    straight, watched = train("run", checkpoint=by_epoch)
    end = read_checkpoint(f"{straight.work_dir}/epoch_5.pth")
    for epoch in (1, 2, 3, 4):
        path = f"{straight.work_dir}/epoch_{epoch}.pth"
        resumed, watch = train(f"from_{epoch}", resume=True, load_from=path, checkpoint=by_epoch)
        assert watch.files == watched.files[epoch:]
        assert same(end["state_dict"], read_checkpoint(f"{resumed.work_dir}/epoch_5.pth")["state_dict"])


def test_tasks_are_trained_in_the_epochs_before_a_selection_only(train, monkeypatch):
    """Selections before epochs 2 and 4, one epoch of training before each; the last block leads to the end."""
    decoder = dict(type="TransformerDecoder", depth=1, num_heads=2)
    task = dict(
        type="Task",
        decoder=decoder,
        target=dict(type="PatchLossTarget", task="reconstruct"),
        loss=dict(type="AbsolutePatchLoss"),
    )

    def add(cfg):
        cfg.model.tasks.predict_loss = task
        cfg.schedule.epochs = 6

    clock = itertools.count()
    monkeypatch.setattr("mimseg.selection.ledger.time", SimpleNamespace(monotonic=lambda: next(clock)))
    selector = dict(type="Brightness", tasks=["predict_loss"])
    for last in (True, False):
        runner, watch = train(f"{last}", dict(selector=selector, dt_epochs=1, keep_last_block=last), edit=add)
        on = ["predict_loss" in names for names in watch.tasks_on]
        assert on == [False, True, False, True, False, last]
        assert hook_of(runner).ledger.task_images == 24 + 12 + 12 * last
        assert ("train/loss_predict_loss" in runner.message_hub.log_scalars) == last  # off, it leaves the log
        seconds = selection_of(runner)["seconds"]
        parts = [seconds[name] for name in ("training", "predictor", "selection", "records")]
        assert seconds["total"] == pytest.approx(sum(parts))
        assert (seconds["selection"], seconds["records"]) == (2, 2)  # a tick each, in two rounds
    with pytest.raises(ValueError, match="predict_loss would not be trained before the first selection; raise dt"):
        train("none", dict(selector=selector, dt_epochs=0), edit=add)


def test_every_round_leaves_scores_a_table_and_a_gallery(train):
    runner, _ = train(selection=dict(keep=0.3), draw=True)
    folder = Path(runner.work_dir, "selection")
    for round_, epoch in ((1, 2), (2, 4)):
        record = np.load(folder / f"round_0{round_}.npz")
        assert int(record["epoch"]) == epoch
        assert record["scores"].shape == (24,) and record["scores"].dtype == np.float32
        assert record["kept"].tolist() == list(range(17, 24))  # round(0.3 * 24) = 7
        assert (np.diff(record["scores"]) > 0).all()
        rows = list(csv.DictReader((folder / f"round_0{round_}.csv").read_text().splitlines()))
        assert [int(row["index"]) for row in rows] == list(range(23, -1, -1))
        assert [row["kept"] for row in rows] == ["yes"] * 7 + ["no"] * 17
        assert rows[0]["path"].endswith("23.png") and rows[0]["rank"] == "1"
        assert float(rows[0]["score"]) == pytest.approx(record["scores"][23], rel=1e-5)
        assert (folder / f"round_0{round_}.png").read_bytes()[:4] == b"\x89PNG"
    told = selection_of(runner)
    # 7 images are one batch of 4; the plan counts them all
    assert told["images_seen"] == {"planned": round(48 + 3 * 7.2), "actual": 48 + 3 * 4}
    assert told["budget"] == {"planned": pytest.approx(0.58), "actual": 60 / 120}
    assert told["rounds"]["round_02"]["epoch"] == 4 and told["rounds"]["round_01"]["kept"] == 7


def test_a_random_subset_is_another_one_every_round(train):
    runner, watch = train(selection=dict(selector=dict(type="RandomSelector")))
    first, second = set(watch.files[2]), set(watch.files[4])
    assert len(first) == len(second) == 12 and set(watch.files[3]) == first != second
    folder = Path(runner.work_dir, "selection")
    assert set(np.load(folder / "round_01.npz")["kept"].tolist()) == first
    assert sorted(path.name for path in folder.iterdir()) == [
        f"round_0{n}.{end}" for n in (1, 2) for end in ("csv", "npz")
    ]
    assert train("again", dict(selector=dict(type="RandomSelector")))[1].files == watch.files
    assert train("other", dict(selector=dict(type="RandomSelector")), **{"randomness.seed": 1})[1].files != watch.files


def test_a_selector_of_ones_own(train):
    """The plug-in point of the docs: a class with a score, registered, named in the config."""

    @SELECTORS.register_module(force=True)
    class Darkest(Selector):
        name = "darkness"

        def score(self, model, images, indices, noise):
            return -images.mean(dim=(1, 2, 3))

    _, watch = train(selection=dict(selector=dict(type="Darkest"), keep=1 / 3))
    assert [sorted(files) for files in watch.files[2:]] == [list(range(8))] * 3


def test_scores_without_a_number_come_last(train):
    broken = dict(type="Brightness", broken=[22, 23])
    _, watch = train(selection=dict(selector=broken))
    assert sorted(watch.files[2]) == list(range(10, 22))
    with pytest.raises(ValueError, match="Brightness scored no image with a number; the model may have diverged"):
        train("all", dict(selector=dict(type="Brightness", broken=list(range(24)))))


def test_unreadable_images_are_not_kept(train, pictures, tmp_path):
    """Number 20 is replaced by 21 wherever it is asked for; its own score counts as the lowest."""
    folder = shutil.copytree(pictures, tmp_path / "pictures")
    (folder / "20.png").write_bytes(b"nothing")
    workers = {"train_dataloader.num_workers": 1, "train_dataloader.persistent_workers": True}
    runner, watch = train(folder=folder, **workers)
    stop_workers(runner.train_dataloader)
    scores = np.load(f"{runner.work_dir}/selection/round_01.npz")["scores"]
    assert np.isneginf(scores).nonzero()[0].tolist() == [20]
    assert sorted(watch.files[2]) == [11, *range(12, 20), 21, 22, 23]


def test_a_changed_number_of_images_is_refused_on_a_resume(train, pictures, tmp_path):
    train("run", checkpoint=dict(by_epoch=False, interval=13), stop_after=14)
    fewer = shutil.copytree(pictures, tmp_path / "fewer")
    (fewer / "03.png").unlink()
    with pytest.raises(ValueError) as error:
        train("run", folder=fewer, resume=True)
    assert "was written with 24 training images, now there are 23" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("selection", "complaint"),
    [
        (dict(keep=0.75), "was written with SelectionHook kept=12, this run has 18"),
        (dict(interval=1), "was written with SelectionHook interval=2, this run has 1"),
        (None, "was written with 3 iterations per epoch, this run has 6"),
    ],
)
def test_another_plan_is_refused_on_a_resume(train, selection, complaint):
    train("run", checkpoint=dict(by_epoch=False, interval=13), stop_after=14)
    with pytest.raises(ValueError, match=complaint):
        train("run", selection, resume=True)


def test_a_run_without_selection_cannot_be_resumed_behind_one(train):
    """Before the first selection it can."""
    run, _ = train("run", None, checkpoint=dict(interval=1))
    _, watch = train("early", resume=True, load_from=f"{run.work_dir}/epoch_2.pth")
    assert sorted(watch.files[0]) == list(range(12, 24))
    with pytest.raises(ValueError, match="of epoch 4, and the images chosen before epoch 3 are not in it"):
        train("late", resume=True, load_from=f"{run.work_dir}/epoch_3.pth")


def test_a_dataset_that_changes_during_the_run_is_refused(build):
    runner = build()
    length = 24

    def shrink(run):
        if run.epoch == 1:
            type(run.train_dataloader.dataset).__len__ = lambda self: length - 1

    kind = type(runner.train_loop.dataloader.dataset)
    whole = kind.__len__
    runner.hooks[0].after_train_epoch = shrink
    try:
        with pytest.raises(ValueError, match="the training set has 23 images, but had 24 when the run was planned"):
            runner.train()
    finally:
        kind.__len__ = whole


@pytest.mark.parametrize(
    ("selection", "changes", "complaint"),
    [
        (dict(keep=0.1), {}, "a subset of 2 of 24 images is smaller than one step: 1 process x 4 images x 1 acc"),
        (dict(keep=0.4), {"optim_wrapper.accumulative_counts": 3}, "a subset of 10 of 24 .* 4 images x 3 accumulation"),
        (dict(keep=None, budget=0.4), {}, "2 warmup_epochs of 5 spend a budget of 0.4 on the full set alone"),
        (dict(warmup_epochs=5), {}, "warmup_epochs=5 leaves no epoch to select for, schedule.epochs is 5"),
        (dict(transform="flip"), {}, "transform must be 'center', 'train' or a list of transforms, got 'flip'"),
        ({}, {"schedule.stages": [dict(epoch=0, size=16)]}, "remove schedule.stages or the SelectionHook"),
        ({}, {"train_dataloader.sampler.type": "DefaultSampler"}, "the sampler DefaultSampler cannot draw from a sub"),
        (dict(keep=0), {}, "keep must be above 0 and at most 1, got 0"),
        (dict(budget=0.3), {}, "give either keep, .* got keep=0.5 and budget=0.3"),
        (dict(selector=dict(type="WSSSelector")), {}, "WSSSelector needs predicted losses, and no task of the model"),
        (dict(dt_epochs=-1), {}, "dt_epochs must be at least 0, got -1"),
        (dict(batch_size=0), {}, "batch_size must be at least 1, got 0"),
    ],
)
def test_what_cannot_work_is_one_line_before_the_run(train, selection, changes, complaint):
    with pytest.raises(ValueError, match=complaint) as error:
        train(selection=selection, **changes)
    assert "\n" not in str(error.value)
