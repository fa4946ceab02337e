"""Any backbone as a dense encoder: what is masked are pixels, so that the network needs no change (FastMIM)."""

import inspect
from dataclasses import dataclass
from difflib import get_close_matches
from math import isqrt
from typing import Any, get_args

import timm
import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...ops.masking import PatchMask
from ...packages import require
from ...registry import MODELS
from ..timm_options import check_timm
from .base import Latent, check_mask
from .block_layers import BLOCKS, Between, find_blocks, layers_of
from .dense_encoder import HierarchicalEncoder, check_choice, check_truncate

HEADS = ("head", "fc", "classifier", "conv_head", "norm_head", "fc_norm", "head_drop", "head_dist")
"""What follows the last map in timm's networks."""


@MODELS.register_module()
class DenseBackbone(HierarchicalEncoder):
    """A network of timm, mmdet, mmpretrain or this project that sees a mask token in masked pixels (FastMIM).

    Of the network the last map is taken, after its final norm. Everything about it is found by showing it one blank
    image of ``image_size``; other sizes work if the network accepts them.

    Args:
        backbone: name of a timm model, or config of a module that turns ``(B, C, H, W)`` into its last map
            ``(B, D, h, w)`` or tokens ``(B, N, D)``, or into a sequence that ends with it, e.g.
            ``dict(type="mmdet.PyramidVisionTransformer", ...)``.
        image_size: (H, W) or one side of the images that fixed position tables are for.
        in_channels: C; derived from the data preprocessor by :class:`MaskedImageModel` when left out of a config.
        drop_path: stochastic depth rate of the last block of a timm model; others have it in their config.
        options: further arguments of ``timm.create_model``.
        add_norm: end with a LayerNorm, for networks without a final one.
        blocks: regular expression that finds a block's name in a parameter's, for layer-wise decay, ``truncate`` and
            compiling.
        between: whose layer, for layer-wise decay, a patch embedding between two stages is of: that of the block that
            'follows' (CMT's in FastMIM's release), or of the one that 'precedes' it; then a norm behind the last block
            is of the head's layer (PVTv2's there).
        truncate: number of blocks at the end that are left out (FastMIM, Table 1c).
        learn_token: see :class:`DenseEncoder`.
        mask_size: see :class:`DenseEncoder`.

    Attributes:
        backbone: the network, without head and final norm.
        norm: its final norm on tokens; an identity where it has none of its own at the very end.

    Raises:
        ValueError: unknown timm model; ``drop_path`` or ``options`` for one that is not timm's; an output that is
            neither map nor tokens; ``blocks`` that finds none although ``truncate`` asks for some; unknown
            ``between``; or what :class:`DenseEncoder` raises.
    """

    embeds = False

    def __init__(
        self,
        backbone: str | dict[str, Any],
        image_size: int | tuple[int, int],
        in_channels: int = 3,
        drop_path: float = 0.0,
        options: dict[str, Any] | None = None,
        add_norm: bool = False,
        blocks: str = BLOCKS,
        between: Between = "follows",
        truncate: int = 0,
        learn_token: bool = True,
        mask_size: int | None = None,
    ) -> None:
        check_choice("between", between, get_args(Between))
        size = (image_size, image_size) if isinstance(image_size, int) else tuple(image_size)
        if isinstance(backbone, str):
            network = make_timm(backbone, size, in_channels, drop_path, options or {})
        else:
            network = make_registered(backbone, size, in_channels, drop_path, options)
        seen = Seen.of(network, size, in_channels)
        super().__init__(seen.stride, None, in_channels, seen.width, 0, "pixels", learn_token, mask_size)
        self.prefix, self.channels_last = seen.prefix, seen.channels_last
        self.norm: nn.Module = nn.LayerNorm(seen.width) if add_norm else take_norm(network)
        for part in HEADS:
            if hasattr(network, part):
                setattr(network, part, nn.Identity())
        self.backbone = network
        found = find_blocks(network, blocks)
        if truncate:
            check_truncate(truncate, len(found))
            for block in found[len(found) - truncate :]:
                network.set_submodule(block, Skip())
            found = found[: len(found) - truncate]
        for block in found:
            network.get_submodule(block).compiles = True  # type: ignore[assignment]
        self.layers = layers_of(network, found, blocks, between)
        self.depth = len(found) if between == "precedes" else max(self.layers.values())
        self.init_token()

    @property
    def num_layers(self) -> int:
        """Layers that layer-wise learning-rate decay tells apart, the embedding's first, the head's last."""
        return self.depth + 2

    def layer_of(self, name: str) -> int:
        """The layer of a parameter: embedding 0, block i of all (from 0) i + 1, final norm the last."""
        part, rest = name.split(".", 1) if "." in name else (name, "")
        if part == "backbone":
            return self.layers[rest]
        return self.num_layers - 1 if part == "norm" else 0

    def position_table(self, grid: tuple[int, int]) -> None:
        """None: nothing is known of the network's positions."""
        return None

    @property
    def activation_checkpointing(self) -> bool:
        """Whether blocks are recomputed in the backward pass, by the network's own means."""
        return self._recomputes

    @activation_checkpointing.setter
    def activation_checkpointing(self, on: bool) -> None:
        self._recomputes = on
        if "backbone" in self._modules and (on or hasattr(self.backbone, "set_grad_checkpointing")):
            if not hasattr(self.backbone, "set_grad_checkpointing"):
                kind = type(self.backbone).__name__
                raise ValueError(f"{kind} cannot recompute activations; set model.activation_checkpointing=False")
            network: Any = self.backbone
            network.set_grad_checkpointing(on)

    def forward(self, images: Tensor, mask: PatchMask | None = None, tokens: Tensor | None = None) -> Latent:
        """Encode ``(B, C, H, W)`` into ``(B, prefix + T, D)``, masked or not; T = L where a token is a patch."""
        grid = self.grid_of(images)
        if mask is not None:
            check_mask(mask, images.shape[0], grid)
            images = self.mask_pixels(images, mask)
        x = last_map(self.backbone, images)
        if x.ndim == 4:
            x = x.flatten(1, 2) if self.channels_last else x.flatten(2).transpose(1, 2)
        return Latent(self.norm(x), grid, self.prefix, mask, "raster")

    def stage_maps(self, images: Tensor) -> list[Tensor]:
        """The map ``(B, D, h, w)`` of every stage for full images, none of them through the final norm.

        Raises:
            ValueError: the network gives its last map only.
        """
        self.grid_of(images)
        network: Any = self.backbone
        if hasattr(network, "forward_intermediates"):  # timm
            return list(network.forward_intermediates(images, output_fmt="NCHW", intermediates_only=True))
        maps = network.stage_maps(images) if hasattr(network, "stage_maps") else network(images)
        if not isinstance(maps, list | tuple) or any(x.ndim != 4 for x in maps):
            raise ValueError(
                f"{type(network).__name__} gives no map for every stage; set its out_indices, or use a network of timm"
            )
        return list(maps)


class Skip(nn.Module):
    """A block that was left out; it takes whatever the others take."""

    def forward(self, x: Tensor, *rest: Any) -> Tensor:
        """``x`` itself."""
        return x


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
    """The last map or tokens of a network of timm or another."""
    out = network.forward_features(images) if hasattr(network, "forward_features") else network(images)
    last: Tensor = out[-1] if isinstance(out, tuple | list) else out
    return last


def make_timm(name: str, size: tuple[int, ...], channels: int, drop_path: float, options: dict[str, Any]) -> nn.Module:
    """A timm model with random weights, for images of ``size`` where it has to be told.

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
    """A module of a registry, initialised its own way.

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
    """The final norm of a timm model, for tokens, out of the network."""
    holders: list[Any] = [network, getattr(network, "head", None)]
    for holder in holders:
        norm = getattr(holder, "norm", None)
        if isinstance(norm, nn.LayerNorm):
            holder.norm = nn.Identity()
            own = nn.LayerNorm(list(norm.normalized_shape), eps=norm.eps)  # timm's 2-D one would want maps
            own.load_state_dict(norm.state_dict())
            return own
    return nn.Identity()
