"""The learning rate of every iteration, against the papers' formulas written out here."""

import math

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from timm.scheduler import CosineLRScheduler

from mimseg.apis.run.expand import expand_schedule
from mimseg.engine import WarmupCosineLR
from mimseg.engine.schedule import WarmupMultiStepLR


def golden(iteration: int, length: int, peak: float, epochs: int, warmup: int, minimum: float) -> float:
    """MAE's adjust_learning_rate: a linear warm-up, then half a cosine, over the fractional epoch."""
    epoch = iteration // length + (iteration % length) / length
    if epoch < warmup:
        return peak * epoch / warmup
    return minimum + (peak - minimum) * 0.5 * (1 + math.cos(math.pi * (epoch - warmup) / (epochs - warmup)))


def rates(runner) -> list[float]:
    """Train and return the rate that each iteration used."""
    seen = []
    step = runner.train_loop.run_iter

    def spy(index, batch):
        seen.append(runner.optim_wrapper.optimizer.param_groups[0]["lr"])
        assert {group["lr"] for group in runner.optim_wrapper.optimizer.param_groups} == {seen[-1]}
        step(index, batch)

    runner.train_loop.run_iter = spy
    runner.train()
    return seen


@pytest.mark.parametrize(("epochs", "warmup", "minimum"), [(5, 2, 0.0), (4, 0, 1e-3), (3, 1, 0.0)])
def test_rate_of_every_iteration_is_the_closed_form(toy, epochs, warmup, minimum):
    runner = toy(epochs=epochs, **{"schedule.warmup_epochs": warmup, "schedule.min_lr": minimum})
    peak = 1.0 * 4 / 256  # base rate per 256 images, batch 4
    expected = [golden(i, 6, peak, epochs, warmup, minimum) for i in range(6 * epochs)]
    assert rates(runner) == pytest.approx(expected, rel=1e-9, abs=1e-30)


def test_a_run_may_stop_before_its_schedule_ends(toy, tmp_path):
    """3 of 6 epochs: rates, progress and the share behind are those of the run of 6, which a resume goes on with."""
    whole = toy(tmp_path / "whole", epochs=6)
    expected = rates(whole)
    stopped = toy(tmp_path / "stopped", epochs=6, interval=18, **{"schedule.stop": 3})
    assert rates(stopped) == pytest.approx(expected[:18], rel=1e-12)
    assert stopped.iter == 18 and stopped.bare_model.progress == [1 / 6, 2 / 6, 3 / 6]
    resumed = toy(tmp_path / "stopped", epochs=6, resume=True)
    assert rates(resumed) == pytest.approx(expected[18:], rel=1e-12)
    for name, value in whole.bare_model.state_dict().items():
        assert torch.equal(resumed.bare_model.state_dict()[name], value)


def test_a_stop_does_not_go_with_a_plan_of_subsets(toy):
    with pytest.raises(ValueError, match="a SelectionHook says where its run ends: remove schedule.stop"):
        toy(epochs=6, **{"schedule.stop": 3}).train_loop.follow(None)


@pytest.mark.parametrize("stop", [0, 7, 2.5])
def test_a_stop_outside_the_schedule_is_refused(stop):
    with pytest.raises(ValueError, match="schedule.stop must be a whole number from 1 to epochs=6, got"):
        expand_schedule(Config(dict(schedule=dict(epochs=6, warmup_epochs=1, stop=stop))))


def test_steps_come_after_the_warm_up_and_count_fractional_epochs(toy):
    """Six iterations an epoch: half a warm-up epoch, a step in the middle of the second epoch and one at the third."""
    schedule = {"warmup_epochs": 0.5, "warmup_lr": 1e-3, "steps": [1.5, 2], "gamma": 0.2}
    runner = toy(epochs=3, **{f"schedule.{key}": value for key, value in schedule.items()})
    peak = 1.0 * 4 / 256
    warmup = [1e-3 + (peak - 1e-3) * i / 3 for i in range(3)]
    expected = [*warmup, *[peak] * 6, *[peak * 0.2] * 3, *[peak * 0.04] * 6]
    assert rates(runner) == pytest.approx(expected, rel=1e-9)


def test_a_cosine_starts_its_warm_up_where_it_is_told(toy):
    runner = toy(epochs=3, **{"schedule.warmup_epochs": 1, "schedule.warmup_lr": 2e-3, "schedule.min_lr": 1e-3})
    peak = 1.0 * 4 / 256
    expected = [2e-3 + (peak - 2e-3) * i / 6 for i in range(6)]
    expected += [golden(i, 6, peak, 3, 1, 1e-3) for i in range(6, 18)]
    assert rates(runner) == pytest.approx(expected, rel=1e-9)


def test_simmims_800_epochs_by_hand():
    """Peak 4e-4 at batch 2048, warm-up from 2e-6 over 10 epochs, a tenth from epoch 700 on."""
    cfg = Config(dict(schedule=dict(epochs=800, warmup_epochs=10, warmup_lr=2e-6, steps=[700], gamma=0.1)))
    expand_schedule(cfg)
    options = {key: value for key, value in cfg.param_scheduler.items() if key not in ("type", "convert_to_iter_based")}
    assert cfg.param_scheduler.type == "WarmupMultiStepLR"
    wrapper = OptimWrapper(torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=4e-4))
    wrapper.param_groups.append(dict(wrapper.param_groups[0], lr=1e-4, lr_scale=0.25))
    scheduler = WarmupMultiStepLR(wrapper, epoch_length=1, **options)
    seen = [scheduler.get_last_value()]
    for _ in range(799):
        scheduler.step()
        seen.append(scheduler.get_last_value())
    at = {0: 2e-6, 5: 2.01e-4, 10: 4e-4, 699: 4e-4, 700: 4e-5, 799: 4e-5}
    assert [seen[epoch][0] for epoch in at] == pytest.approx(list(at.values()), rel=1e-9)
    assert [seen[epoch][1] for epoch in at] == pytest.approx([0.25 * rate for rate in at.values()], rel=1e-9)


@pytest.mark.parametrize(("epochs", "length", "warmup"), [(100, 7, 20), (12, 5, 3), (10, 4, 0)])
def test_a_cosine_that_counts_its_warm_up_is_timms(epochs, length, warmup):
    """SimMIM's fine-tuning: timm's scheduler by iterations, over groups whose rates layer decay has scaled already."""
    peaks = [5e-3 * 0.65**i for i in (0, 6, 13)]
    theirs = torch.optim.AdamW([dict(params=[torch.nn.Parameter(torch.zeros(1))], lr=peak) for peak in peaks])
    timms = CosineLRScheduler(
        theirs,
        t_initial=epochs * length,
        lr_min=1e-6,
        warmup_lr_init=1e-6,
        warmup_t=warmup * length,
        cycle_limit=1,
        t_in_epochs=False,
    )
    ours = OptimWrapper(torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=peaks[0]))
    scales = (0.65**6, 0.65**13)
    ours.param_groups.extend(dict(ours.param_groups[0], lr=5e-3 * scale, lr_scale=scale) for scale in scales)
    schedule = dict(epochs=epochs, warmup_epochs=warmup, warmup_lr=1e-6, min_lr=1e-6)
    cfg = Config(dict(schedule=dict(schedule, counts_warmup=True, scale_limits=False)))
    expand_schedule(cfg)
    options = {key: value for key, value in cfg.param_scheduler.items() if key not in ("type", "convert_to_iter_based")}
    scheduler = WarmupCosineLR(ours, epoch_length=length, **options)
    for iteration in range(epochs * length):
        timms.step_update(iteration)
        expected = [group["lr"] for group in theirs.param_groups]
        assert scheduler.get_last_value() == pytest.approx(expected, rel=1e-9), iteration
        scheduler.step()


def test_simmims_fine_tuning_by_hand():
    """With a floor of nothing: .5 (1 + cos(pi / 5)) = .9045 of the peak after 20 of 100 epochs, .3455 after 60."""
    schedule = dict(end=100, warmup_epochs=20, epoch_length=1)
    for counts, after_20, after_60 in ((True, 0.9045, 0.3455), (False, 1.0, 0.5)):
        wrapper = OptimWrapper(torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=1.0))
        scheduler = WarmupCosineLR(wrapper, counts_warmup=counts, **schedule)
        seen = []
        for _ in range(100):
            seen += scheduler.get_last_value()
            scheduler.step()
        assert (seen[20], seen[60]) == pytest.approx((after_20, after_60), abs=1e-4)
        assert seen[19] == pytest.approx(0.95)


def test_limits_follow_the_layers_as_in_maes_code_or_not():
    """A group at a quarter of the peak: both ends at a quarter, or where those of the others are."""
    for scale_limits, ends in ((True, (0.25e-3, 0.25e-2)), (False, (1e-3, 1e-2))):
        wrapper = OptimWrapper(torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=0.25))
        wrapper.param_groups[0]["lr_scale"] = 0.25
        limits = dict(warmup_lr=1e-3, min_lr=1e-2, scale_limits=scale_limits)
        scheduler = WarmupCosineLR(wrapper, end=2, warmup_epochs=1, epoch_length=1000, **limits)
        first = scheduler.get_last_value()[0]
        for _ in range(1999):
            scheduler.step()
        assert (first, scheduler.get_last_value()[0]) == pytest.approx(ends, rel=1e-3)


def test_none_takes_inherited_steps_away():
    cfg = Config(dict(schedule=dict(epochs=10, warmup_epochs=1, steps=None, gamma=None, min_lr=1e-5)))
    expand_schedule(cfg)
    assert (cfg.param_scheduler.type, cfg.param_scheduler.min_lr) == ("WarmupCosineLR", 1e-5)


def test_accumulated_batches_share_the_rate_of_the_first(toy):
    runner = toy(accumulate=2, epochs=2)
    peak = 1.0 * 8 / 256
    expected = [golden(i - i % 2, 6, peak, 2, 1, 0.0) for i in range(12)]
    assert rates(runner) == pytest.approx(expected, rel=1e-9, abs=1e-30)


def test_an_epoch_of_another_length_does_not_bend_the_curve(toy):
    runner = toy(epochs=3)
    runner.train_loop  # noqa: B018 (built on access)
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    scheduler = runner.build_param_scheduler(runner.param_schedulers)[0]
    for _ in range(6):
        scheduler.step()
    scheduler.epoch_length = 2  # the second epoch has 2 iterations, so it steps by half epochs
    at_start = scheduler.get_last_value()[0]
    scheduler.step()
    half = scheduler.get_last_value()[0]
    scheduler.step()
    assert [at_start, half, scheduler.get_last_value()[0]] == pytest.approx(
        [1.0, 0.5 * (1 + math.cos(math.pi / 4)), 0.5 * (1 + math.cos(math.pi / 2))]
    )


@pytest.mark.parametrize(
    ("schedule", "complaint"),
    [
        (
            dict(epochs=10, warmup_epoch=1),
            "schedule.warmup_epoch: unknown key; did you mean schedule.warmup_epochs?",
        ),
        (dict(epochs=10), "schedule.warmup_epochs is missing"),
        (dict(epochs=10, warmup_epochs=10), "less than epochs=10, got 10"),
        (dict(epochs=0, warmup_epochs=0), "schedule.epochs must be a whole number of at least 1, got 0"),
        (dict(epochs=1.5, warmup_epochs=0), "got 1.5"),
        (dict(epochs=10, warmup_epochs=-1), "got -1"),
        (dict(epochs=10, warmup_epochs=1, min_lr=-1e-6), "schedule.min_lr must not be negative"),
        (dict(epochs=10, warmup_epochs=1, warmup_lr=-1e-6), "schedule.warmup_lr must not be negative"),
        (dict(epochs=10, warmup_epochs=1, steps=[]), "from warmup_epochs=1 to below epochs=10, got []"),
        (dict(epochs=10, warmup_epochs=1, steps=7), "got 7"),
        (dict(epochs=10, warmup_epochs=1, steps=[8, 7]), "schedule.steps must be rising epochs"),
        (dict(epochs=10, warmup_epochs=2, steps=[1]), "got [1]"),
        (dict(epochs=10, warmup_epochs=1, steps=[5, 10]), "below epochs=10, got [5, 10]"),
        (dict(epochs=10, warmup_epochs=1, steps=[7], gamma=1.5), "schedule.gamma must be between 0 and 1, got 1.5"),
        (dict(epochs=10, warmup_epochs=1, gamma=0.1), "factor of schedule.steps, which is missing"),
        (dict(epochs=10, warmup_epochs=1, steps=[7], min_lr=1e-5), "delete one of the two"),
        (dict(epochs=10, warmup_epochs=1, steps=[7], counts_warmup=True), "schedule.counts_warmup is where a cosine"),
        (dict(epochs=10, warmup_epochs=1, counts_warmup=1), "schedule.counts_warmup must be True or False, got 1"),
        (dict(epochs=10, warmup_epochs=1, scale_limits="no"), "schedule.scale_limits must be True or False, got 'no'"),
    ],
)
def test_a_bad_schedule_is_one_clear_line(schedule, complaint):
    with pytest.raises(ValueError) as error:
        expand_schedule(Config(dict(schedule=schedule)))
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)


def test_schedule_beside_what_it_makes_is_refused():
    cfg = Config(dict(schedule=dict(epochs=2, warmup_epochs=1), train_cfg=dict(by_epoch=True, max_epochs=3)))
    with pytest.raises(ValueError, match="both schedule and train_cfg"):
        expand_schedule(cfg)


def test_a_config_without_schedule_is_left_alone():
    cfg = Config(dict(train_cfg=dict(by_epoch=True, max_epochs=3)))
    expand_schedule(cfg)
    assert cfg.train_cfg.max_epochs == 3
    assert "param_scheduler" not in cfg
