"""From the loader's batch to normalised images on the model's device."""

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.model import BaseDataPreprocessor

from ..registry import MODELS


@MODELS.register_module()
class ImagePreprocessor(BaseDataPreprocessor):
    """Move the images to the device, stack them if the loader did not, and normalise them per channel.

    Data samples stay where they are: what of them a model needs (labels) it moves in one piece.

    The length of ``mean`` is the number of image channels: the encoder derives ``in_channels`` from it.

    Args:
        mean: per-channel mean on the scale of the loaded images (0 to 255 for 8-bit files).
        std: per-channel standard deviation on the same scale.

    Raises:
        ValueError: lengths differ, a deviation is not positive, or a batch has another number of channels.
    """

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__(non_blocking=True)
        if len(mean) != len(std):
            raise ValueError(f"data_preprocessor: {len(mean)} means but {len(std)} stds; give one of each per channel")
        if min(std) <= 0:
            raise ValueError(f"data_preprocessor: std must be positive, got {list(std)}")
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32).view(-1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32).view(-1, 1, 1), persistent=False)

    @property
    def channels(self) -> int:
        """Number of image channels."""
        return len(self.mean)

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Normalise ``data["inputs"]``: uint8 or float ``(B, C, H, W)``, or a list of ``(C, H, W)``."""
        images = self.cast_data(data["inputs"])
        if not isinstance(images, torch.Tensor):
            images = torch.stack(list(images))
        if images.ndim != 4 or images.shape[1] != self.channels:
            raise ValueError(
                f"images have shape {tuple(images.shape)} (B, C, H, W) but data_preprocessor.mean has "
                f"{self.channels} channels; set mean and std, or the loader's channels, to agree"
            )
        return {"inputs": (images.float() - self.mean) / self.std, "data_samples": data.get("data_samples")}
