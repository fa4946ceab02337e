"""A pretext task."""

from collections.abc import Mapping
from typing import Any, get_args

from torch import Tensor, nn

from ...registry import MODELS
from ..backbones.base import Latent, MaskedEncoder, Rows
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
        positions: predict and compare at the 'masked' patches, or at 'all'.

    Raises:
        ValueError: a loss that does not go with the target, ``start`` outside [0, 1), or unknown ``positions``.
    """

    decoder: nn.Module

    def __init__(
        self,
        decoder: dict[str, Any],
        target: dict[str, Any],
        loss: dict[str, Any],
        weight: float = 1.0,
        start: float = 0.0,
        positions: Rows = "masked",
    ) -> None:
        super().__init__()
        if positions not in get_args(Rows):
            raise ValueError(f"a task's positions must be one of {', '.join(get_args(Rows))}, got {positions!r}")
        if not 0 <= start < 1:
            raise ValueError(f"a task's start is a share of training in [0, 1), got {start}")
        self.positions: Rows = positions
        self.target: Target = MODELS.build(target)
        self.criterion: PatchLoss = MODELS.build(loss)
        self.weight, self.start = weight, start
        self.decoder_cfg = decoder
        if self.criterion.for_patch_losses != bool(self.target.reads):
            raise ValueError(
                f"{type(self.criterion).__name__} cannot be compared with {type(self.target).__name__}: relative and "
                "absolute losses go with PatchLossTarget, the others with pixels and features"
            )
        if self.target.reads and positions == "all":
            raise ValueError(
                f"{type(self.target).__name__} has values at the masked patches only; drop positions='all'"
            )

    def setup(self, encoder: MaskedEncoder, width: int, teachers: Mapping[str, Teacher]) -> None:
        """Build the decoder, once everything that its sizes follow from is there."""
        derived = {"width": width, "out_dim": self.target.out_dim(encoder, teachers)}
        if encoder.split > 1:
            derived["split"] = encoder.split
        self.decoder = MODELS.build(self.decoder_cfg, default_args=derived)

    def active(self, progress: float) -> bool:
        """Whether the task takes part at this progress."""
        return progress > self.start or self.start == 0

    def forward(self, latent: Latent, step: Step) -> tuple[Tensor, Tensor | None]:
        """The weighted loss, and the detached loss per patch to predict if there is one: ``(B, M)``, or packed."""
        if self.positions == "all":
            total, per_patch = self.criterion(self.decoder(latent, "all"), self.target(step, "all"))
            if per_patch is not None and step.mask is not None:
                per_patch = step.mask.take_masked(per_patch.unsqueeze(-1)).squeeze(-1)
        else:
            total, per_patch = self.criterion(self.decoder(latent), self.target(step), step.mask)
        return self.weight * total, None if per_patch is None else per_patch.detach()
