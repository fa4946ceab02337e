"""A pretext task."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, get_args

from torch import Tensor, nn

from ...registry import MODELS
from ..backbones.base import Latent, MaskedEncoder, Rows
from ..step import Step
from ..targets.base import Target
from ..teachers.base import Teacher
from .losses import PatchLoss

TrainInput = Literal["visible", "full"]


@MODELS.register_module()
class Task(nn.Module):
    """decoder + target + loss.

    A task that does not take part, because of ``start``, ``end`` or :meth:`MaskedImageModel.switch_task`, costs nothing
    and its decoder gets no gradient. With several processes set the config's ``find_unused_parameters=True`` then.

    Args:
        decoder: config of a decoder; its ``width`` and ``out_dim`` are derived.
        target: config of a :class:`Target`.
        loss: config of a :class:`PatchLoss`.
        weight: factor of its loss in the sum.
        start: share of training after which it begins.
        end: share of training after which it ends (PASS, Table 4, static-20 of 200 epochs: 0.1).
        positions: predict and compare at the 'masked' patches, or at 'all'.
        train_input: what a loss predictor is trained on: 'visible' patches with mask tokens for the others, like the
            reconstruction (HPM); or the 'full' image, as it is used, which takes another pass of the encoder.
        detach: keep its gradient out of neck and encoder, so that it changes nothing for the other tasks.

    Raises:
        ValueError: a loss that does not go with the target, ``start`` and ``end`` that are not 0 <= start < end <= 1,
            unknown ``positions`` or ``train_input``, or 'full' for a task that has to see less.

    Attributes:
        on: whether it takes part between ``start`` and ``end``.
    """

    decoder: nn.Module

    def __init__(
        self,
        decoder: dict[str, Any],
        target: dict[str, Any],
        loss: dict[str, Any],
        weight: float = 1.0,
        start: float = 0.0,
        end: float = 1.0,
        positions: Rows = "masked",
        train_input: TrainInput = "visible",
        detach: bool = False,
    ) -> None:
        super().__init__()
        check_choice("positions", positions, get_args(Rows))
        check_choice("train_input", train_input, get_args(TrainInput))
        if not 0 <= start < 1:
            raise ValueError(f"a task's start is a share of training in [0, 1), got {start}")
        if not start < end <= 1:
            raise ValueError(f"a task's end is a share of training in ({start}, 1], after its start, got {end}")
        self.positions: Rows = positions
        self.target: Target = MODELS.build(target)
        self.criterion: PatchLoss = MODELS.build(loss)
        self.weight, self.start, self.end, self.on = weight, start, end, True
        self.train_input: TrainInput = train_input
        self.detach = detach
        self.decoder_cfg = decoder
        self._check_target()

    def _check_target(self) -> None:
        target = type(self.target).__name__
        if self.criterion.for_patch_losses != self.predicts_losses:
            raise ValueError(
                f"{type(self.criterion).__name__} cannot be compared with {target}: relative and "
                "absolute losses go with PatchLossTarget, the others with pixels and features"
            )
        if self.predicts_losses and self.positions == "all":
            raise ValueError(f"{target} has values at the masked patches only; drop positions='all'")
        if self.train_input == "full" and not self.predicts_losses:
            raise ValueError(
                f"a task with {target} that sees the full image has nothing to predict; drop train_input='full'"
            )

    @property
    def predicts_losses(self) -> bool:
        """Whether it predicts another task's losses rather than what is in the patches."""
        return bool(self.target.reads)

    def setup(self, encoder: MaskedEncoder, width: int, teachers: Mapping[str, Teacher]) -> None:
        """Build the decoder, once everything that its sizes follow from is there."""
        derived = {"width": width, "out_dim": self.target.out_dim(encoder, teachers)}
        if encoder.split > 1:
            derived["split"] = encoder.split
        self.decoder = MODELS.build(self.decoder_cfg, default_args=derived)

    def active(self, progress: float) -> bool:
        """Whether the task takes part at this progress."""
        return self.on and (progress > self.start or self.start == 0) and (progress <= self.end or self.end == 1)

    def forward(self, latent: Latent, step: Step) -> tuple[Tensor, Tensor | None]:
        """The weighted loss, and the detached loss per patch to predict if there is one: ``(B, M)``, or packed."""
        if self.detach:
            latent = replace(latent, tokens=latent.tokens.detach())
        if self.positions == "all":
            total, per_patch = self.criterion(self.decoder(latent, "all"), self.target(step, "all"))
            if per_patch is not None and step.mask is not None:
                per_patch = step.mask.take_masked(per_patch.unsqueeze(-1)).squeeze(-1)
        else:
            total, per_patch = self.criterion(self.decoder(latent), self.target(step), step.mask)
        return self.weight * total, None if per_patch is None else per_patch.detach()

    def errors(self, latent: Latent, step: Step) -> Tensor:
        """Its own weighted loss of every masked patch ``(B, M)``, to be ranked: of predictions in fp32.

        Raises:
            ValueError: its loss is none of single patches.
        """
        _, per_patch = self.criterion(self.decoder(latent, exact=True), self.target(step), step.mask)
        if per_patch is None:
            raise ValueError(f"{type(self.criterion).__name__} has no loss per patch to score images by")
        errors: Tensor = self.weight * per_patch
        return errors

    def distances(self, latent: Latent, step: Step) -> Tensor:
        """Squared L2 distance of prediction and target at the masked patches ``(B, M)``, to be ranked; as above."""
        return self.criterion.distance(self.decoder(latent, exact=True), self.target(step))


def check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Refuse an unknown word.

    Raises:
        ValueError: it is none of ``choices``.
    """
    if value not in choices:
        raise ValueError(f"a task's {name} must be one of {', '.join(choices)}, got {value!r}")
