"""The sparse ViT encoder of MAE: masked patches never enter it."""

from typing import Literal

import torch
from torch import Tensor, nn

from ...choices import one_of
from ...ops.masking import PatchMask
from ...ops.patches import patchify
from ...registry import MODELS
from .archs import find_arch
from .base import Latent, check_mask
from .init import init_plain, init_transformer
from .plain_vit import ARCHS, PlainViT, ViTArch
from .positions import LearnedPositions, Positions, make_positions
from .vit_blocks import Linear, make_blocks, run_blocks


@MODELS.register_module()
class SparseViT(PlainViT):
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

    sparse = True
    leaves_out = True

    positions: Positions | LearnedPositions

    def __init__(
        self,
        arch: str | ViTArch = "base",
        patch_size: int = 16,
        in_channels: int = 3,
        drop_path: float = 0.0,
        positions: Literal["sincos", "sincos_per_grid", "learned"] = "sincos",
        image_size: int | tuple[int, int] | None = None,
        init: Literal["xavier", "normal"] = "xavier",
    ) -> None:
        size = find_arch(arch, ARCHS, "ViT")
        one_of("encoder.init", init, ("xavier", "normal"))
        super().__init__(patch_size, in_channels, size["embed_dim"])
        self.patch_embed = Linear(patch_size * patch_size * in_channels, self.embed_dim)
        self.cls_token = nn.Parameter(torch.empty(1, 1, self.embed_dim))
        self.positions = make_positions(positions, self.embed_dim, patch_size, image_size)
        self.blocks = make_blocks(self.embed_dim, size["depth"], size["num_heads"], drop_path)
        self.norm = nn.LayerNorm(self.embed_dim, eps=1e-6)
        (init_transformer if init == "xavier" else init_plain)(self)

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
                x = torch.cat([self.class_token().expand(x.shape[0], -1, -1), x], dim=1)
            else:
                packing = mask.ragged.packing(grid[0] * grid[1], len(x), self.prefix)
                x = packing.join(self.class_token()[0].expand(len(images), -1), x)
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
