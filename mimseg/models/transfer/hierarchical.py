"""Swin, CMT, PVT, ConvNeXt and other hierarchical encoders for detection and segmentation."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ...registry import MODELS
from ..backbones.dense_encoder import HierarchicalEncoder
from .base import PretrainedBackbone

LEVELS = 4


@MODELS.register_module()
class HierarchicalBackbone(PretrainedBackbone):
    """The last four stages' maps of a hierarchical encoder, strides 4 to 32 in general, for any image size.

    A map of stride s has H / s rows, rounded up. A Swin fills up patches, windows and odd sides itself, stage by stage,
    as its public detector does; for other networks images are filled up with zeros to a multiple of the last stride,
    and maps are cut to what the image itself covers.

    Args:
        encoder: config of a :class:`DenseSwin` or :class:`DenseBackbone`. Swin's ``image_size``, a multiple of 32,
            decides which stages fit in one window, not shifted (public detectors never decide so; it matters where the
            last stage has no more tokens than a window); other images are taken, too.
        norms: end every stage with a LayerNorm, as public detectors of Swin and ConvNeXt do; the last stage with the
            encoder's own final norm, if it has one. Networks whose stages end with norms (PVT) need none.
        activation_checkpointing: recompute blocks in the backward pass: less memory, more time.
        init_cfg: see :class:`PretrainedBackbone`.

    Attributes:
        out_channels: widths of the maps.
        norms: a norm for each, or identities.

    Raises:
        ValueError: the encoder has no stages.
    """

    encoder: HierarchicalEncoder

    def __init__(
        self,
        encoder: Mapping[str, Any],
        norms: bool = True,
        activation_checkpointing: bool = False,
        init_cfg: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(encoder, init_cfg)
        if not isinstance(self.encoder, HierarchicalEncoder):
            kind = type(self.encoder).__name__
            raise ValueError(f"HierarchicalBackbone needs a DenseSwin or DenseBackbone as encoder, not a {kind}")
        self.out_channels = self._widths()
        self.norms = nn.ModuleList(nn.LayerNorm(width) if norms else nn.Identity() for width in self.out_channels)
        if norms and not isinstance(self.encoder.norm, nn.Identity):
            self.norms[-1] = nn.Identity()
        elif not norms:
            self.encoder.norm = nn.Identity()
        self.encoder.activation_checkpointing = activation_checkpointing

    @torch.no_grad()
    def _widths(self) -> tuple[int, ...]:
        """Of the stages, as a small blank image shows them."""
        self.encoder.eval()
        blank = torch.zeros(1, self.encoder.in_channels, 2 * self.stride, 2 * self.stride)
        widths = tuple(x.shape[1] for x in self.encoder.stage_maps(blank)[-LEVELS:])
        self.encoder.train()
        return widths

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Images ``(B, C, H, W)`` to four maps ``(B, D, H / s, W / s)``, rounded up."""
        padded = images if self.encoder.fills_up else self.pad(images)
        maps = self.encoder.stage_maps(padded)[-LEVELS:]
        maps[-1] = _normed(self.encoder.norm, maps[-1])
        maps = [_normed(norm, x) for norm, x in zip(self.norms, maps, strict=True)]
        return tuple(_cut(x, images, padded).contiguous() for x in maps)


def _normed(norm: nn.Module, x: Tensor) -> Tensor:
    """Normalise a map ``(B, D, h, w)`` over its channels."""
    if isinstance(norm, nn.Identity):
        return x
    normed: Tensor = norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    return normed


def _cut(x: Tensor, images: Tensor, padded: Tensor) -> Tensor:
    """Cut from a map of padded images the cells that hold nothing of the images."""
    high, wide = (
        -(-side * cells // whole)
        for side, cells, whole in zip(images.shape[2:], x.shape[2:], padded.shape[2:], strict=True)
    )
    return x[:, :, :high, :wide]
