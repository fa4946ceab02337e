"""ViT for detection and segmentation: the blocks of pre-training, run with windows and relative positions."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ...choices import one_of
from ...ops.bf16 import attention
from ...ops.patches import patch_grid
from ...registry import MODELS
from ..backbones.dense_vit import DenseViT
from ..backbones.plain_vit import PlainViT
from ..backbones.swin_blocks import cut_windows, fit_window, join_windows
from ..backbones.vit_blocks import Mix
from .base import PretrainedBackbone
from .relative import DecomposedPositions, Pair, TablePositions, with_bias

Relative = Literal["decomposed", "table"]
Sharing = Literal["block", "model"]


@MODELS.register_module()
class ViTBackbone(PretrainedBackbone):
    """Maps of a plain ViT for any image size, with attention in windows in most blocks if wanted.

    ViTDet (Li et al. 2022) is ``window=14, relative='decomposed'``; MAE's detection with four taps (Li et al. 2021,
    "Benchmarking") ``window=16, relative='table', relative_sharing='model', taps=(2, 5, 8, 11)``; MAE's and BEiT's
    segmentation ``relative='table', taps=(3, 5, 7, 11), class_token=True``.

    Images are filled up with zeros to a multiple of the patch size. Windows are cut behind a block's first norm from a
    map that is filled up with zeros, which take part as keys and values, as in ViTDet; along a side where the map is
    smaller than a window, the window is the map instead. So one that covers the map is global attention.

    Args:
        encoder: config of a :class:`SparseViT` or :class:`DenseViT`. Its ``image_size`` is the one that learned
            positions, absolute and relative, are for; images of another size resize them, bicubically or (decomposed
            ones) linearly.
        window: side of a window in tokens; None for global attention in all blocks.
        global_blocks: blocks with global attention nevertheless, from 0.
        relative: 'decomposed', see :class:`DecomposedPositions`; 'table', see :class:`RelativePositionBias`; None for
            no relative positions besides those of a DenseViT that has some. Those of windows are for ``window``.
        relative_sharing: 'block' gives every block its own; 'model' shares one among the blocks with windows, and one
            among those with global attention.
        image_size: (H, W) or one side of the images that relative positions of global attention are for; None for the
            encoder's. ViTDet keeps the absolute table at 224 px, resized in every step, and these at 1024 px.
        taps: blocks whose maps are given, the last block at the end; None for it alone.
        class_token: keep the encoder's class token in the attention (not with windows or 'decomposed').
        final_norm: end the last map with the encoder's final norm.
        activation_checkpointing: recompute blocks in the backward pass: less memory, more time.
        init_cfg: see :class:`PretrainedBackbone`.

    Attributes:
        relative: relative positions by block ('block'), or as 'windowed' and 'full' ('model').

    Raises:
        ValueError: the encoder is no ViT, or two of the arguments contradict each other.
    """

    encoder: PlainViT

    def __init__(
        self,
        encoder: Mapping[str, Any],
        window: int | None = None,
        global_blocks: Sequence[int] = (),
        relative: Relative | None = None,
        relative_sharing: Sharing = "block",
        image_size: int | tuple[int, int] | None = None,
        taps: Sequence[int] | None = None,
        class_token: bool = False,
        final_norm: bool = False,
        activation_checkpointing: bool = False,
        init_cfg: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(encoder, init_cfg)
        vit = self.encoder
        if not isinstance(vit, PlainViT):
            raise ValueError(f"ViTBackbone needs a SparseViT or DenseViT as encoder, not a {type(vit).__name__}")
        self.depth = len(vit.blocks)
        self.taps = (self.depth - 1,) if taps is None else tuple(taps)
        self.window = None if window is None else (window, window)
        self.windowed = [window is not None and block not in global_blocks for block in range(self.depth)]
        self.class_token = class_token
        self._check(global_blocks, relative, relative_sharing, image_size)
        self.sharing: Sharing = relative_sharing
        self.relative = self._relative(relative, encoder.get("image_size") if image_size is None else image_size)
        self.encoder.activation_checkpointing = activation_checkpointing
        if not final_norm:
            vit.norm = nn.Identity()
        vit.cls_token.requires_grad_(class_token)

    def _check(
        self,
        global_blocks: Sequence[int],
        relative: Relative | None,
        sharing: Sharing,
        image_size: int | tuple[int, int] | None,
    ) -> None:
        last, name = self.depth - 1, "model.backbone"
        one_of(f"{name}.relative", relative, (*get_args(Relative), None))
        one_of(f"{name}.relative_sharing", sharing, Sharing)
        if list(self.taps) != sorted(set(self.taps)) or not self.taps or self.taps[0] < 0 or self.taps[-1] != last:
            raise ValueError(f"{name}.taps={self.taps} must rise and end with the last block, {last}")
        if any(not 0 <= block <= last for block in global_blocks):
            raise ValueError(f"{name}.global_blocks={tuple(global_blocks)} must lie in 0 .. {last}")
        if self.window is None and global_blocks:
            raise ValueError(f"{name}.window=None makes all blocks global; leave global_blocks out")
        if self.window is not None and self.window[0] < 1:
            raise ValueError(f"{name}.window={self.window[0]} must be at least 1 token, or None for no windows")
        if image_size is not None and relative is None:
            raise ValueError(f"{name}.image_size={image_size} is for relative positions; set {name}.relative, too")
        if self.class_token and (self.window is not None or relative == "decomposed"):
            raise ValueError(
                f"{name}.class_token=True goes with neither windows nor relative='decomposed'; set it False"
            )
        if self._own_bias is not None and (self.window is not None or relative is not None):
            raise ValueError(
                f"{name}.encoder has relative positions of its own, for global attention; set window=None and "
                "relative=None, or encoder.positions='learned'"
            )

    @property
    def _own_bias(self) -> nn.Module | None:
        """The relative positions of a DenseViT that has some: of all blocks, or a list of each block's."""
        return self.encoder.relative_position_bias if isinstance(self.encoder, DenseViT) else None

    def _relative(self, kind: Relative | None, image_size: int | Sequence[int] | None) -> nn.Module | None:
        if kind is None:
            return None
        attn = self.encoder.block(0).attn

        def make(windowed: bool) -> nn.Module:
            grid = self.window
            if not windowed or grid is None:
                if image_size is None:
                    raise ValueError(
                        "model.backbone.relative needs model.backbone.image_size, the images that its tables are for"
                    )
                height, width = (image_size, image_size) if isinstance(image_size, int) else image_size
                grid = patch_grid(height, width, self.stride)
            if kind == "table":
                return TablePositions(attn.num_heads, grid, not windowed, self.class_token)
            return DecomposedPositions(attn.head_dim, grid, not windowed)

        if self.sharing == "block":
            return nn.ModuleList(make(windowed) for windowed in self.windowed)
        return nn.ModuleDict({_kind(windowed): make(windowed) for windowed in sorted(set(self.windowed))})

    def layer_of(self, name: str) -> int:
        """Give the layer of a parameter: relative positions are with their block, shared ones with the last layer."""
        part, *rest = name.split(".")
        return int(rest[0]) + 1 if part == "relative" and self.sharing == "block" else super().layer_of(name)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Images ``(B, C, H, W)`` to a map ``(B, D, h, w)`` for every tap; h = H / P and w = W / P, rounded up."""
        vit = self.encoder
        images = self.pad(images)
        grid = patch_grid(images.shape[2], images.shape[3], self.stride)
        first = 0 if self.class_token else vit.prefix
        x = vit.enter(images)[:, first:]
        shared = self._shared(grid)
        recompute = vit.activation_checkpointing and self.training
        maps = []
        for index in range(self.depth):
            x = (
                checkpoint(self._block, index, x, grid, shared, use_reentrant=False)
                if recompute
                else self._block(index, x, grid, shared)
            )
            if index in self.taps:
                tapped = vit.norm(x) if index == self.depth - 1 else x
                maps.append(tapped[:, vit.prefix - first :].transpose(1, 2).unflatten(2, grid).contiguous())
        return tuple(maps)

    def _shared(self, grid: Pair) -> dict[bool, Mix]:
        """Make the ways to mix values in blocks that share relative positions, by whether they have windows."""
        if (own := self._own_bias) is not None:
            return {} if isinstance(own, nn.ModuleList) else {False: self._biased(own(grid))}
        relative: Any = self.relative
        if relative is None:
            return dict.fromkeys(self.windowed, attention)
        if self.sharing == "block":
            return {}
        return {
            windowed: relative[_kind(windowed)].mixer(self._sides(windowed, grid)) for windowed in set(self.windowed)
        }

    def _biased(self, bias: Tensor) -> Mix:
        """Attention with a bias ``(heads, 1 + L, 1 + L)``, as far as it is of tokens that are kept."""
        return with_bias(bias if self.class_token else bias[:, 1:, 1:])

    def _own(self, index: int, sides: Pair) -> Mix:
        """Make the way to mix values in a block that has relative positions of its own."""
        if isinstance(own := self._own_bias, nn.ModuleList):
            return self._biased(own[index](sides))
        relative: Any = self.relative
        mix: Mix = relative[index].mixer(sides)
        return mix

    def _sides(self, windowed: bool, grid: Pair) -> Pair:
        """(h, w) of what attends to itself: a window, or the map."""
        return fit_window(grid, self.window)[0] if windowed and self.window is not None else grid

    def _block(self, index: int, x: Tensor, grid: Pair, shared: Mapping[bool, Mix]) -> Tensor:
        """Tokens ``(B, N, D)`` through a block."""
        block, windowed = self.encoder.block(index), self.windowed[index]
        sides = self._sides(windowed, grid)
        mix = shared[windowed] if shared else self._own(index, sides)

        def attend(normed: Tensor) -> Tensor:
            if not windowed:
                return block.attn.with_mix(normed, mix)
            windows = cut_windows(normed.unflatten(1, grid), sides)
            mixed = block.attn.with_mix(windows.flatten(0, 1), mix).unflatten(0, windows.shape[:2])
            return join_windows(mixed, sides, grid).flatten(1, 2)

        return block.with_attention(x, attend)


def _kind(windowed: bool) -> str:
    return "windowed" if windowed else "full"
