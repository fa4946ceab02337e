"""A pretext task."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from torch import Tensor, nn

from ...choices import one_of
from ...registry import MODELS
from ..backbones.base import Latent, MaskedEncoder, Rows
from ..decoders.transformer import channel_mean
from ..step import Step
from ..targets.base import Target
from ..teachers.base import Teacher
from .losses import PatchLoss

TrainInput = Literal["visible", "full"]
Reads = Literal["neck", "encoder"] | int


@MODELS.register_module()
class Task(nn.Module):
    """decoder + target + loss.

    A task that does not take part, because of ``start``, ``end``, :meth:`MaskedImageModel.switch_task` or because it
    is another's turn, costs nothing and its decoder gets no gradient. With several processes set the config's
    ``find_unused_parameters=True`` then, and where ``shortcut_until`` passes by the decoder.

    Args:
        decoder: config of a decoder; its ``width`` and ``out_dim`` are derived.
        target: config of a :class:`Target`.
        loss: config of a :class:`PatchLoss`.
        weight: factor of its loss in the sum.
        start: progress above which it takes part.
        end: share of the epochs in which it takes part (PASS, Table 4, static-20 of 200 epochs: 0.1), however the
            progress of a method counts them.
        positions: predict and compare at the 'masked' patches, or at 'all'.
        reads: what its decoder gets: what the 'neck' makes of the encoder's tokens, as the other tasks; the 'encoder's
            own last tokens; or those that leave a block of it, by its 0-based number (distillation in FastMIM, 5.6).
        train_input: what a loss predictor is trained on: 'visible' patches with mask tokens for the others, like the
            reconstruction (HPM); or the 'full' image, as it is used, which takes another pass of the encoder.
        detach: keep its gradient out of neck and encoder, so that it changes nothing for the other tasks.
        shortcut_until: progress up to which the decoder is passed by: the prediction, a number per patch, is the mean
            over the channels of what the decoder is given (GPA's public code: 0.75).
        blocks_from: a task whose decoder's blocks its own start as a copy of (GPA's public code: those of the pixels).

    Raises:
        ValueError: a loss that does not go with the target, ``start`` and ``end`` that are not 0 <= start < end <= 1,
            ``shortcut_until`` outside [0, 1] or for a target that is no number, unknown ``positions``, ``train_input``
            or ``reads``, 'full' for a task that has to see less, or a loss predictor that does not read the neck,
            through which teachers ask it.

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
        reads: Reads = "neck",
        train_input: TrainInput = "visible",
        detach: bool = False,
        shortcut_until: float = 0.0,
        blocks_from: str | None = None,
    ) -> None:
        super().__init__()
        one_of("a task's positions", positions, Rows)
        one_of("a task's train_input", train_input, TrainInput)
        if isinstance(reads, bool) or (reads not in ("neck", "encoder") and not isinstance(reads, int)):
            raise ValueError(f"a task's reads must be 'neck', 'encoder' or the number of a block, got {reads!r}")
        if not 0 <= start < 1:
            raise ValueError(f"a task's start is a share of training in [0, 1), got {start}")
        if not start < end <= 1:
            raise ValueError(f"a task's end is a share of training in ({start}, 1], after its start, got {end}")
        if not 0 <= shortcut_until <= 1:
            raise ValueError(f"a task's shortcut_until is a share of training in [0, 1], got {shortcut_until}")
        self.positions: Rows = positions
        self.reads: Reads = reads
        self.target: Target = MODELS.build(target)
        self.criterion: PatchLoss = MODELS.build(loss)
        self.weight, self.start, self.end, self.on = weight, start, end, True
        self.train_input: TrainInput = train_input
        self.detach = detach
        self.shortcut_until, self.blocks_from = shortcut_until, blocks_from
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
        if self.predicts_losses and self.reads != "neck":
            raise ValueError(f"a task with {target} reads the neck, as it is asked; drop reads={self.reads!r}")
        if self.train_input == "full" and not self.predicts_losses:
            raise ValueError(
                f"a task with {target} that sees the full image has nothing to predict; drop train_input='full'"
            )

    @property
    def predicts_losses(self) -> bool:
        """Whether it predicts another task's losses rather than what is in the patches."""
        return bool(self.target.needs_loss_of)

    def setup(self, encoder: MaskedEncoder, neck_width: int, teachers: Mapping[str, Teacher]) -> None:
        """Build the decoder, once everything that its sizes follow from is there."""
        width = neck_width if self.reads == "neck" else encoder.embed_dim
        derived = {"width": width, "out_dim": self.target.out_dim(encoder, teachers)}
        if self.shortcut_until and (derived["out_dim"] != 1 or encoder.split > 1):
            raise ValueError(
                f"shortcut_until={self.shortcut_until} predicts one number a patch, {type(self.target).__name__} has "
                f"{derived['out_dim'] * encoder.split**2} a token; drop shortcut_until"
            )
        if encoder.split > 1:
            derived["split"] = encoder.split
        self.decoder = MODELS.build(self.decoder_cfg, default_args=derived)

    def start_from(self, tasks: Mapping[str, "Task"]) -> None:
        """Let the blocks of the decoder start as a copy of another task's, if ``blocks_from`` names one.

        Raises:
            ValueError: there is no such task, or its decoder has no blocks of this number and size.
        """
        if self.blocks_from is None:
            return
        if self.blocks_from not in tasks or tasks[self.blocks_from] is self:
            others = ", ".join(name for name, task in tasks.items() if task is not self)
            raise ValueError(f"a task's blocks_from={self.blocks_from!r} is no other task; there are: {others}")
        mine, theirs = (getattr(task.decoder, "blocks", None) for task in (self, tasks[self.blocks_from]))
        if mine is None or theirs is None or sizes_of(mine) != sizes_of(theirs):
            raise ValueError(
                f"a task's blocks_from={self.blocks_from!r} copies a decoder's blocks: give both tasks a "
                "TransformerDecoder of one depth, width and number of heads"
            )
        mine.load_state_dict(theirs.state_dict())

    def active(self, progress: float, elapsed: float | None = None) -> bool:
        """Whether the task takes part.

        Args:
            progress: fraction of training done, as the method counts it.
            elapsed: share of the epochs that lie behind; None takes ``progress`` as (e + 1) / E.
        """
        started = progress > self.start or self.start == 0
        over = progress > self.end if elapsed is None else elapsed >= self.end
        return self.on and started and (not over or self.end == 1)

    def predict(self, latent: Latent, step: Step, rows: Rows = "masked", exact: bool = False) -> Tensor:
        """What the decoder makes of a latent, or while ``shortcut_until`` has it so, the mean over its channels.

        Args:
            latent: what the decoder is given.
            step: tells the progress.
            rows: at which patches.
            exact: see the decoder's.
        """
        if self.shortcut_until and step.progress <= self.shortcut_until:
            return channel_mean(latent, rows)
        predicted: Tensor = self.decoder(latent, rows, exact=exact)
        return predicted

    def forward(self, latent: Latent, step: Step) -> tuple[Tensor, Tensor | None]:
        """The weighted loss, and the detached loss per patch to predict if there is one: ``(B, M)``, or packed."""
        if self.detach:
            latent = replace(latent, tokens=latent.tokens.detach())
        if self.positions == "all":
            total, per_patch = self.criterion(self.predict(latent, step, "all"), self.target(step, "all"))
            if per_patch is not None and step.mask is not None:
                per_patch = step.mask.take_masked(per_patch.unsqueeze(-1)).squeeze(-1)
        else:
            total, per_patch = self.criterion(self.predict(latent, step), self.target(step), step.mask)
        return self.weight * total, None if per_patch is None else per_patch.detach()

    def errors(self, latent: Latent, step: Step) -> Tensor:
        """Its own weighted loss of every masked patch ``(B, M)``, to be ranked: of predictions in fp32.

        Raises:
            ValueError: its loss is none of single patches.
        """
        _, per_patch = self.criterion(self.predict(latent, step, exact=True), self.target(step), step.mask)
        if per_patch is None:
            raise ValueError(f"{type(self.criterion).__name__} has no loss per patch to score images by")
        errors: Tensor = self.weight * per_patch
        return errors

    def distances(self, latent: Latent, step: Step) -> Tensor:
        """Squared L2 distance of prediction and target at the masked patches ``(B, M)``, to be ranked; as above."""
        return self.criterion.distance(self.predict(latent, step, exact=True), self.target(step))


def sizes_of(blocks: nn.Module) -> tuple[Any, ...]:
    """What two decoders' blocks have to have in common."""
    heads = [part.num_heads for part in blocks.modules() if hasattr(part, "num_heads")]
    return {name: value.shape for name, value in blocks.state_dict().items()}, heads


def build_tasks(configs: Mapping[str, dict[str, Any] | None]) -> dict[str, nn.Module]:
    """Build tasks by name; a None leaves its name out."""
    return {name: MODELS.build(cfg) for name, cfg in configs.items() if cfg is not None}
