"""The learning rate of every shipped run over the whole of it, from closed formulas and the pinned numbers."""

import math

import pytest
import torch
from config_tree import NAMES, read
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope
from pinned import expected, run_of

from mimseg.apis.run.expand import expand_schedule
from mimseg.registry import PARAM_SCHEDULERS

ITERATIONS = 3  # of an epoch
SCALE = 0.65**7  # of a layer


@pytest.fixture(scope="module", autouse=True)
def scope():
    init_default_scope("mimseg")


def pinned(run: str) -> dict[str, object]:
    """Keys of its schedule, and the peak for its batch."""
    flat = expected(run)
    values = {key.removeprefix("schedule."): value for key, value in flat.items() if key.startswith("schedule.")}
    images = flat["images_per_step"]
    factor = images / flat["auto_scale_lr.base_batch_size"] if flat["auto_scale_lr.enable"] else 1.0
    return {**values, "peak": flat["optim_wrapper.optimizer.lr"] * factor}


def groups_of_equal_schedules() -> list[tuple[str, ...]]:
    """Runs whose schedule and peak agree, in the configs and in the table."""
    groups: dict[str, list[str]] = {}
    for name in NAMES:
        if "schedule" in read(name):
            key = repr((read(name).schedule.to_dict(), sorted(pinned(run_of(name)).items(), key=str)))
            groups.setdefault(key, []).append(name)
    return [tuple(names) for names in groups.values()]


GROUPS = groups_of_equal_schedules()


def scheduler_of(name: str, peak: float) -> tuple[OptimWrapper, list]:
    """What the config's schedule is expanded to, on two groups: of full rate and of a scaled layer."""
    cfg = Config(dict(schedule=read(name).schedule.to_dict(), default_scope=read(name).default_scope))
    cfg.schedule.pop("stages", None)
    expand_schedule(cfg)
    layers = [dict(params=[torch.nn.Parameter(torch.zeros(1))], lr=peak * scale) for scale in (1.0, SCALE)]
    wrapper = OptimWrapper(torch.optim.SGD(layers, lr=peak))
    wrapper.param_groups[1]["lr_scale"] = SCALE
    parts = cfg.param_scheduler if isinstance(cfg.param_scheduler, list) else [cfg.param_scheduler]
    built = []
    for part in parts:
        options = dict(part)
        kind = PARAM_SCHEDULERS.get(options.pop("type"))
        if options.pop("convert_to_iter_based", False):
            options["epoch_length"] = ITERATIONS
        built.append(kind(wrapper, **options))
    return wrapper, built


def of_epochs(values: dict, peak: float, epoch: float, scale: float) -> float:
    """A linear warm-up; then steps, or half a cosine."""
    scale = scale if values["scale_limits"] else 1.0  # timm has one floor for all layers
    if epoch < values["warmup_epochs"]:
        start = values["warmup_lr"] * scale
        return start + (peak - start) * epoch / values["warmup_epochs"]
    if "steps" in values:
        return peak * values["gamma"] ** sum(epoch >= step for step in values["steps"])
    begin = 0.0 if values["counts_warmup"] else values["warmup_epochs"]  # timm's cosine begins with the run
    done = (epoch - begin) / (values["epochs"] - begin)
    low = values["min_lr"] * scale
    return low + (peak - low) * (1 + math.cos(math.pi * done)) / 2


@pytest.mark.parametrize(
    "names", [names for names in GROUPS if "epochs" in read(names[0]).schedule], ids=lambda n: n[0]
)
def test_the_rate_of_every_epoch_is_the_formulas(names):
    values = pinned(run_of(names[0]))
    wrapper, (scheduler,) = scheduler_of(names[0], values["peak"])
    rows, wanted = [], []
    for iteration in range(values["epochs"] * ITERATIONS):
        rows.append([group["lr"] for group in wrapper.param_groups[:2]])
        epoch = iteration / ITERATIONS
        wanted.append([of_epochs(values, values["peak"] * scale, epoch, scale) for scale in (1.0, SCALE)])
        scheduler.step()
    torch.testing.assert_close(torch.tensor(rows).double(), torch.tensor(wanted).double(), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize(
    "names", [names for names in GROUPS if "iterations" in read(names[0]).schedule], ids=lambda n: n[0]
)
def test_the_rate_of_every_iteration_of_segmentation_is_the_formulas(names):
    """Linearly from a fraction of the peak to the peak, then by a power to zero."""
    values = pinned(run_of(names[0]))
    end, warm, low = values["iterations"], values["warmup_iterations"], values["warmup_factor"]
    wrapper, schedulers = scheduler_of(names[0], values["peak"])
    rows = []
    for _ in range(end):
        rows.append(wrapper.param_groups[0]["lr"])
        for scheduler in schedulers:
            scheduler.step()
    at = torch.arange(end, dtype=torch.float64)
    rise = low + (1 - low) * (at / (warm - 1)).clamp(max=1.0)  # MMEngine: the last step of a part is at its end
    fall = ((end - 1 - at) / (end - 1 - warm)) ** values["power"]
    wanted = values["peak"] * torch.where(at < warm, rise, fall)
    torch.testing.assert_close(torch.tensor(rows, dtype=torch.float64), wanted, rtol=1e-6, atol=1e-9 * values["peak"])


def test_every_run_that_learns_is_in_a_group():
    assert sum(map(len, GROUPS)) == len([name for name in NAMES if "train_dataloader" in read(name)])
