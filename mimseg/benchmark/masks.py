"""What masks cost, and how much they hide."""

import statistics
from collections.abc import Callable

import torch
from torch import Tensor, nn

from ..models import MaskedImageModel, Step, decide_masks
from ..models.masking import Score
from .stepping import Precision


class GivenScore(Score):
    """A score that costs nothing.

    Args:
        score: ``(B, L)``, the same in every step.
    """

    def __init__(self, score: Tensor) -> None:
        super().__init__()
        self.score = score

    def forward(self, step: Step) -> Tensor:
        """``(B, L)``."""
        return self.score


def is_adaptive(model: nn.Module) -> bool:
    """Whether the number of hidden patches follows from the images."""
    return isinstance(model, MaskedImageModel) and model.masking.ratio.needs_score


def ratios_taken(model: MaskedImageModel, images: Tensor, precision: Precision) -> Tensor:
    """The share of each image ``(B)`` that the model hides of normalised images ``(B, C, H, W)``."""
    with torch.autocast(images.device.type, torch.bfloat16, enabled=precision == "bf16"):
        mask = decide_masks(model, images).mask.mask
    return mask.float().mean(dim=1)


@torch.no_grad()
def masks_milliseconds(
    model: MaskedImageModel,
    image_shape: tuple[int, int, int],
    count: int,
    seconds: Callable[[Callable[[], object]], float],
) -> float:
    """Median time to make the masks of ``count`` images from given scores.

    Args:
        model: whose masks.
        image_shape: ``(C, H, W)``.
        count: images.
        seconds: times a call.
    """
    device = next(model.parameters()).device
    images = torch.zeros(1, 1, 1, 1, device=device).expand(count, *image_shape)
    step = Step(images, model.encoder.patch_size, model.encoder.grid_of(images), progress=1.0)
    score = model.masking.score
    if score is not None:
        model.masking.score = GivenScore(torch.randn(count, step.length, device=device))
    try:
        return 1000 * statistics.median(seconds(lambda: model.masking(step)) for _ in range(20))
    finally:
        model.masking.score = score
