"""A pretext task."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from ...registry import MODELS
from ..backbones.base import Latent, MaskedEncoder
from ..step import Step
from ..targets.base import Target
from ..teachers.base import Teacher
from .losses import PatchLoss


@MODELS.register_module()
class Task(nn.Module):
    """decoder + target + loss.

    Args:
        decoder: config of a decoder; its ``width`` and ``out_dim`` are derived.
        target: config of a :class:`Target`.
        loss: config of a :class:`PatchLoss`.
        weight: factor of its loss in the sum.
        start: share of training after which it begins; before that it costs nothing (with several processes set the
            config's ``find_unused_parameters=True``, because its decoder then has no gradient).
    """

    decoder: nn.Module

    def __init__(
        self,
        decoder: dict[str, Any],
        target: dict[str, Any],
        loss: dict[str, Any],
        weight: float = 1.0,
        start: float = 0.0,
    ) -> None:
        super().__init__()
        self.target: Target = MODELS.build(target)
        self.criterion: PatchLoss = MODELS.build(loss)
        self.weight, self.start = weight, start
        self.decoder_cfg = decoder
        if self.criterion.for_patch_losses != bool(self.target.reads):
            raise ValueError(
                f"{type(self.criterion).__name__} cannot be compared with {type(self.target).__name__}: relative and "
                "absolute losses go with PatchLossTarget, the others with pixels and features"
            )

    def setup(self, encoder: MaskedEncoder, width: int, teachers: Mapping[str, Teacher]) -> None:
        """Build the decoder, once everything that its sizes follow from is there."""
        derived = {"width": width, "out_dim": self.target.out_dim(encoder, teachers)}
        self.decoder = MODELS.build(self.decoder_cfg, default_args=derived)

    def active(self, progress: float) -> bool:
        """Whether the task takes part at this progress."""
        return progress > self.start or self.start == 0

    def forward(self, latent: Latent, step: Step) -> tuple[Tensor, Tensor | None]:
        """The weighted loss, and the detached loss per masked patch ``(B, M)`` if the criterion has one."""
        total, per_patch = self.criterion(self.decoder(latent), self.target(step))
        return self.weight * total, None if per_patch is None else per_patch.detach()
