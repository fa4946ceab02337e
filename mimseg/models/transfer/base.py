"""What backbones of detectors and segmentors share: an encoder from pre-training, its weights and its layers."""

from collections.abc import Mapping
from typing import Any

import torch.nn.functional as F
from mmengine.logging import print_log
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...registry import MODELS, WEIGHT_INITIALIZERS
from ..backbones.base import EncoderLayers, MaskedEncoder


class PretrainedBackbone(EncoderLayers, BaseModule):
    """A backbone of MMDetection and MMSegmentation around an encoder as it was pre-trained.

    The encoder keeps its parameters' names, so that any checkpoint of pre-training or fine-tuning fits. ``encoder`` and
    ``init_cfg`` are looked up among this project's classes, whatever the default scope is. Maps are contiguous: mmcv's
    RoIAlign does not look at strides, and takes wrong numbers from a channels-last map without a word.

    Args:
        encoder: config of a :class:`MaskedEncoder`.
        init_cfg: config of a weight initializer, of :class:`MIMPretrained` in general; None leaves weights random.

    Attributes:
        encoder: the encoder.
        stride: pixels a side of the tokens that it gives.
    """

    encoder: MaskedEncoder
    _is_init: bool

    def __init__(self, encoder: Mapping[str, Any], init_cfg: Mapping[str, Any] | None) -> None:
        super().__init__(init_cfg=None if init_cfg is None else dict(init_cfg))
        self.encoder = MODELS.build({"_scope_": "mimseg", **encoder})
        self.stride = self.encoder.patch_size * self.encoder.split
        if isinstance(token := getattr(self.encoder, "mask_token", None), nn.Parameter):
            token.requires_grad_(False)  # whole images never use it, and data parallelism waits for its gradient

    def init_weights(self) -> None:
        """Load the weights that ``init_cfg`` names, once."""
        if self._is_init:
            return
        if self.init_cfg:
            WEIGHT_INITIALIZERS.build({"_scope_": "mimseg", **self.init_cfg})(self)
        else:
            warn_random(self)
        self._is_init = True

    def pad(self, images: Tensor) -> Tensor:
        """Images ``(B, C, H, W)``, filled up with zeros at the right and bottom to multiples of the stride."""
        high, wide = (-side % self.stride for side in images.shape[2:])
        return F.pad(images, (0, wide, 0, high)) if high or wide else images


def warn_random(backbone: nn.Module) -> None:
    """Say in one line that a backbone starts from random weights."""
    print_log(
        f"{type(backbone).__name__} starts from random weights; for a checkpoint of pre-training set "
        "model.backbone.init_cfg.checkpoint",
        logger="current",
        level=30,
    )
