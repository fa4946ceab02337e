"""Networks of timm, of other libraries or of a user: how they are made, and what they make of an image."""

import inspect
from dataclasses import dataclass
from difflib import get_close_matches
from math import isqrt
from typing import Any

import timm
import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...packages import require
from ...registry import MODELS
from ..timm_options import check_timm

HEADS = ("head", "fc", "classifier", "conv_head", "norm_head", "fc_norm", "head_drop", "head_dist")
"""What follows the last map in timm's networks."""


@dataclass(frozen=True)
class Seen:
    """What a network makes of one blank image.

    Attributes:
        stride: pixels a side of a token.
        width: D.
        prefix: tokens before the patches'.
        channels_last: whether a map is ``(B, h, w, D)``.
    """

    stride: int
    width: int
    prefix: int
    channels_last: bool

    @classmethod
    @torch.no_grad()
    def of(cls, network: nn.Module, size: tuple[int, ...], channels: int) -> "Seen":
        """Show it one.

        Raises:
            ValueError: its output is neither map nor tokens.
        """
        training = network.training
        blank = torch.zeros(1, channels, *size, device=next(network.parameters()).device)
        network.eval()
        out = last_map(network, blank)
        network.train(training)
        width = getattr(network, "num_features", None)
        if out.ndim == 4:
            last = out.shape[-1] == width != out.shape[1] or getattr(network, "output_fmt", "") == "NHWC"
            high = out.shape[1] if last else out.shape[2]
            return cls(size[0] // high, out.shape[-1] if last else out.shape[1], 0, last)
        if out.ndim == 3:
            prefix = int(getattr(network, "num_prefix_tokens", 0))
            return cls(isqrt(size[0] * size[1] // (out.shape[1] - prefix)), out.shape[2], prefix, False)
        raise ValueError(
            f"encoder.backbone gives {tuple(out.shape)} for an image; needed is a map (1, D, h, w) or tokens (1, N, D)"
        )


def last_map(network: Any, images: Tensor) -> Tensor:
    """Compute the last map or tokens of a network of timm or another."""
    out = network.forward_features(images) if hasattr(network, "forward_features") else network(images)
    last: Tensor = out[-1] if isinstance(out, tuple | list) else out
    return last


def make_timm(name: str, size: tuple[int, ...], channels: int, drop_path: float, options: dict[str, Any]) -> nn.Module:
    """Make a timm model with random weights, for images of ``size`` where it has to be told.

    Raises:
        ValueError: there is no such model.
    """
    check_timm(name, options, "encoder.backbone", "name the file of its weights by --init or init_cfg")
    if not timm.is_model(name):
        close = get_close_matches(name, timm.list_models(), 3)
        raise ValueError(f"encoder.backbone: timm has no model {name!r}; did you mean {' or '.join(close) or '...'}?")
    config = timm.get_pretrained_cfg(name)
    if config is not None and config.fixed_input_size:
        options = {"img_size": size, **options}
    if drop_path:
        options = {"drop_path_rate": drop_path, **options}
    made: nn.Module = timm.create_model(name, in_chans=channels, num_classes=0, **options)
    return made


def make_registered(
    config: dict[str, Any], size: tuple[int, ...], channels: int, drop_path: float, options: dict[str, Any] | None
) -> nn.Module:
    """Build a module of a registry, initialised its own way.

    Raises:
        ValueError: ``drop_path`` or ``options`` were given, which are timm's; its package is not installed, or has no
            such class.
    """
    if drop_path or options:
        raise ValueError(
            f"encoder.drop_path and encoder.options are for timm models; write them into encoder.backbone of {config}"
        )
    name = config["type"]
    if "." in name:
        require(name.split(".")[0], f"encoder.backbone of type {name}")
    kind = MODELS.get(name)
    if kind is None:
        raise ValueError(f"encoder.backbone: there is no model {name!r}; register it, or correct its type")
    takes = inspect.signature(kind).parameters
    derived = {"in_channels": channels, "image_size": size}
    network: Any = MODELS.build(config, default_args={key: derived[key] for key in derived if key in takes})
    if isinstance(network, BaseModule):
        network.__dict__["_dump_init_info"] = lambda: None  # it logs several lines a tensor
        network.init_weights()
        del network.__dict__["_dump_init_info"]
    built: nn.Module = network
    return built


def take_norm(network: Any) -> nn.Module:
    """Take the final norm of a timm model, for tokens, out of the network."""
    holders: list[Any] = [network, getattr(network, "head", None)]
    for holder in holders:
        norm = getattr(holder, "norm", None)
        if isinstance(norm, nn.LayerNorm):
            holder.norm = nn.Identity()
            own = nn.LayerNorm(list(norm.normalized_shape), eps=norm.eps)  # timm's 2-D one would want maps
            own.load_state_dict(norm.state_dict())
            return own
    return nn.Identity()


def drop_heads(network: nn.Module) -> None:
    """Put identities in place of what follows the last map, in place."""
    for part in HEADS:
        if hasattr(network, part):
            setattr(network, part, nn.Identity())
