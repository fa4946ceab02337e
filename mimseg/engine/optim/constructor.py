"""Parameter groups: which tensors decay, and how fast each layer learns."""

from collections.abc import Mapping
from typing import Any

from mmengine.logging import print_log
from mmengine.optim import OptimWrapper
from mmengine.utils.dl_utils.parrots_wrapper import _BatchNorm, _InstanceNorm
from timm.layers import LayerNorm2d
from torch import nn

from ...choices import one_of
from ...registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIM_WRAPPERS, OPTIMIZERS

Parameters = dict[str, nn.Parameter]
EXEMPT_BY = ("shape", "norms", "names")
NORMS = (nn.LayerNorm, nn.GroupNorm, nn.LocalResponseNorm, _BatchNorm, _InstanceNorm)


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class WeightDecayByShape:
    """Two parameter groups: weights decay, biases and norm scales do not (timm's rule, which MAE uses).

    A parameter is exempt if it has at most one dimension or its name ends in ``.bias``; so class and mask
    tokens (three dimensions) decay. Frozen parameters are left out. Two groups instead of one per parameter
    keep the ``foreach`` and ``fused`` implementations of the optimizers whole. Detectors' public recipes have
    other rules, ``exempt_by``:

    - 'shape' is the one above;
    - 'norms' exempts the scales and shifts of norms only, biases of layers decay (detectron2's ViTDet, MIMDet;
      norms over the channels of a map, :class:`LN2d`, decay as well, because detectron2 does not count its own);
    - 'names' exempts nothing but what ``no_decay`` names (mmcv's ``custom_keys``: Swin in FastMIM's release).

    Args:
        optim_wrapper_cfg: config of the optimizer wrapper, with ``optimizer`` inside.
        paramwise_cfg: ``exempt_by``; ``no_decay``, further exemptions: parts of parameter names, e.g.
            ``("cls_token",)``; ``exempt``, options of the optimizer that differ for the exempt parameters, e.g.
            ``dict(always_adapt=False)`` for LARS.

    Raises:
        ValueError: unknown key or ``exempt_by`` in ``paramwise_cfg``, an entry of ``no_decay`` that matches nothing,
            or nothing to train.
    """

    known_keys = frozenset({"exempt_by", "no_decay", "exempt"})

    def __init__(self, optim_wrapper_cfg: Mapping[str, Any], paramwise_cfg: Mapping[str, Any] | None = None) -> None:
        paramwise_cfg = paramwise_cfg or {}
        unknown = set(paramwise_cfg) - self.known_keys
        if unknown:
            known = ", ".join(sorted(self.known_keys))
            raise ValueError(f"optim_wrapper.paramwise_cfg: unknown key {min(unknown)!r}; known are {known}")
        self.wrapper_cfg = dict(optim_wrapper_cfg)
        self.optimizer_cfg = dict(self.wrapper_cfg.pop("optimizer"))
        self.no_decay = tuple(paramwise_cfg.get("no_decay", ()))
        self.exempt_by = paramwise_cfg.get("exempt_by", "shape")
        one_of("optim_wrapper.paramwise_cfg.exempt_by", self.exempt_by, EXEMPT_BY)
        self.exempt_options = {**paramwise_cfg.get("exempt", {}), "weight_decay": 0.0}

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Build the optimizer over the groups and wrap it."""
        decay, exempt = self.split(model)
        groups = self.groups(model, decay, {}) + self.groups(model, exempt, self.exempt_options)
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
        wrapper: OptimWrapper = OPTIM_WRAPPERS.build(wrapper_cfg)
        return wrapper

    def groups(self, model: nn.Module, parameters: Parameters, options: dict[str, Any]) -> list[dict[str, Any]]:
        """Parameter groups, as optimizers take them, of parameters that share ``options``; none if there are none."""
        return [{"params": list(parameters.values()), **options}] if parameters else []

    def split(self, model: nn.Module) -> tuple[Parameters, Parameters]:
        """Trainable parameters by name: those that decay, those that do not."""
        trained = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
        for part in self.no_decay:
            if not any(part in name for name in trained):
                raise ValueError(f"optim_wrapper.paramwise_cfg.no_decay: no trained parameter has {part!r} in its name")
        named = {name for name in trained if any(part in name for part in self.no_decay)}
        left_out = named | self._exempt_of_rule(model, trained)
        exempt = {name: parameter for name, parameter in trained.items() if name in left_out}
        return {name: parameter for name, parameter in trained.items() if name not in exempt}, exempt

    def _exempt_of_rule(self, model: nn.Module, trained: Parameters) -> set[str]:
        """Names of the parameters that ``exempt_by`` exempts."""
        if self.exempt_by == "shape":
            return {name for name, parameter in trained.items() if parameter.ndim <= 1 or name.endswith(".bias")}
        if self.exempt_by == "names":
            return set()
        norms = {
            f"{name}." if name else ""
            for name, part in model.named_modules()
            if isinstance(part, NORMS) and not isinstance(part, LayerNorm2d)
        }
        return {name for name in trained if name[: name.rfind(".") + 1] in norms}


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class LayerDecay(WeightDecayByShape):
    """Learning rates that fall towards the input: layer i of N gets ``lr * layer_decay ** (N - 1 - i)``.

    Source: BEiT's fine-tuning, as MAE (appendix A.1), HPM and ViTDet use it; the last of the N layers is the head's,
    the first the embedding's. A group is (layer, decays or not). The model says which layer a parameter is of by
    ``num_layers`` and ``layer_of(name)``, or the part of it that has these does, as the backbone of a detector or
    segmentor; whatever is outside that part (necks, heads) is of the last layer.

    Args:
        optim_wrapper_cfg: config of the optimizer wrapper, with ``optimizer`` inside.
        paramwise_cfg: ``layer_decay`` in (0, 1], and the keys of :class:`WeightDecayByShape`.

    Raises:
        ValueError: as :class:`WeightDecayByShape`; ``layer_decay`` missing or out of range; a model without a
            part that tells its layers, or with several.
    """

    known_keys = WeightDecayByShape.known_keys | {"layer_decay"}

    def __init__(self, optim_wrapper_cfg: Mapping[str, Any], paramwise_cfg: Mapping[str, Any] | None = None) -> None:
        super().__init__(optim_wrapper_cfg, paramwise_cfg)
        decay = (paramwise_cfg or {}).get("layer_decay")
        if not isinstance(decay, int | float) or not 0 < decay <= 1:
            raise ValueError(f"optim_wrapper.paramwise_cfg.layer_decay must be in (0, 1], got {decay!r}")
        self.layer_decay = float(decay)

    def groups(self, model: nn.Module, parameters: Parameters, options: dict[str, Any]) -> list[dict[str, Any]]:
        """One group per layer, with its ``lr`` and the factor ``lr_scale`` in it."""
        prefix, tells = part_with_layers(model)
        last = tells.num_layers - 1
        layers: dict[int, Parameters] = {}
        for name, parameter in parameters.items():
            layer = tells.layer_of(name.removeprefix(prefix)) if name.startswith(prefix) else last
            layers.setdefault(layer, {})[name] = parameter
        groups = []
        for layer, members in sorted(layers.items()):
            scale = self.layer_decay ** (last - layer)
            rate = {"lr": self.optimizer_cfg["lr"] * scale, "lr_scale": scale}
            groups += super().groups(model, members, {**options, **rate})
        return groups


def part_with_layers(model: nn.Module) -> tuple[str, Any]:
    """The outermost part of a model that tells its layers, and the prefix of its parameters' names.

    Raises:
        ValueError: there is none, or there are several beside each other.
    """
    prefixes: dict[str, Any] = {}
    for name, part in model.named_modules():
        prefix = f"{name}." if name else ""
        if hasattr(part, "layer_of") and not any(prefix.startswith(outer) for outer in prefixes):
            prefixes[prefix] = part
    if not prefixes:
        raise ValueError(f"LayerDecay: {type(model).__name__} does not tell its layers; use WeightDecayByShape")
    if len(prefixes) > 1:
        parts = ", ".join(prefix.removesuffix(".") for prefix in prefixes)
        raise ValueError(f"LayerDecay: {type(model).__name__} has layers in {parts}; use WeightDecayByShape")
    return next(iter(prefixes.items()))


def _count(parameters: Parameters) -> int:
    return sum(parameter.numel() for parameter in parameters.values())
