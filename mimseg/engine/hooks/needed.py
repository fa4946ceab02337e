"""What a run needs of its hooks: which of them a config's own list replaces, and a line where one is missing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from mmengine.hooks import Hook, IterTimerHook
from mmengine.runner import Runner
from torch import nn

from ...registry import HOOKS, OPTIM_WRAPPERS
from ..optim import MIMOptimWrapper
from .float32_ops import Float32Ops
from .non_finite import NonFiniteGuard
from .progress import ProgressHook
from .rng_state import RNGStateHook
from .teacher import TeacherHook
from .throughput import ThroughputHook

HookConfig: TypeAlias = Hook | Mapping[str, Any]
OF_MMENGINE = frozenset({"runtime_info", "timer", "sampler_seed", "logger", "param_scheduler", "checkpoint"})
"""Names of ``default_hooks`` that MMEngine fills in itself; None removes one of these."""


@dataclass(frozen=True)
class Need:
    """A hook that some runs cannot do without.

    Attributes:
        hook: its class.
        name: its key in ``default_hooks``.
        when: whether a run needs it.
        otherwise: what the run does without it, for the message.
        refused: whether such a run is refused; if not, it is warned of.
    """

    hook: type[Hook]
    name: str
    when: Callable[[Runner], bool]
    otherwise: str
    refused: bool = True


NEEDS = (
    Need(TeacherHook, "teacher", lambda runner: _follows(runner), "the model's teachers never follow the student"),
    Need(
        ProgressHook,
        "progress",
        lambda runner: hasattr(runner.bare_model, "set_progress"),
        "the model's schedules of masks and tasks stay at their end, from the first epoch on",
    ),
    Need(
        Float32Ops,
        "float32_ops",
        lambda runner: hasattr(runner.bare_model, "roi_head") and _setting(runner, "precision", "fp32") != "fp32",
        "boxes are rounded to half precision",
    ),
    Need(
        NonFiniteGuard,
        "non_finite",
        lambda runner: _steps_safely(runner),
        "steps that are not finite are left out without a word",
        refused=False,
    ),
    Need(
        IterTimerHook,
        "timer",
        lambda runner: any(isinstance(hook, ThroughputHook) for hook in runner.hooks),
        "neither images per second nor slow data are told",
        refused=False,
    ),
    Need(
        RNGStateHook,
        "rng_state",
        lambda runner: True,
        "a resume does not repeat the interrupted run, and processes draw the same drop path and mixup",
        refused=False,
    ),
)


def _follows(runner: Runner) -> bool:
    teachers = getattr(runner.bare_model, "teachers", None)
    if not isinstance(teachers, nn.ModuleDict) or not hasattr(runner.bare_model, "update_teachers"):
        return False
    return any(getattr(teacher, "moves", True) for teacher in teachers.values())


def _steps_safely(runner: Runner) -> bool:
    kind = _setting(runner, "type", type(runner.optim_wrapper))
    return (kind if isinstance(kind, type) else OPTIM_WRAPPERS.get(kind)) is MIMOptimWrapper


def _setting(runner: Runner, name: str, default: Any) -> Any:
    """A setting of the optimizer wrapper, which may not be built yet."""
    wrapper = runner.optim_wrapper
    return wrapper.get(name, default) if isinstance(wrapper, Mapping) else getattr(wrapper, name, default)


def check_hooks(runner: Runner) -> None:
    """Refuse a training whose model would not be trained as its config says for want of a hook.

    Raises:
        ValueError: says which hook is missing, what happens without it, and the line that adds it.
    """
    for need in NEEDS:
        if any(isinstance(hook, need.hook) for hook in runner.hooks) or not need.when(runner):
            continue
        scope, kind = need.hook.__module__.partition(".")[0], need.hook.__name__
        line = f"{kind} is missing: {need.otherwise}; add default_hooks.{need.name}=dict(type='{scope}.{kind}')"
        if need.refused:
            raise ValueError(line)
        runner.logger.warning(line)


def merge_hooks(
    named: Mapping[str, HookConfig | None] | None, listed: Sequence[HookConfig] | None
) -> dict[str, HookConfig | None]:
    """Take from ``default_hooks`` what is switched off, and what ``custom_hooks`` has in its own way.

    Two hooks of one class would both act: a teacher would move twice a step.

    Args:
        named: ``default_hooks``; a None switches an inherited hook off.
        listed: ``custom_hooks``.
    """
    own = {_class_of(hook) for hook in listed or ()}
    merged: dict[str, HookConfig | None] = {}
    for name, hook in (named or {}).items():
        if name in OF_MMENGINE or (hook is not None and not _stands_in(own, _class_of(hook))):
            merged[name] = hook
    return merged


def _stands_in(own: set[Any], kind: Any) -> bool:
    """Whether one of the list's classes is a named hook's, or derived from it."""
    return any(issubclass(other, kind) for other in own if isinstance(other, type) and isinstance(kind, type))


def _class_of(hook: HookConfig) -> Any:
    if isinstance(hook, Hook):
        return type(hook)
    kind = hook.get("type")
    return HOOKS.get(kind) if isinstance(kind, str) else kind
