"""The dense Swin encoder of SimMIM and FastMIM."""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Literal, TypedDict

import torch
import torch.nn.functional as F
from timm.layers import PatchEmbed
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ...choices import one_of
from ...ops.masking import PatchMask
from ...ops.patches import patch_grid
from ...registry import MODELS
from .archs import find_arch
from .base import Latent
from .dense_encoder import HierarchicalEncoder, MaskAt, check_truncate
from .init import init_normal
from .swin_blocks import Pair, PatchMerging, SwinBlock, WindowAttention, WindowPlan, fit_window

SwinInit = Literal["normal", "xavier"]
EMBEDDED = 4
"""Side in pixels of the patches that Swin embeds; every stage but the first halves the grid."""
KEPT_SIZES = 16
"""Image sizes whose plans are kept; a plan for 1024 px is 20 MB."""


class SwinArch(TypedDict):
    """Size of a Swin Transformer: width of the first stage, and blocks and heads of each stage."""

    embed_dim: int
    depths: tuple[int, ...]
    num_heads: tuple[int, ...]


ARCHS: dict[str, SwinArch] = {
    "tiny": {"embed_dim": 96, "depths": (2, 2, 6, 2), "num_heads": (3, 6, 12, 24)},
    "small": {"embed_dim": 96, "depths": (2, 2, 18, 2), "num_heads": (3, 6, 12, 24)},
    "base": {"embed_dim": 128, "depths": (2, 2, 18, 2), "num_heads": (4, 8, 16, 32)},
    "large": {"embed_dim": 192, "depths": (2, 2, 18, 2), "num_heads": (6, 12, 24, 48)},
}


def resolve_swin_arch(arch: str | SwinArch) -> SwinArch:
    """Find an architecture by its name, or take one that is spelled out.

    Raises:
        ValueError: unknown name, other keys than embed_dim, depths and num_heads, not as many depths as heads, or
            heads that do not divide a stage's width.
    """
    size = find_arch(arch, ARCHS, "Swin")
    depths, heads = size["depths"], size["num_heads"]
    if len(depths) != len(heads):
        raise ValueError(f"a Swin arch has as many depths as num_heads, got {list(depths)} and {list(heads)}")
    for stage, number in enumerate(heads):
        if (size["embed_dim"] * 2**stage) % number:
            raise ValueError(f"width {size['embed_dim'] * 2**stage} of stage {stage} is no multiple of {number} heads")
    return size


def drop_path_rates(last: float, depths: Sequence[int], truncate: int) -> list[list[float]]:
    """Rates of stochastic depth of every stage's blocks, rising linearly to ``last``, without the last blocks."""
    total = sum(depths)
    rates = [last * i / max(1, total - 1) for i in range(total - truncate)]
    return [rates[end - depth : end] for end, depth in zip(accumulate(depths), depths, strict=True)]


class SwinStage(nn.Module):
    """A stage of Swin.

    Args:
        dim: width of its tokens.
        num_heads: number of heads.
        window: (h, w) that its tables of relative positions are for.
        drop_paths: rates of stochastic depth of its blocks.
        merges: whether it begins with merging patches.
    """

    def __init__(self, dim: int, num_heads: int, window: Pair, drop_paths: list[float], merges: bool) -> None:
        super().__init__()
        self.downsample = PatchMerging(dim // 2) if merges else nn.Identity()
        self.blocks = nn.ModuleList(SwinBlock(dim, num_heads, window, rate) for rate in drop_paths)

    def forward(self, x: Tensor, plans: tuple[WindowPlan, WindowPlan], recompute: bool) -> Tensor:
        """Tokens of the stage before through merging, and through blocks that take turns with the two plans."""
        x = self.downsample(x)
        for index, block in enumerate(self.blocks):
            plan = plans[index % 2]
            x = checkpoint(block, x, plan, use_reentrant=False) if recompute else block(x, plan)
        return x


@MODELS.register_module()
class DenseSwin(HierarchicalEncoder):
    """Swin Transformer that sees a mask token in place of what is masked (SimMIM, section 3.2; FastMIM).

    A patch of the mask is a square of 32 px, one token of the last stage, or smaller with ``mask_size``. What comes out
    are the last stage's tokens, normalised, 8 times as wide as the first stage's. Parameters have timm's names.

    Windows have ``window_size`` tokens a side. Where a stage of an ``image_size`` image is no larger, one window is the
    stage, and nothing is shifted. Images of another size are taken, too, with the same windows; maps that these do not
    divide are filled up at the bottom and right before they are rolled, see
    :class:`~mimseg.models.backbones.swin_blocks.WindowPlan`.

    With ``window_ratio`` the windows follow the image instead: their sides are those of the first stage's grid divided
    by it, clipped to each stage as above, and the tables of relative positions, which are for ``window_size``, are
    resized for them (FastMIM-P, appendix A.3.2: tables for windows of 14; ratio 4 makes windows of H / 16).

    Args:
        image_size: (H, W) or one side of the images that the windows are for.
        window_size: side of a window in tokens (SimMIM: 6 for Swin-B, 12 for Swin-L at 192 px; 7 and 14 at 224 px).
        arch: 'tiny', 'small', 'base', 'large', or a dict of embed_dim, depths, num_heads.
        in_channels: C; derived from the data preprocessor by :class:`MaskedImageModel` when left out of a config.
        drop_path: stochastic depth rate of the last block.
        window_ratio: tokens a side of the first stage for each token a side of a window; None keeps ``window_size``.
        truncate: number of blocks at the end that are left out (FastMIM, Table 1c).
        mask_at: 'tokens' or 'pixels', see :class:`DenseEncoder` for it and the next two.
        learn_token: whether the mask token learns.
        mask_size: side in pixels of what is masked as one.
        init: 'normal' draws linear layers from normal(0, 0.02), as Swin's public code; 'xavier' xavier-uniformly, which
            is what FastMIM's release ends with, because its model initialises the encoder once more. Tables are from
            normal(0, 0.02) in both.

    Attributes:
        fills_up: True, see :class:`HierarchicalEncoder`.
        patch_size: side in pixels of what is masked as one: of a token of the last stage, 32 with four stages.
        embed_dim: width D of the last stage.

    Raises:
        ValueError: unknown or contradictory arch, unknown ``init``, a window without tokens, an image size that is no
            multiple of 32, or what :class:`DenseEncoder` raises.
    """

    fills_up = True

    def __init__(
        self,
        image_size: int | tuple[int, int],
        window_size: int = 7,
        arch: str | SwinArch = "base",
        in_channels: int = 3,
        drop_path: float = 0.0,
        window_ratio: int | None = None,
        truncate: int = 0,
        mask_at: MaskAt = "tokens",
        learn_token: bool = True,
        mask_size: int | None = None,
        init: SwinInit = "normal",
    ) -> None:
        size = resolve_swin_arch(arch)
        one_of("encoder.init", init, SwinInit)
        if window_size < 1:
            raise ValueError(f"encoder.window_size must be at least 1 token, got {window_size}")
        check_truncate(truncate, sum(size["depths"]))
        dims = [size["embed_dim"] * 2**stage for stage in range(len(size["depths"]))]
        stride = EMBEDDED * 2 ** (len(dims) - 1)
        super().__init__(stride, EMBEDDED, in_channels, dims[-1], dims[0], mask_at, learn_token, mask_size)
        height, width = (image_size, image_size) if isinstance(image_size, int) else image_size
        high, wide = patch_grid(height, width, stride)
        grids = [(high * 2**stage, wide * 2**stage) for stage in reversed(range(len(dims)))]
        window = window_size, window_size
        self.window_ratio = window_ratio
        self.windows = [window if window_ratio else fit_window(grid, window)[0] for grid in grids]
        self.shifts = [fit_window(grid, window)[1] for grid in grids]
        self.patch_embed = PatchEmbed(
            None, EMBEDDED, in_channels, dims[0], norm_layer=nn.LayerNorm, flatten=False, output_fmt="NHWC"
        )
        rates = drop_path_rates(drop_path, size["depths"], truncate)
        self.depths = tuple(map(len, rates))
        sizes = zip(dims, size["num_heads"], self.windows, rates, strict=True)
        self.layers = nn.ModuleList(SwinStage(*stage, merges=index > 0) for index, stage in enumerate(sizes))
        self.norm: nn.Module = nn.LayerNorm(dims[-1])
        self.plans: dict[tuple[Pair, torch.device], list[tuple[WindowPlan, WindowPlan]]] = {}
        self._init(init)

    def _init(self, kind: SwinInit) -> None:
        """Draw weights and tables; biases are zero."""
        self.init_token()
        for part in self.layers.modules():
            if isinstance(part, nn.Linear):
                if kind == "xavier":
                    nn.init.xavier_uniform_(part.weight)
                else:
                    init_normal(part.weight, 0.02)
                if part.bias is not None:
                    nn.init.zeros_(part.bias)
            elif isinstance(part, WindowAttention):
                init_normal(part.relative_position_bias_table, 0.02)

    @property
    def num_layers(self) -> int:
        """Layers that layer-wise learning-rate decay tells apart, the embedding's first."""
        return sum(self.depths) + 2

    def layer_of(self, name: str) -> int:
        """Give the layer of a parameter: embeddings 0, block i of all (from 0) i + 1, final norm the last.

        Merging patches belongs to the last block of the stage that it ends, as in SimMIM's public code.
        """
        part, *rest = name.split(".")
        if part != "layers":
            return self.num_layers - 1 if part == "norm" else 0
        before = sum(self.depths[: int(rest[0])])
        return before + int(rest[2]) + 1 if rest[1] == "blocks" else before

    def embed(self, images: Tensor) -> Tensor:
        """Tokens ``(B, (H / 4) * (W / 4), D')`` of the 4 px patches before masking, normalised."""
        embedded: Tensor = self.patch_embed(images)
        return embedded.flatten(1, 2)

    def position_table(self, grid: tuple[int, int]) -> None:
        """None: positions are in the attention, not in the tokens."""
        return None

    def forward(self, images: Tensor, mask: PatchMask | None = None, tokens: Tensor | None = None) -> Latent:
        """Encode ``(B, C, H, W)`` into ``(B, L, D)``, masked or not."""
        grid = self.grid_of(images)
        *_, x = self._stages(images, self.embed_masked(images, mask, tokens))
        return Latent(self.norm(x).flatten(1, 2), grid, 0, mask, "raster")

    def stage_maps(self, images: Tensor) -> list[Tensor]:
        """Compute the map ``(B, D, h, w)`` of every stage for full images of any size, without the final norm.

        As in Swin's public detector, zeros fill images up to whole patches of 4 px, maps to whole windows, and odd
        sides before merging; a map of stride s has H / s rows, rounded up.
        """
        self.check_channels(images)
        high, wide = (-side % EMBEDDED for side in images.shape[2:])
        images = F.pad(images, (0, wide, 0, high)) if high or wide else images
        return [x.permute(0, 3, 1, 2) for x in self._stages(images, self.embed(images))]

    def _stages(self, images: Tensor, x: Tensor) -> Iterator[Tensor]:
        """Run the stages and yield what each gives ``(B, h, w, D)``, from embedded patches of images."""
        first = images.shape[2] // EMBEDDED, images.shape[3] // EMBEDDED
        x = x.unflatten(1, first)
        recompute = self.activation_checkpointing and self.training
        for stage, plans in zip(self.layers, self.plans_of(first, images.device), strict=True):
            x = stage(x, plans, recompute)
            yield x

    def plans_of(self, first: Pair, device: torch.device) -> list[tuple[WindowPlan, WindowPlan]]:
        """Plan how every stage is cut into windows, without shift and with, for a first stage of this grid."""
        key = first, device
        if key not in self.plans:
            if len(self.plans) >= KEPT_SIZES:
                del self.plans[next(iter(self.plans))]
            self.plans[key] = [self._plans(stage, first, device) for stage in range(len(self.layers))]
        return self.plans[key]

    def _plans(self, stage: int, first: Pair, device: torch.device) -> tuple[WindowPlan, WindowPlan]:
        grid = -(-first[0] >> stage), -(-first[1] >> stage)  # odd sides are filled up before they are halved
        window, shift = self.windows[stage], self.shifts[stage]
        if self.window_ratio is not None:
            window, shift = fit_window(grid, (first[0] // self.window_ratio, first[1] // self.window_ratio))
        return WindowPlan.of(grid, window, (0, 0), device), WindowPlan.of(grid, window, shift, device)
