"""``schedule`` of runs that are counted in iterations."""

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmengine.registry import PARAM_SCHEDULERS

from mimseg.apis.run.expand import expand_schedule


def expanded(**schedule) -> Config:
    cfg = Config(dict(schedule=schedule))
    expand_schedule(cfg)
    return cfg


def test_the_rate_rises_from_the_factor_and_falls_in_a_line_to_zero():
    cfg = expanded(iterations=20, warmup_iterations=5, warmup_factor=0.2, val_interval=10)
    assert cfg.train_cfg == dict(type="IterBasedTrainLoop", max_iters=20, val_interval=10)
    optimizer = OptimWrapper(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=2.0))
    schedulers = [PARAM_SCHEDULERS.build(dict(part, optimizer=optimizer)) for part in cfg.param_scheduler]
    rates = []
    for _ in range(20):
        rates.append(optimizer.param_groups[0]["lr"])
        for scheduler in schedulers:
            scheduler.step()
    # from the first to the last warm-up iteration, as mmengine counts, then to 0 at iteration 20
    assert rates[:5] == pytest.approx([0.4, 0.8, 1.2, 1.6, 2.0])
    assert rates[5:] == pytest.approx([2.0 * (1 - n / 15) for n in range(15)], abs=0.15)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("warmup", [0, 1, 2, 3, 1500])
def test_every_rate_with_any_length_of_the_warmup(warmup):
    """Written out: from the factor to the peak at the last warm-up iteration, and on in a line to 0 at the end."""
    peak, factor, end = 2.0, 1e-6, 1600
    cfg = expanded(iterations=end, warmup_iterations=warmup, warmup_factor=factor)
    optimizer = OptimWrapper(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=peak))
    schedulers = [PARAM_SCHEDULERS.build(dict(part, optimizer=optimizer)) for part in cfg.param_scheduler]
    first = max(warmup - 1, 0) if warmup else 0  # the iteration of the peak
    falling = end - warmup - 1
    for iteration in range(end - 1):
        if iteration < first:
            expected = peak * (factor + (1 - factor) * iteration / (warmup - 1))
        else:
            expected = peak * (1 - max(iteration - warmup, 0) / falling)
        assert optimizer.param_groups[0]["lr"] == pytest.approx(expected, rel=1e-4, abs=1e-9), iteration
        for scheduler in schedulers:
            scheduler.step()


def test_without_warmup_and_interval():
    cfg = expanded(iterations=8, warmup_iterations=0)
    assert [part["type"] for part in cfg.param_scheduler] == ["PolyLR"]
    assert cfg.train_cfg.val_interval == 8


@pytest.mark.parametrize(
    ("schedule", "complaint"),
    [
        (dict(iterations=10), "schedule.warmup_iterations is missing"),
        (dict(iterations=10, warmup_iterations=10), "below iterations=10, got 10"),
        (dict(iterations=0, warmup_iterations=0), "schedule.iterations must be a whole number of at least 1, got 0"),
        (dict(iterations=9, warmup_iterations=1, val_interval=0), "schedule.val_interval must be"),
        (dict(iterations=9, warmup_iterations=1, warmup_factor=0), "schedule.warmup_factor must be above 0"),
        (dict(iterations=9, warmup_iterations=1, epochs=3), "schedule.epochs: unknown key"),
    ],
)
def test_what_cannot_be_is_refused(schedule, complaint):
    with pytest.raises(ValueError, match=complaint):
        expanded(**schedule)


@pytest.mark.parametrize(("scope", "prefix"), [("mimseg", ""), ("mmdet", "mimseg.")])
def test_under_another_scope_our_classes_are_named_in_full(scope, prefix):
    for steps in (None, [2]):
        cfg = Config(dict(default_scope=scope, schedule=dict(epochs=3, warmup_epochs=1, steps=steps)))
        expand_schedule(cfg)
        assert cfg.train_cfg.type == f"{prefix}PretrainLoop"
        assert cfg.param_scheduler.type == f"{prefix}Warmup{'MultiStep' if steps else 'Cosine'}LR"
