"""Weights of a checkpoint: the names, order and shapes of the model's."""

from itertools import zip_longest
from typing import Any

from mmengine.hooks import EMAHook
from mmengine.runner import Runner
from torch import Tensor, nn

from .checker import FIRST_CONFIG, Checker


def check_state_dict(checker: Checker, saved: Any, model: nn.Module) -> dict[str, Tensor]:
    """The model's tensors as a checkpoint holds them.

    Their order counts, too: an optimizer's moments are numbered by it, so that parts of a model that change places
    would learn with each other's.

    Raises:
        ValueError: anything differs, or a parameter is not finite; names the first.
    """
    weights = checker.mapping(saved, "state_dict")
    own = model.state_dict()
    differing = own.keys() ^ weights.keys()
    if differing:
        raise ValueError(
            f"{checker.file} is of another model: {len(differing)} tensors are only in one of the two, e.g. "
            f"{ascii(min(differing))[1:-1]}; resume with the config of the first run"
        )
    for theirs, ours in zip_longest(weights, own):
        if theirs != ours:
            checker.refuse(f"its tensors are in another order, {theirs} where this run has {ours}", FIRST_CONFIG)
    trained = {name for name, _ in model.named_parameters()}
    return {name: checker.tensor(weights[name], name, own[name], name in trained) for name in own}


def check_average(checker: Checker, saved: Any, runner: Runner) -> dict[str, Tensor] | None:
    """What MMEngine's ``EMAHook`` has put into a checkpoint: there, ``state_dict`` holds the averages instead.

    Raises:
        ValueError: the run has no such hook, or anything differs from its model.
    """
    hook = next((hook for hook in runner.hooks if isinstance(hook, EMAHook)), None)
    if saved is None:
        return None
    if hook is None:
        checker.refuse("it holds averaged weights (ema_state_dict), but this run has no EMAHook", FIRST_CONFIG)
    average = checker.mapping(saved, "ema_state_dict")
    own = hook.ema_model.state_dict()
    differing = own.keys() ^ average.keys()
    if differing:
        checker.refuse(f"ema_state_dict and this run's average differ in {min(differing)!a}", FIRST_CONFIG)
    return {name: checker.tensor(average[name], f"ema_state_dict.{name}", own[name]) for name in own}
