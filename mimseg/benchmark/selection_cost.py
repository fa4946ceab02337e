"""What training on chosen images costs, as a share of what its host takes for all of them."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import torch
from mmengine.config import Config
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from ..apis import load_config
from ..engine.undisturbed import undisturbed
from ..models import MaskedImageModel
from ..models.tasks import Task
from ..registry import HOOKS
from ..selection import SelectionHook, SelectionPlan, make_plan
from ..tables import TextTable
from .counting import CPU_ATTENTION, flops_by_part
from .images import choose_images
from .measuring import seconds
from .stepping import Precision, step
from .subject import Subject, our_subject, size_of

NOMINAL_IMAGES = 1_000_000  # of a training set; shares do not depend on it
HOST: frozenset[str] = frozenset()
"""The loss predictors that are at work in a step of the host alone."""


@dataclass(frozen=True)
class SelectionCost:
    """Shares of what the host takes for all epochs on all images, which is 1; loading is left out.

    Attributes:
        config: path of the config.
        by: 'FLOPs' of matrix products, or 'time'.
        training: steps of the host on what the epochs draw from; the budget.
        predictor: what loss predictors that only the selection reads add to these steps.
        selection: the scoring passes.
        passes: number of these.
    """

    config: str
    by: str
    training: float
    predictor: float
    selection: float
    passes: int

    @property
    def total(self) -> float:
        """All of them."""
        return self.training + self.predictor + self.selection


@dataclass
class Candidate:
    """A config with a selection, ready to be measured.

    Attributes:
        subject: its model.
        hook: its selection.
        plan: of its epochs.
        images: normalised ``(B, C, H, W)``.
        work: loss predictors at work in each epoch.
        precision: of steps and scores.
    """

    subject: Subject
    hook: SelectionHook
    plan: SelectionPlan
    images: Tensor
    work: list[frozenset[str]]
    precision: Precision

    @property
    def kinds(self) -> set[frozenset[str]]:
        """Kinds of steps to measure."""
        return {HOST, *self.work}

    def prepare(self, kind: frozenset[str]) -> None:
        """Let the next steps be like those of the last epoch of this kind."""
        model = self.subject.model
        assert isinstance(model, MaskedImageModel)
        epochs = [epoch for epoch, work in enumerate(self.work) if work == kind]
        model.set_progress((epochs[-1] + 1) / self.plan.nominal_epochs if epochs else 1.0)
        for name in predictors_of(model):
            model.switch_task(name, name in kind)

    def score(self) -> None:
        """Score the images, as the scoring pass does."""
        selector, device = self.hook.selector, self.images.device
        autocast = torch.autocast(device.type, torch.bfloat16, enabled=self.precision == "bf16")
        with undisturbed(self.subject.model) as model, autocast:
            noise = torch.rand(len(self.images), selector.noise_per_image(model, self.images), device=device)
            selector.score(model, self.images, torch.arange(len(self.images), device=device), noise)

    def cost(self, by: str, of_step: dict[frozenset[str], float], of_scores: float) -> SelectionCost:
        """The shares, from what a batch's step of each kind, and its scores, take of the host's step."""
        plan, epochs = self.plan, self.plan.nominal_epochs
        seen = [plan.images(epoch) / plan.dataset_size * plan.share(epoch) for epoch in range(plan.epochs)]
        extra = sum(share * (of_step[work] - 1) for share, work in zip(seen, self.work, strict=True))
        passes = len(plan.selections) if self.hook.selector.needs_images else 0
        return SelectionCost(
            self.subject.name, by, sum(seen) / epochs, extra / epochs, passes * of_scores / epochs, passes
        )


def selection_costs(
    configs: Sequence[str],
    device: torch.device,
    say: Callable[[str], None],
    image_size: tuple[int, int] | None = None,
    batch_size: int = 8,
    steps: int = 5,
    precision: Precision = "fp32",
) -> list[SelectionCost]:
    """Count and time steps of the host, steps with its loss predictor, and scoring, in turns; two rows a config.

    Args:
        configs: paths of pre-training configs with a :class:`SelectionHook`.
        device: where to measure.
        say: is told in one line what happens.
        image_size: ``(H, W)``; None takes each config's own.
        batch_size: images of a step.
        steps: timed rounds.
        precision: of steps and scores.

    Raises:
        FileNotFoundError: no such config.
        ValueError: a config without selection, or that is not one of pre-training.
    """
    torch.manual_seed(0)
    candidates = [_candidate(path, device, image_size, batch_size, precision) for path in configs]
    say(f"warming up and counting: {', '.join(configs)}")
    counted = [_count(candidate) for candidate in candidates]
    say(f"timing {steps} rounds, in turns")
    rounds = [[_time(candidate, device) for candidate in candidates] for _ in range(steps)]
    costs = []
    for index, candidate in enumerate(candidates):
        timed = [turn[index] for turn in rounds]
        kinds = {kind: statistics.median(turn[0][kind] for turn in timed) for kind in candidate.kinds}
        costs.append(candidate.cost("FLOPs", *counted[index]))
        costs.append(candidate.cost("time", kinds, statistics.median(turn[1] for turn in timed)))
    return costs


def predictors_of(model: MaskedImageModel) -> dict[str, Task]:
    """Tasks that predict losses for the selection alone: no teacher needs them."""
    teachers = model.named_teachers.values()
    return {
        name: task
        for name, task in model.named_tasks.items()
        if task.predicts_losses and not any(teacher.follows(name) for teacher in teachers)
    }


def _candidate(
    path: str, device: torch.device, size: tuple[int, int] | None, batch_size: int, precision: Precision
) -> Candidate:
    config = load_config(path)
    hook = _hook(path, config)
    subject = our_subject(path, config, size or size_of(config, path), device)
    assert isinstance(subject.model, MaskedImageModel)
    plan = make_plan(NOMINAL_IMAGES, config.schedule.epochs, **hook.options)
    images = choose_images([subject], None, batch_size, device)[0]
    return Candidate(subject, hook, plan, images, _work(subject.model, hook, plan), precision)


def _hook(path: str, config: Config) -> SelectionHook:
    hooks = [*config.get("default_hooks", {}).values(), *config.get("custom_hooks", [])]
    found = [cfg for cfg in hooks if cfg is not None and cfg.type == "SelectionHook"]
    if len(found) != 1:
        raise ValueError(f"{path} has {len(found)} SelectionHooks among its hooks; name a config of configs/pass")
    hook: SelectionHook = HOOKS.build(found[0])
    return hook


def _work(model: MaskedImageModel, hook: SelectionHook, plan: SelectionPlan) -> list[frozenset[str]]:
    """The loss predictors at work in each epoch."""
    trained = plan.epochs_before_selections(hook.dt_epochs, hook.keep_last_block)
    predictors, work = predictors_of(model), []
    for epoch in range(plan.epochs):
        off = () if epoch in trained else hook.selector.tasks
        at_work = {name for name, task in predictors.items() if task.active((epoch + 1) / plan.nominal_epochs)}
        work.append(frozenset(at_work.difference(off)))
    return work


def _count(candidate: Candidate) -> tuple[dict[frozenset[str], float], float]:
    """FLOPs of a step of each kind, and of scores, over the host's."""
    flops = {}
    for kind in candidate.kinds:
        candidate.prepare(kind)
        flops[kind] = sum(flops_by_part(candidate.subject, candidate.images, candidate.precision).values())
    with FlopCounterMode(display=False, custom_mapping=CPU_ATTENTION) as counter:
        candidate.score()
    return _of_host(flops, float(counter.get_total_flops()))


def _time(candidate: Candidate, device: torch.device) -> tuple[dict[frozenset[str], float], float]:
    """As :func:`_count`, in one round's time."""
    spent = {}
    for kind in candidate.kinds:
        candidate.prepare(kind)
        spent[kind] = seconds(partial(step, candidate.subject, candidate.images, candidate.precision), device)
    return _of_host(spent, seconds(candidate.score, device))


def _of_host(steps: dict[frozenset[str], float], scores: float) -> tuple[dict[frozenset[str], float], float]:
    return {kind: value / steps[HOST] for kind, value in steps.items()}, scores / steps[HOST]


def selection_table(costs: Sequence[SelectionCost], precision: str) -> TextTable:
    """Build the table of what :func:`selection_costs` measured."""

    def column(name: str) -> list[str]:
        return [f"{getattr(cost, name):.3f}" for cost in costs]

    columns = {
        "config": [cost.config for cost in costs],
        "by": [cost.by for cost in costs],
        "training": column("training"),
        "predictor": column("predictor"),
        "selection (passes)": [f"{cost.selection:.3f} ({cost.passes})" for cost in costs],
        "together": column("total"),
    }
    return TextTable.of_columns(columns, f"Cost of training on chosen images, {precision}; the host alone: 1")


def costs_as_json(costs: Sequence[SelectionCost]) -> list[dict[str, Any]]:
    """Every cost and its total as data."""
    return [{**asdict(cost), "total": cost.total} for cost in costs]
