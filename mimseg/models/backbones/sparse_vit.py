"""The sparse ViT encoder of MAE: masked patches never enter it."""

from typing import Literal, TypedDict

import torch
from torch import Tensor, nn

from ...choices import one_of
from ...ops.masking import PatchMask
from ...ops.patches import patch_grid, patchify
from ...registry import MODELS
from .base import Latent, MaskedEncoder, check_mask
from .init import init_plain, init_transformer
from .positions import LearnedPositions, Positions
from .vit_blocks import Linear, make_blocks, run_blocks


class Arch(TypedDict):
    """Size of a ViT."""

    embed_dim: int
    depth: int
    num_heads: int


ARCHS: dict[str, Arch] = {
    "micro": {"embed_dim": 128, "depth": 6, "num_heads": 4},
    "tiny": {"embed_dim": 192, "depth": 12, "num_heads": 3},
    "small": {"embed_dim": 384, "depth": 12, "num_heads": 6},
    "base": {"embed_dim": 768, "depth": 12, "num_heads": 12},
    "large": {"embed_dim": 1024, "depth": 24, "num_heads": 16},
    "huge": {"embed_dim": 1280, "depth": 32, "num_heads": 16},
}


def resolve_arch(arch: str | Arch) -> Arch:
    """A named or spelled-out architecture.

    Raises:
        ValueError: unknown name, or not exactly the keys embed_dim, depth and num_heads.
    """
    if isinstance(arch, str):
        if arch not in ARCHS:
            raise ValueError(
                f"unknown ViT arch {arch!r}; use one of {', '.join(ARCHS)} or a dict of {list(Arch.__annotations__)}"
            )
        return ARCHS[arch]
    if set(arch) != set(Arch.__annotations__):
        raise ValueError(f"a ViT arch dict has exactly the keys {list(Arch.__annotations__)}, got {sorted(arch)}")
    return arch


def make_positions(
    kind: str, dim: int, patch_size: int, image_size: int | tuple[int, int] | None
) -> Positions | LearnedPositions:
    """The position embedding that a :class:`SparseViT` is configured with; see there."""
    one_of("encoder.positions", kind, ("sincos", "sincos_per_grid", "learned"))
    if kind == "sincos_per_grid":
        return Positions(dim, resizes=False)
    if image_size is None:
        if kind == "sincos":
            return Positions(dim)
        raise ValueError("encoder.positions='learned' needs encoder.image_size, the side or (H, W) of the images")
    height, width = (image_size, image_size) if isinstance(image_size, int) else image_size
    grid = patch_grid(height, width, patch_size)
    return Positions(dim, grid) if kind == "sincos" else LearnedPositions(dim, grid)


@MODELS.register_module()
class SparseViT(MaskedEncoder):
    """ViT that encodes the class token and the visible patches only (MAE, section 3).

    Patches are embedded linearly, get a 2-D sine-cosine position embedding (none for the class token) and pass the
    blocks; hidden patches are dropped before the embedding, so they cost nothing. Everything follows from the image at
    hand: any size that the patch size divides, square or not.

    Args:
        arch: 'micro', 'tiny', 'small', 'base', 'large', 'huge', or a dict of embed_dim, depth, num_heads.
        patch_size: P in pixels.
        in_channels: C; derived from the data preprocessor by :class:`MaskedImageModel` when left out of a config.
        drop_path: stochastic depth rate of the last block.
        positions: 'sincos' keeps the embedding fixed (pre-training); 'sincos_per_grid' does too, but is computed anew
            for every grid, whatever ``image_size`` and a checkpoint say; 'learned' trains it, the class token's too
            (MAE's fine-tuning).
        image_size: (H, W) or one side of the images that the embedding is for; other sizes resize it. Without, fixed
            embeddings are those of every image's own grid, or, from a checkpoint on, of the grid of its training.
        init: how weights start. 'xavier': xavier-uniform layers, normal(0, 0.02) tokens, sine-cosine positions (MAE);
            'normal': normal(0, 0.02) throughout, learned positions too (timm's ViT, with which MAE's and HPM's public
            code trains from scratch).

    Raises:
        ValueError: unknown arch, ``positions`` or ``init``, or learned positions without an image size.
    """

    prefix = 1
    sparse = True
    leaves_out = True

    def __init__(
        self,
        arch: str | Arch = "base",
        patch_size: int = 16,
        in_channels: int = 3,
        drop_path: float = 0.0,
        positions: Literal["sincos", "sincos_per_grid", "learned"] = "sincos",
        image_size: int | tuple[int, int] | None = None,
        init: Literal["xavier", "normal"] = "xavier",
    ) -> None:
        size = resolve_arch(arch)
        one_of("encoder.init", init, ("xavier", "normal"))
        super().__init__(patch_size, in_channels, size["embed_dim"])
        self.patch_embed = Linear(patch_size * patch_size * in_channels, self.embed_dim)
        self.cls_token = nn.Parameter(torch.empty(1, 1, self.embed_dim))
        self.positions = make_positions(positions, self.embed_dim, patch_size, image_size)
        self.blocks = make_blocks(self.embed_dim, size["depth"], size["num_heads"], drop_path)
        self.norm: nn.Module = nn.LayerNorm(self.embed_dim, eps=1e-6)
        (init_transformer if init == "xavier" else init_plain)(self)

    @property
    def num_layers(self) -> int:
        """Layers that layer-wise learning-rate decay tells apart, the embedding's first."""
        return len(self.blocks) + 2

    def layer_of(self, name: str) -> int:
        """The layer of a parameter of this encoder: embeddings 0, block i (from 0) i + 1, final norm the last."""
        part, *rest = name.split(".")
        if part == "blocks":
            return int(rest[0]) + 1
        return self.num_layers - 1 if part == "norm" else 0

    def embed(self, images: Tensor) -> Tensor:
        """Patch tokens ``(B, L, D)`` before masking, without position embedding."""
        embedded: Tensor = self.patch_embed(patchify(images, self.patch_size))
        return embedded

    def position_table(self, grid: tuple[int, int]) -> Tensor:
        """The position embedding ``(L, D)`` of a grid."""
        table: Tensor = self.positions(grid)
        return table

    def enter(self, images: Tensor) -> Tensor:
        """What the first block gets for full images ``(B, C, H, W)``: ``(B, 1 + L, D)``."""
        x = self.embed(images) + self.positions(self.grid_of(images))
        return torch.cat([self._class_token().expand(x.shape[0], -1, -1), x], dim=1)

    def forward(self, images: Tensor, mask: PatchMask | None = None, tokens: Tensor | None = None) -> Latent:
        """Encode ``(B, C, H, W)`` into ``(B, 1 + K, D)``, or ``(B, 1 + L, D)`` without a mask.

        Where the number of visible patches differs between images, tokens are packed.
        """
        grid = self.grid_of(images)
        packing = None
        if mask is None:
            x = self.enter(images)
        else:
            check_mask(mask, images.shape[0], grid)
            x = self._visible(images, mask, tokens, grid)
            if mask.ragged is None:
                x = torch.cat([self._class_token().expand(x.shape[0], -1, -1), x], dim=1)
            else:
                packing = mask.ragged.packing(grid[0] * grid[1], len(x), self.prefix)
                x = packing.join(self._class_token()[0].expand(len(images), -1), x)
        x = self.norm(run_blocks(self.blocks, x, self.activation_checkpointing and self.training, packing))
        return Latent(x, grid, self.prefix, mask, "raster" if mask is None else "visible", packing)

    def _visible(self, images: Tensor, mask: PatchMask, tokens: Tensor | None, grid: tuple[int, int]) -> Tensor:
        """Embedded visible patches with positions ``(B, K, D)``, or packed."""
        if tokens is None:
            x = self.patch_embed(mask.take_visible(patchify(images, self.patch_size)))
        else:
            x = mask.take_visible(tokens)
        visible: Tensor = x + self.positions(grid, mask.visible_patches)
        return visible

    def _class_token(self) -> Tensor:
        return self.cls_token if isinstance(self.positions, Positions) else self.cls_token + self.positions.prefix
