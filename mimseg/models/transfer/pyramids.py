"""Pyramids of maps from the maps of a plain ViT, as necks of MMDetection and MMSegmentation.

Strides are for patches of 16 px: 4, 8, 16, 32 and 64. Maps of odd height or width are pooled with their last row or
column, so that cell i of a level with stride s always stands for the pixels from ``i * s``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule
from timm.layers import LayerNorm2d
from torch import Tensor, nn

from ...registry import MODELS


@MODELS.register_module()
class LN2d(LayerNorm2d):
    """LayerNorm over the channels of a map ``(B, D, h, w)``, as ``norm_cfg`` of convolutions.

    A channels-last map stays one, any other becomes contiguous; see :class:`PretrainedBackbone` for why that matters.

    Args:
        num_features: D.
        eps: added to the variance (ViTDet: 1e-6).
    """

    _abbr_ = "ln"

    def __init__(self, num_features: int, eps: float = 1e-6) -> None:
        super().__init__(num_features, eps=eps)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, D, h, w)`` to the same shape."""
        normed: Tensor = super().forward(x)
        last = x.is_contiguous(memory_format=torch.channels_last)
        return normed.contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)


@MODELS.register_module()
class SimplePyramid(BaseModule):
    """ViTDet's simple feature pyramid: all levels from the last map alone (Li et al. 2022, section 3).

    Strides 4 and 8 come from one or two 2 x 2 deconvolutions, 32 from max pooling; then every level has a 1 x 1 and a
    3 x 3 convolution without bias, each before a LayerNorm. Further levels take every other cell of the one before.

    Args:
        in_channels: width D of the map, a multiple of 4.
        out_channels: channels of all levels.
        num_outs: number of levels, at least 4.

    Raises:
        ValueError: the width is no multiple of 4, or fewer than 4 levels.
    """

    def __init__(self, in_channels: int, out_channels: int = 256, num_outs: int = 5) -> None:
        super().__init__()
        if in_channels % 4:
            raise ValueError(f"model.neck.in_channels={in_channels} must be a multiple of 4")
        if num_outs < 4:
            raise ValueError(f"model.neck.num_outs={num_outs} must be at least 4, the strides 4, 8, 16 and 32")
        half, quarter = in_channels // 2, in_channels // 4
        self.more = num_outs - 4
        self.scales = nn.ModuleList(
            [
                nn.Sequential(_double(in_channels, half), LN2d(half), nn.GELU(), _double(half, quarter)),
                _double(in_channels, half),
                nn.Identity(),
                _halve(),
            ]
        )
        widths = (quarter, half, in_channels, in_channels)
        self.outputs = nn.ModuleList(_output(width, out_channels) for width in widths)

    def forward(self, maps: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Maps of which the last ``(B, D, h, w)`` counts, to levels of 4 h, 2 h, h, h / 2, ... rows, rounded up."""
        pairs = zip(self.scales, self.outputs, strict=True)
        levels: list[Tensor] = [output(scale(maps[-1])) for scale, output in pairs]
        for _ in range(self.more):
            levels.append(F.max_pool2d(levels[-1], 1, stride=2))
        return tuple(levels)


@MODELS.register_module()
class FourTapPyramid(BaseModule):
    """Four maps of a ViT at strides 4, 8, 16 and 32, width unchanged, from the earliest block to the latest.

    By two deconvolutions with a norm and GELU between, one, none, and max pooling: what BEiT, MAE's "Benchmarking" and
    the MAE configs of MMSegmentation have between blocks and an FPN or UPerHead.

    Args:
        in_channels: width D of the maps.
        norm_cfg: norm between the two deconvolutions (detection: ``dict(type="GN", num_groups=32)``, segmentation:
            ``dict(type="SyncBN")``).
    """

    def __init__(self, in_channels: int, norm_cfg: Mapping[str, Any]) -> None:
        super().__init__()
        first = _double(in_channels, in_channels), make_norm(norm_cfg, in_channels), nn.GELU()
        self.scales = nn.ModuleList(
            [
                nn.Sequential(*first, _double(in_channels, in_channels)),
                _double(in_channels, in_channels),
                nn.Identity(),
                _halve(),
            ]
        )

    def forward(self, maps: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Four maps ``(B, D, h, w)`` to levels of 4 h, 2 h, h and h / 2 rows, rounded up.

        Raises:
            ValueError: not four maps.
        """
        if len(maps) != len(self.scales):
            raise ValueError(f"FourTapPyramid needs 4 maps, got {len(maps)}; set model.backbone.taps to 4 blocks")
        return tuple(scale(x) for scale, x in zip(self.scales, maps, strict=True))


def make_norm(config: Mapping[str, Any], channels: int) -> nn.Module:
    """Build a norm of MMCV's ``norm_cfg``."""
    norm: nn.Module = build_norm_layer(dict(config), channels)[1]
    return norm


def _double(in_channels: int, channels: int) -> nn.Module:
    return nn.ConvTranspose2d(in_channels, channels, 2, stride=2)


def _halve() -> nn.Module:
    return nn.MaxPool2d(2, ceil_mode=True)


def _output(in_channels: int, channels: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(in_channels, channels, 1, bias=False),
        LN2d(channels),
        nn.Conv2d(channels, channels, 3, padding=1, bias=False),
        LN2d(channels),
    )
