"""The optimizer's state of a checkpoint: moments and step counts, each as this run's optimizer makes it."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from mmengine.optim import OptimWrapper
from torch import Tensor, nn
from torch.optim import Optimizer

from .checker import FIRST_CONFIG, OTHER_FILE, Checker, show


@dataclass(frozen=True)
class OptimizerState:
    """What goes on of an optimizer; rates, decay, betas and the like are the config's.

    Attributes:
        moments: state of each parameter, by its number.
        counts: of each group, numbers that the optimizer adds on its way (``step`` of timm's).
        scaler: scale and count of the fp16 loss scaler, None where the file has none.
    """

    moments: dict[int, dict[str, Any]]
    counts: list[dict[str, float]]
    scaler: dict[str, float] | None

    def give_to(self, wrapper: OptimWrapper) -> None:
        """Let an optimizer that was built from the config go on with it."""
        own = wrapper.state_dict()
        groups = [{**counts, **group} for counts, group in zip(self.counts, own["param_groups"], strict=True)]
        state: dict[str, Any] = {"state": self.moments, "param_groups": groups}
        if own.get("loss_scaler"):
            state["loss_scaler"] = {**own["loss_scaler"], **(self.scaler or {})}
        wrapper.load_state_dict(state)


def read_optimizer(
    checker: Checker, saved: Any, wrapper: OptimWrapper, names: Mapping[nn.Parameter, str], iterations: int
) -> OptimizerState:
    """Check the optimizer's entry of a checkpoint.

    Args:
        checker: of the file.
        saved: the entry.
        wrapper: the run's own, freshly built.
        names: of the model's parameters.
        iterations: of the run so far.

    Raises:
        ValueError: groups, parameters, names of moments, shapes or kinds of numbers differ from what the optimizer
            makes itself, or numbers are not finite.
    """
    saved = checker.mapping(saved, "optimizer")
    optimizer = wrapper.optimizer
    counts = _read_groups(checker, saved.get("param_groups"), optimizer)
    numbered = _number(optimizer)
    state = checker.mapping(saved.get("state"), "optimizer.state", keys=int)
    kinds: dict[tuple[int, torch.Size], dict[str, Any]] = {}
    moments = {}
    for number, values in state.items():
        if number not in numbered:
            checker.refuse(f"optimizer.state has a parameter {show(number)}, the optimizer has {len(numbered)}")
        group, parameter = numbered[number]
        kind = (group, parameter.shape)
        if kind not in kinds:
            kinds[kind] = kept_by(optimizer, group, parameter)
        moments[number] = _read_moments(checker, values, kinds[kind], names.get(parameter, str(number)), iterations)
    if iterations and not moments and numbered:
        group, parameter = next(iter(numbered.values()))
        if kept_by(optimizer, group, parameter):
            checker.refuse(f"optimizer.state is empty after {iterations} iterations: all moments are missing")
    return OptimizerState(moments, counts, _read_scaler(checker, saved.get("loss_scaler")))


def _read_groups(checker: Checker, saved: Any, optimizer: Optimizer) -> list[dict[str, float]]:
    groups = checker.sequence(saved, "optimizer.param_groups")
    own = optimizer.state_dict()["param_groups"]
    if len(groups) != len(own):
        checker.refuse(
            f"optimizer.param_groups has {len(groups)} groups, this run's optimizer {len(own)}", FIRST_CONFIG
        )
    counts = []
    for index, (group, mine) in enumerate(zip(groups, own, strict=True)):
        name = f"optimizer.param_groups[{index}]"
        group = checker.mapping(group, name)
        numbers = checker.sequence(group.get("params"), f"{name}.params")
        if any(type(number) is not int for number in numbers) or numbers != mine["params"]:
            checker.refuse(
                f"{name}.params lists {len(numbers)} parameters, not the {len(mine['params'])} of this run's group",
                FIRST_CONFIG,
            )
        added = group.keys() - mine.keys()
        counts.append({key: checker.number(group[key], f"{name}.{key}") for key in added & {"step", "k"}})
    return counts


def _number(optimizer: Optimizer) -> dict[int, tuple[int, nn.Parameter]]:
    """Group and parameter by the number that a state dict gives it."""
    saved = optimizer.state_dict()["param_groups"]
    return {
        number: (index, parameter)
        for index, (numbers, group) in enumerate(zip(saved, optimizer.param_groups, strict=True))
        for number, parameter in zip(numbers["params"], group["params"], strict=True)
    }


def kept_by(optimizer: Optimizer, group: int, parameter: nn.Parameter) -> dict[str, Any]:
    """What an optimizer keeps for a parameter: it is asked, by a step of its own on zeros of that shape.

    Args:
        optimizer: left as it is.
        group: index of the parameter's group, whose options count.
        parameter: of which shape and dtype count.
    """
    zeros = nn.Parameter(torch.zeros(parameter.shape, dtype=parameter.dtype))
    zeros.grad = torch.zeros_like(zeros)
    probe = object.__new__(type(optimizer))
    attributes = {name: value for name, value in vars(optimizer).items() if name != "step"}
    options = {**optimizer.param_groups[group], "params": [zeros]}
    vars(probe).update(attributes, state=defaultdict(dict), param_groups=[options])
    probe.step()
    return dict(probe.state[zeros])


def _read_moments(
    checker: Checker, saved: Any, expected: Mapping[str, Any], parameter: str, iterations: int
) -> dict[str, Any]:
    values = checker.mapping(saved, f"the optimizer's state of {parameter}")
    if values.keys() != expected.keys():
        checker.refuse(
            f"the optimizer's state of {parameter} has {_listed(values)}, this run's optimizer keeps "
            f"{_listed(expected)}",
            "resume with the optimizer of the first run, or start from its weights with load_from (--init)",
        )
    return {
        key: _read_moment(checker, values[key], like, f"optimizer state {key} of {parameter}", iterations)
        for key, like in expected.items()
    }


def _read_moment(checker: Checker, value: Any, like: Any, name: str, iterations: int) -> Any:
    if isinstance(like, Tensor):
        value = checker.tensor(value, name, like)
    elif like is not None or value is not None:
        value = checker.number(value, name)
    if " step " in name and not (0 <= float(value) <= iterations and float(value).is_integer()):
        checker.refuse(f"{name} is {float(value):g} after {iterations} iterations of the run", OTHER_FILE)
    if "_sq " in name and isinstance(value, Tensor) and bool((value < 0).any()):
        checker.refuse(f"{name}, a mean of squares, is negative in places")
    return value


def _read_scaler(checker: Checker, saved: Any) -> dict[str, float] | None:
    if saved is None or saved == {}:
        return None
    saved = checker.mapping(saved, "optimizer.loss_scaler")
    scale = checker.number(saved.get("scale"), "optimizer.loss_scaler.scale")
    if scale <= 0:
        checker.refuse(f"optimizer.loss_scaler.scale is {scale:g}, but must be above 0")
    tracker = checker.whole(saved.get("_growth_tracker"), "optimizer.loss_scaler._growth_tracker")
    return {"scale": scale, "_growth_tracker": tracker}


def _listed(names: Mapping[str, Any]) -> str:
    return ", ".join(ascii(name)[1:-1] for name in list(names)[:6]) or "nothing"
