"""Uniform masks: the same number visible everywhere (UM-MAE)."""

import torch
from torch import Tensor

from ....registry import MODELS
from .base import Draw, Policy


@MODELS.register_module()
class UniformPolicy(Policy):
    """Exactly one of every 2x2 patches stays visible (UM-MAE, uniform sampling), so the ratio is 0.75.

    Which one is drawn from a balanced pool, as in UM-MAE's public code: it holds each of the four places equally often,
    and about twice as many entries as there are squares, drawn without replacement. So the four places are visible
    more equally often within an image than by chance.

    The *secondary masking* of UM-MAE, which replaces 25 % of the visible tokens by a shared mask token, is not part of
    a policy: it changes what the encoder reads, not which patches are predicted.
    """

    needs_score = False
    ragged = False

    def check_ratio(self, lowest: float, highest: float) -> None:
        """Only 0.75 will do."""
        if abs(lowest - 0.75) + abs(highest - 0.75) > 1e-6:
            raise ValueError(
                "UniformPolicy masks three of every four patches; set masking.ratio to "
                "dict(type='FixedRatio', ratio=0.75)"
            )

    def noise_per_image(self, length: int) -> int:
        """One number for each entry of the pool: at least two a square of four, a multiple of four."""
        return 4 * -(-length // 8)

    def forward(self, draw: Draw) -> Tensor:
        """Bool ``(B, U)``, three of each 2x2 True.

        Raises:
            ValueError: an odd grid.
        """
        h, w = draw.grid
        if h % 2 or w % 2:
            raise ValueError(f"UniformPolicy needs even numbers of patches, got a {h}x{w} grid; use another image size")
        place = draw.noise.argsort(dim=1)[:, : h * w // 4] % 4  # entry i of the pool stands for place i % 4
        hidden = place.unsqueeze(-1) != torch.arange(4, device=draw.noise.device)
        return hidden.view(-1, h // 2, w // 2, 2, 2).transpose(2, 3).reshape(-1, h * w)
