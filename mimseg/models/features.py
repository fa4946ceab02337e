"""An encoder as a feature extractor."""

from typing import Any, Literal

import torch
from mmengine.model import BaseModel
from torch import Tensor

from ..choices import one_of
from ..registry import MODELS
from .backbones.base import MaskedEncoder
from .preprocessor import ImagePreprocessor

Pool = Literal["avg", "cls"]


@MODELS.register_module()
class FeatureExtractor(BaseModel):
    """An encoder shown whole images, and one vector per image: what k-NN and classifiers look at.

    Args:
        data_preprocessor: config of :class:`ImagePreprocessor`.
        encoder: config of a :class:`MaskedEncoder`; ``in_channels`` follows from the preprocessor.
        pool: 'avg' takes the mean of the patch tokens, 'cls' the class token.

    Raises:
        ValueError: unknown ``pool``, or the class token of an encoder without one.
    """

    data_preprocessor: ImagePreprocessor
    encoder: MaskedEncoder

    def __init__(self, data_preprocessor: dict[str, Any], encoder: dict[str, Any], pool: Pool = "avg") -> None:
        super().__init__(data_preprocessor=data_preprocessor)
        self.encoder = MODELS.build(encoder, default_args={"in_channels": self.data_preprocessor.channels})
        self.pool: Pool = check_pool(pool, self.encoder)

    def forward(self, inputs: Tensor, data_samples: list[Any] | None = None, mode: str = "tensor") -> Any:
        """Features ``(B, D)`` of normalised images ``(B, C, H, W)`` ('tensor'); there is nothing to train.

        Raises:
            ValueError: another mode.
        """
        if mode != "tensor":
            raise ValueError(f"{type(self).__name__} gives features only: mode must be 'tensor', got {mode!r}")
        return self.extract_features(inputs)

    @torch.no_grad()
    def extract_features(self, images: Tensor, pool: Pool | None = None) -> Tensor:
        """Features ``(B, D)`` of normalised images ``(B, C, H, W)``; ``pool`` overrides the model's own."""
        return pooled(self.encoder, images, self.pool if pool is None else check_pool(pool, self.encoder))


def pooled(encoder: MaskedEncoder, images: Tensor, pool: Pool) -> Tensor:
    """One vector per whole image ``(B, D)``: the mean of its patch tokens, or its class token."""
    latent = encoder(images)
    features: Tensor = latent.patch_tokens.mean(dim=1) if pool == "avg" else latent.tokens[:, 0]
    return features


def check_pool(pool: str, encoder: MaskedEncoder) -> Pool:
    """``pool`` itself.

    Raises:
        ValueError: it is neither 'avg' nor 'cls', or the encoder has no class token.
    """
    if pool == "cls" and encoder.prefix == 0:
        raise ValueError(f"{type(encoder).__name__} has no class token; use pool='avg'")
    checked: Pool = one_of("pool", pool, Pool)
    return checked
