"""Any backbone as a dense encoder: what is masked are pixels, so that the network needs no change (FastMIM)."""

from typing import Any

from torch import Tensor, nn

from ...choices import one_of
from ...ops.masking import PatchMask
from ...registry import MODELS
from .base import Latent, check_mask
from .block_layers import BLOCKS, Between, find_blocks, layers_of
from .dense_encoder import HierarchicalEncoder, check_truncate
from .networks import Seen, drop_heads, last_map, make_registered, make_timm, take_norm


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
        one_of("encoder.between", between, Between)
        size = (image_size, image_size) if isinstance(image_size, int) else tuple(image_size)
        if isinstance(backbone, str):
            network = make_timm(backbone, size, in_channels, drop_path, options or {})
        else:
            network = make_registered(backbone, size, in_channels, drop_path, options)
        seen = Seen.of(network, size, in_channels)
        super().__init__(seen.stride, None, in_channels, seen.width, 0, "pixels", learn_token, mask_size)
        self.prefix, self.channels_last = seen.prefix, seen.channels_last
        self.norm: nn.Module = nn.LayerNorm(seen.width) if add_norm else take_norm(network)
        drop_heads(network)
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
        """Give the layer of a parameter: embedding 0, block i of all (from 0) i + 1, final norm the last."""
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
        """Compute the map ``(B, D, h, w)`` of every stage for full images, none of them through the final norm.

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
