"""Parameter groups by shape."""

from collections.abc import Mapping
from typing import Any

from mmengine.logging import print_log
from mmengine.optim import OptimWrapper
from mmengine.registry import OPTIM_WRAPPERS as ROOT_OPTIM_WRAPPERS
from mmengine.registry import OPTIMIZERS
from torch import nn

from ...registry import OPTIM_WRAPPER_CONSTRUCTORS


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class WeightDecayByShape:
    """Two parameter groups: weights decay, biases and norm scales do not (timm's rule, which MAE uses).

    A parameter is exempt if it has at most one dimension or its name ends in ``.bias``; so class and mask
    tokens (three dimensions) decay. Frozen parameters are left out. Two groups instead of one per parameter
    keep the ``foreach`` and ``fused`` implementations of the optimizers whole.

    Args:
        optim_wrapper_cfg: config of the optimizer wrapper, with ``optimizer`` inside.
        paramwise_cfg: only ``no_decay``, further exemptions: parts of parameter names, e.g.
            ``("cls_token",)``.

    Raises:
        ValueError: unknown key in ``paramwise_cfg``, an entry of ``no_decay`` that matches nothing, or
            nothing to train.
    """

    def __init__(self, optim_wrapper_cfg: Mapping[str, Any], paramwise_cfg: Mapping[str, Any] | None = None) -> None:
        unknown = set(paramwise_cfg or ()) - {"no_decay"}
        if unknown:
            raise ValueError(f"optim_wrapper.paramwise_cfg: unknown key {min(unknown)!r}; the only key is 'no_decay'")
        self.wrapper_cfg = dict(optim_wrapper_cfg)
        self.optimizer_cfg = dict(self.wrapper_cfg.pop("optimizer"))
        self.no_decay = tuple((paramwise_cfg or {}).get("no_decay", ()))

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Build the optimizer over the groups and wrap it."""
        decay, exempt = self.split(model)
        groups = [{"params": list(decay.values())}, {"params": list(exempt.values()), "weight_decay": 0.0}]
        groups = [group for group in groups if group["params"]]
        if not groups:
            raise ValueError(f"{type(model).__name__} has no parameter that requires a gradient: nothing to train")
        print_log(
            f"weight decay {self.optimizer_cfg.get('weight_decay', 0)}: "
            f"on {len(decay)} tensors ({_count(decay)} parameters), "
            f"off for {len(exempt)} biases, norms and exempt tensors ({_count(exempt)} parameters)",
            logger="current",
        )
        optimizer = OPTIMIZERS.build({**self.optimizer_cfg, "params": groups})
        wrapper_cfg = {"type": "OptimWrapper", **self.wrapper_cfg, "optimizer": optimizer}
        wrapper: OptimWrapper = ROOT_OPTIM_WRAPPERS.build(wrapper_cfg)
        return wrapper

    def split(self, model: nn.Module) -> tuple[dict[str, nn.Parameter], dict[str, nn.Parameter]]:
        """Trainable parameters by name: those that decay, those that do not."""
        trained = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
        for part in self.no_decay:
            if not any(part in name for name in trained):
                raise ValueError(f"optim_wrapper.paramwise_cfg.no_decay: no trained parameter has {part!r} in its name")
        exempt = {name: parameter for name, parameter in trained.items() if self._is_exempt(name, parameter)}
        return {name: parameter for name, parameter in trained.items() if name not in exempt}, exempt

    def _is_exempt(self, name: str, parameter: nn.Parameter) -> bool:
        return parameter.ndim <= 1 or name.endswith(".bias") or any(part in name for part in self.no_decay)


def _count(parameters: Mapping[str, nn.Parameter]) -> int:
    return sum(parameter.numel() for parameter in parameters.values())
