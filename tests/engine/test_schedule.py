"""The learning rate of every iteration, against MAE's formula written out here."""

import math

import pytest
from mmengine.config import Config

from mimseg.engine import expand_schedule


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
