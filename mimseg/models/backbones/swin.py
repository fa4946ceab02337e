"""The dense Swin encoder of SimMIM."""

from typing import TypedDict

import torch
from timm.models.swin_transformer import SwinTransformer
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ...ops.masking import PatchMask, repeat_units
from ...ops.patches import patch_grid
from ...registry import MODELS
from .base import Latent, MaskedEncoder, check_mask

EMBEDDED = 4
"""Side in pixels of the patches that Swin embeds; every stage but the first halves the grid."""


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


def resolve_arch(arch: str | SwinArch) -> SwinArch:
    """A named or spelled-out architecture.

    Raises:
        ValueError: unknown name, other keys than embed_dim, depths and num_heads, not as many depths as heads, or
            heads that do not divide a stage's width.
    """
    keys = list(SwinArch.__annotations__)
    if isinstance(arch, str):
        if arch not in ARCHS:
            raise ValueError(f"unknown Swin arch {arch!r}; use one of {', '.join(ARCHS)} or a dict of {keys}")
        return ARCHS[arch]
    if set(arch) != set(keys):
        raise ValueError(f"a Swin arch dict has exactly the keys {keys}, got {sorted(arch)}")
    depths, heads = arch["depths"], arch["num_heads"]
    if len(depths) != len(heads):
        raise ValueError(f"a Swin arch has as many depths as num_heads, got {list(depths)} and {list(heads)}")
    for stage, number in enumerate(heads):
        if (arch["embed_dim"] * 2**stage) % number:
            raise ValueError(f"width {arch['embed_dim'] * 2**stage} of stage {stage} is no multiple of {number} heads")
    return arch


@MODELS.register_module()
class DenseSwin(MaskedEncoder):
    """Swin Transformer that sees a mask token in place of every masked patch (SimMIM, section 3.2).

    The stages are timm's. The mask is over squares of 32 px, each of which is one token of the last stage. Every 4 px
    patch in a masked square is replaced, after it is embedded and normalised, by one learned vector. What comes out are
    the last stage's tokens, normalised, 8 times as wide as the first stage's.

    Windows have ``window_size`` tokens a side. Where a stage of an ``image_size`` image is no larger, one window is the
    stage, and nothing is shifted. Images of another size are taken, too, with the same windows, padded at the right and
    bottom where they do not fit.

    Args:
        image_size: (H, W) or one side of the images that the windows are for.
        window_size: side of a window in tokens (SimMIM: 6 for Swin-B, 12 for Swin-L at 192 px; 7 and 14 at 224 px).
        arch: 'tiny', 'small', 'base', 'large', or a dict of embed_dim, depths, num_heads.
        in_channels: C; derived from the data preprocessor by :class:`MaskedImageModel` when left out of a config.
        drop_path: stochastic depth rate of the last block.

    Attributes:
        patch_size: side in pixels of a token of the last stage: 32 with four stages.
        embed_dim: width D of the last stage.

    Raises:
        ValueError: unknown or contradictory arch, a window without tokens, or an image size that is no multiple of 32.
    """

    def __init__(
        self,
        image_size: int | tuple[int, int],
        window_size: int = 7,
        arch: str | SwinArch = "base",
        in_channels: int = 3,
        drop_path: float = 0.0,
    ) -> None:
        size = resolve_arch(arch)
        if window_size < 1:
            raise ValueError(f"encoder.window_size must be at least 1 token, got {window_size}")
        self.depths = tuple(size["depths"])
        scale = 2 ** (len(self.depths) - 1)
        super().__init__(EMBEDDED * scale, in_channels, size["embed_dim"] * scale)
        height, width = (image_size, image_size) if isinstance(image_size, int) else image_size
        patch_grid(height, width, self.patch_size)
        swin = SwinTransformer(
            img_size=(height, width),
            patch_size=EMBEDDED,
            in_chans=in_channels,
            num_classes=0,
            embed_dim=size["embed_dim"],
            depths=self.depths,
            num_heads=tuple(size["num_heads"]),
            window_size=window_size,
            drop_path_rate=drop_path,
            strict_img_size=False,
        )
        self.patch_embed, self.layers = swin.patch_embed, swin.layers
        self.norm: nn.Module = swin.norm
        self.mask_token = nn.Parameter(torch.empty(1, 1, size["embed_dim"]))
        nn.init.trunc_normal_(self.mask_token, std=0.02)

    @property
    def num_layers(self) -> int:
        """Layers that layer-wise learning-rate decay tells apart, the embedding's first."""
        return sum(self.depths) + 2

    def layer_of(self, name: str) -> int:
        """The layer of a parameter: embeddings 0, block i of all (from 0) i + 1, final norm the last.

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
        k = self.patch_size // EMBEDDED
        x = self.embed(images) if tokens is None else tokens
        if mask is not None:
            check_mask(mask, images.shape[0], grid)
            x = torch.where(repeat_units(mask.mask, grid, k).unsqueeze(-1), self.mask_token, x)
        x = x.unflatten(1, (grid[0] * k, grid[1] * k))
        recompute = self.activation_checkpointing and self.training
        for stage in self.layers:
            x = stage.downsample(x)
            for block in stage.blocks:
                x = checkpoint(block, x, use_reentrant=False) if recompute else block(x)
        return Latent(self.norm(x).flatten(1, 2), grid, 0, mask, "raster")
