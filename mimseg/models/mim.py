"""The one pretext algorithm: mask, encode, predict, compare."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from ..ops.masking import PatchMask
from ..ops.patches import patchify, unpatchify
from ..registry import MODELS
from .backbones.base import Latent, MaskedEncoder
from .backbones.blocks import compile_blocks
from .decoders import Neck
from .features import Pool, check_pool, pooled
from .masking import Decision, MaskGenerator
from .preprocessor import ImagePreprocessor
from .step import Need, Step, Want
from .targets import PatchLossTarget, PixelTarget
from .tasks import Task
from .teachers import Student, Teacher
from .wiring import check_parts, check_patches, check_wiring


@dataclass(frozen=True)
class Reconstruction:
    """What a model makes of some images, for people to look at.

    Attributes:
        mask: bool ``(B, L)``, True = masked.
        grid: patch grid ``(h, w)``.
        pixels: normalised images ``(B, C, H, W)`` with predictions in the masked patches; None without pixel target.
        patch_loss: ``(B, L)``, NaN where visible.
        predicted_loss: ``(B, L)`` of the full image, higher = harder; None without a loss predictor.
        note: which statistics undid a per-patch normalised target; empty if none had to.
        score: what the masks read ``(B, U)``, higher = masked first, over mask units; None if nothing.
        units: grid of the mask units (h, w), U = h * w.
        predict: bool ``(B, L)``, the hidden patches that are predicted: all, unless some are thrown away.
        predicted: what the first task predicts at these, as its target has it: ``(B, M, out_dim)``, or packed.
        patch_mask: the mask, with the index lists that belong to ``predicted``.
    """

    mask: Tensor
    grid: tuple[int, int]
    pixels: Tensor | None
    patch_loss: Tensor
    predicted_loss: Tensor | None
    note: str
    score: Tensor | None = None
    units: tuple[int, int] | None = None
    predict: Tensor | None = None
    predicted: Tensor | None = None
    patch_mask: PatchMask | None = None


@MODELS.register_module()
class MaskedImageModel(BaseModel):
    """Masked image modeling with any mask, encoder, targets and teachers.

    Args:
        data_preprocessor: config of :class:`ImagePreprocessor`.
        encoder: config of a :class:`MaskedEncoder`; ``in_channels`` follows from the preprocessor.
        neck: config of the module between encoder and decoders; ``in_dim`` follows from the encoder. None hands the
            decoders the tokens of a dense encoder as they are.
        masking: config of :class:`MaskGenerator`.
        tasks: configs of :class:`Task` by name, run in this order; None leaves an inherited one out.
        teachers: configs of :class:`Teacher` by name; None leaves an inherited one out.
        activation_checkpointing: recompute encoder and decoder blocks in the backward pass: less memory, more time.
        compile: compile the transformer blocks with ``torch.compile``; a dict holds its options.

    Raises:
        ValueError: a score or target asks for what no teacher or earlier task gives, a teacher is asked for nothing, or
            encoder, neck and masks do not go together.
    """

    data_preprocessor: ImagePreprocessor
    encoder: MaskedEncoder
    neck: Neck
    masking: MaskGenerator

    def __init__(
        self,
        data_preprocessor: dict[str, Any],
        encoder: dict[str, Any],
        neck: dict[str, Any] | None,
        masking: dict[str, Any],
        tasks: dict[str, dict[str, Any] | None],
        teachers: dict[str, dict[str, Any] | None] | None = None,
        activation_checkpointing: bool = False,
        compile: bool | dict[str, Any] = False,
    ) -> None:
        super().__init__(data_preprocessor=data_preprocessor)
        channels = {"in_channels": self.data_preprocessor.channels}
        self.encoder = MODELS.build(encoder, default_args=channels)
        width = self.encoder.embed_dim
        self.neck = Neck(width) if neck is None else MODELS.build(neck, default_args={"in_dim": width})
        self.masking = MODELS.build(masking)
        self.teachers = nn.ModuleDict(build_each(teachers or {}))
        self.tasks = nn.ModuleDict(build_each(tasks))
        self.progress = 1.0
        check_parts(self.encoder, self.neck, self.masking, self._tasks)
        check_wiring(self._tasks, self._teachers, self._all_needs())
        for task in self._tasks.values():
            task.setup(self.encoder, self.neck.width, self._teachers)
        modules: list[Any] = [self.encoder, *(task.decoder for task in self._tasks.values())]
        for module in modules:
            module.activation_checkpointing = activation_checkpointing
        for name, teacher in self._teachers.items():
            teacher.name = name
            teacher.setup(self.student, self._wanted(name, self._all_needs()))
        check_patches(self.encoder, self._tasks, self._teachers)
        if compile:
            options = dict(compile) if isinstance(compile, Mapping) else {}
            compile_blocks(self, {"dynamic": self.masking.ratio.per_sample, **options})

    @property
    def _tasks(self) -> dict[str, Task]:
        return cast("dict[str, Task]", dict(self.tasks.items()))

    @property
    def _teachers(self) -> dict[str, Teacher]:
        return cast("dict[str, Teacher]", dict(self.teachers.items()))

    def forward(
        self, inputs: Tensor, data_samples: list[Any] | None = None, mode: Literal["loss", "tensor"] = "loss"
    ) -> dict[str, Tensor] | Tensor:
        """Losses by name ('loss'), or pooled features ``(B, D)`` ('tensor'), of normalised images ``(B, C, H, W)``."""
        if mode == "loss":
            return self.loss(inputs)
        if mode == "tensor":
            return self.extract_features(inputs)
        raise ValueError(f"mode must be 'loss' or 'tensor', got {mode!r}")

    def loss(self, images: Tensor) -> dict[str, Tensor]:
        """One training step's losses, ``loss_<task>`` each; and the share of patches hidden, where it adapts."""
        step = Step(images, self.encoder.patch_size, self.encoder.grid_of(images), self.progress)
        self._look(step)
        step.mask = self.masking(step)
        latent = self.neck(self.encoder(images, step.mask, step.tokens))
        losses = self._run_tasks(latent, step)
        if self.masking.ratio.takes_score:
            losses["mask_ratio"] = step.mask.mask.float().mean()
        return losses

    def loss_under(self, images: Tensor, mask: PatchMask) -> dict[str, Tensor]:
        """The losses of normalised images ``(B, C, H, W)`` under given masks ``(B, L)``, with all tasks at work."""
        step = Step(images, self.encoder.patch_size, self.encoder.grid_of(images), progress=1.0, mask=mask)
        self._look(step)
        return self._run_tasks(self.neck(self.encoder(images, mask)), step)

    def _run_tasks(self, latent: Latent, step: Step) -> dict[str, Tensor]:
        losses = {}
        for name, task in self._active_tasks(step.progress).items():
            losses[f"loss_{name}"], per_patch = task(latent, step)
            if per_patch is not None:
                step.patch_losses[name] = per_patch
        return losses

    def _look(self, step: Step, tasks: bool = True) -> None:
        """Run the teachers, and embed all patches, for what this step reads, and for nothing else.

        Args:
            step: gets what they saw.
            tasks: whether the tasks will read anything.
        """
        active = self._active_tasks(step.progress).values() if tasks else ()
        needs = {need for task in active for need in task.target.needs}
        scored = step.mask is None and self.masking.score is not None
        if scored and self.masking.reads_score(step):
            needs |= self.masking.needs
            if self.masking.reads_tokens:
                step.tokens = self.encoder.embed(step.images)
                step.positions = self.encoder.position_table(step.grid)
        for name, teacher in self._teachers.items():
            if wanted := self._wanted(name, needs):
                step.views[name] = teacher.look(step.images, wanted)

    def _active_tasks(self, progress: float) -> dict[str, Task]:
        return {name: task for name, task in self._tasks.items() if task.active(progress)}

    @staticmethod
    def _wanted(teacher: str, needs: set[Need]) -> frozenset[Want]:
        return frozenset(what for name, what in needs if name == teacher)

    def _all_needs(self) -> set[Need]:
        return {need for task in self._tasks.values() for need in task.target.needs} | self.masking.needs

    @property
    def student(self) -> Student:
        """What teachers may copy."""
        decoders = {name: task.decoder for name, task in self._tasks.items()}
        return Student(self.encoder, self.neck, decoders, self.data_preprocessor)

    def set_progress(self, progress: float) -> None:
        """Tell the model the fraction of training done; schedules of masks and tasks follow it."""
        self.progress = progress

    def reset_teachers(self) -> None:
        """Let the teachers that follow the student start from its present weights."""
        for teacher in self._teachers.values():
            teacher.reset(self.student)

    def update_teachers(self, epoch: int) -> None:
        """Let the teachers follow the student; call once after every optimizer step of this 0-based epoch."""
        for teacher in self._teachers.values():
            teacher.update(self.student, epoch)

    @torch.no_grad()
    def extract_features(self, images: Tensor, pool: Pool = "avg") -> Tensor:
        """Features ``(B, D)`` of full images ``(B, C, H, W)``: mean of the patch tokens, or the class token.

        Raises:
            ValueError: unknown ``pool``.
        """
        return pooled(self.encoder, images, check_pool(pool, self.encoder))

    @torch.no_grad()
    def draw_masks(self, images: Tensor, generator: torch.Generator | None = None) -> Decision:
        """The masks of normalised images ``(B, C, H, W)`` as in training, and the score that they follow."""
        step = Step(images, self.encoder.patch_size, self.encoder.grid_of(images), self.progress)
        self._look(step, tasks=False)
        return self.masking.decide(step, generator)

    @torch.no_grad()
    def reconstruct(self, images: Tensor, generator: torch.Generator | None = None) -> Reconstruction:
        """Mask normalised images ``(B, C, H, W)`` as in training and predict what is hidden, with the first task."""
        step = Step(images, self.encoder.patch_size, self.encoder.grid_of(images), self.progress)
        self._look(step)
        decision = self.masking.decide(step, generator)
        mask = step.mask = decision.mask
        latent = self.neck(self.encoder(images, mask, step.tokens))
        task = next(iter(self._tasks.values()))
        predicted = task.decoder(latent)
        _, per_patch = task.criterion(predicted, task.target(step), mask)
        predict = mask.spread(torch.ones_like(per_patch)) > 0
        pixels, note = None, ""
        if isinstance(task.target, PixelTarget):
            content = task.target.to_pixels(predicted.float(), step)
            pixels = unpatchify(mask.put_masked(patchify(images, step.patch_size), content), step.patch_size, step.grid)
            if task.target.normalize:
                note = "per-patch mean and std of the input image undo the normalised-pixel target"
        return Reconstruction(
            mask.mask,
            step.grid,
            pixels,
            mask.spread(per_patch, float("nan")),
            self.predict_loss(images),
            note,
            decision.score,
            decision.units,
            predict,
            predicted,
            mask,
        )

    @torch.no_grad()
    def predict_loss(self, images: Tensor) -> Tensor | None:
        """The loss expected at every patch ``(B, L)`` of full images, by a teacher or else by the student."""
        needs = self._all_needs()
        for name, teacher in self._teachers.items():
            if "predicted_loss" in self._wanted(name, needs):
                return teacher.look(images, frozenset({"predicted_loss"})).predicted_loss
        for task in self._tasks.values():
            if isinstance(task.target, PatchLossTarget):
                scores: Tensor = task.decoder(self.neck(self.encoder(images))).squeeze(-1).float()
                return scores
        return None


def build_each(configs: Mapping[str, dict[str, Any] | None]) -> dict[str, nn.Module]:
    """Modules by name; a None leaves its name out."""
    return {name: MODELS.build(cfg) for name, cfg in configs.items() if cfg is not None}
