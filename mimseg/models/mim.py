"""The one pretext algorithm: mask, encode, predict, compare."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, cast

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from ..ops.masking import PatchMask
from ..ops.patches import patchify, unpatchify
from ..registry import MODELS
from .backbones.base import Latent, MaskedEncoder
from .backbones.vit_blocks import compile_blocks
from .decoders import Neck
from .features import Pool, check_pool, pooled
from .image_scores import ScoredBy, check_scoring, check_weights, image_scores, patch_errors, scored_tasks, scoring_mask
from .masking import Decision, MaskGenerator
from .preprocessor import ImagePreprocessor
from .reading import Encoded
from .reconstruction import Reconstruction
from .step import Need, Step, Want
from .targets import PatchLossTarget, PixelTarget
from .tasks import Task
from .teachers import Student, Teacher, build_teachers
from .teachers.student import evaluating
from .wiring import check_alternate, check_parts, check_patches, check_switch, check_throwing, check_wiring


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
        alternate: names of tasks that take turns, one optimizer step each, instead of all in every step (GPA, section
            3.3, where "decoders work in an alternating way"; its public code sums their losses, as () does).
        compile: compile the transformer blocks with ``torch.compile``; a dict holds its options.

    Raises:
        ValueError: a score or target asks for what no teacher or earlier task gives, a teacher is asked for nothing,
            encoder, neck and masks do not go together, or tasks cannot take turns.
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
        alternate: Sequence[str] = (),
        compile: bool | dict[str, Any] = False,
    ) -> None:
        super().__init__(data_preprocessor=data_preprocessor)
        channels = {"in_channels": self.data_preprocessor.channels}
        self.encoder = MODELS.build(encoder, default_args=channels)
        width = self.encoder.embed_dim
        self.neck = Neck(width) if neck is None else MODELS.build(neck, default_args={"in_dim": width})
        self.masking = MODELS.build(masking)
        self.teachers = nn.ModuleDict(build_teachers(teachers or {}))
        self.tasks = nn.ModuleDict(build_each(tasks))
        if not self.tasks:
            raise ValueError(f"model.tasks={tasks}: there is no task to learn from; give at least one that is not None")
        self.progress = 1.0
        self.elapsed: float | None = None
        self.steps_done = 0
        self.alternate = tuple(alternate)
        check_alternate(self.alternate, self._tasks)
        check_parts(self.encoder, self.neck, self.masking, self._tasks)
        check_wiring(self._tasks, self._teachers, self._all_needs())
        self.encoder.tap({task.reads for task in self._tasks.values() if isinstance(task.reads, int)})
        for task in self._tasks.values():
            task.setup(self.encoder, self.neck.width, self._teachers)
        for task in self._tasks.values():
            task.start_from(self._tasks)
        modules: list[Any] = [self.encoder, *(task.decoder for task in self._tasks.values())]
        for module in modules:
            module.activation_checkpointing = activation_checkpointing
        for name, teacher in self._teachers.items():
            teacher.name = name
            teacher.setup(self.student, self._wanted(name, self._all_needs()))
        check_patches(self.encoder, self._tasks, self._teachers)
        check_throwing(self.encoder, self.masking, self._tasks)
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
        step, tasks = self._step(images), self._tasks_in_turn()
        self._look(step, tasks)
        step.mask = self.masking(step)
        losses = self._run_tasks(tasks, self._encode(step), step)
        if self.masking.ratio.takes_score:
            losses["mask_ratio"] = step.mask.mask.float().mean()
        return losses

    def loss_under(self, images: Tensor, mask: PatchMask) -> dict[str, Tensor]:
        """The losses of normalised images ``(B, C, H, W)`` under given masks ``(B, L)``, with all tasks at work."""
        step = self._step(images, mask)
        self._look(step, self._tasks)
        return self._run_tasks(self._tasks, self._encode(step), step)

    def _step(self, images: Tensor, mask: PatchMask | None = None) -> Step:
        return Step(images, self.encoder.patch_size, self.encoder.grid_of(images), self.progress, mask=mask)

    def _encode(self, step: Step) -> Encoded:
        """What the decoders get of the images under the step's mask."""
        return Encoded(self.encoder(step.images, step.mask, step.tokens), self.neck)

    def _run_tasks(self, tasks: Mapping[str, Task], encoded: Encoded, step: Step) -> dict[str, Tensor]:
        losses = {}
        for name, task in tasks.items():
            full = task.train_input == "full"
            seen = self._encode_all(step, task.detach) if full else encoded.read_by(task)
            losses[f"loss_{name}"], per_patch = task(seen, step)
            if per_patch is not None:
                step.patch_losses[name] = per_patch
        return losses

    def _encode_all(self, step: Step, detach: bool) -> Latent:
        """What the decoders get of the full images, to be read at the masked patches."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and not detach):
            latent: Latent = self.neck(self.encoder(step.images))
        return replace(latent, mask=step.mask)

    def _look(self, step: Step, tasks: Mapping[str, Task]) -> None:
        """Run the teachers, and embed all patches, for what this step reads, and for nothing else.

        Args:
            step: gets what they saw.
            tasks: those that will read it.
        """
        needs = {need for task in tasks.values() for need in task.target.needs}
        scored = step.mask is None and self.masking.score is not None
        if scored and self.masking.reads_score(step):
            needs |= self.masking.needs
            if self.masking.reads_tokens:
                step.tokens = self.encoder.embed(step.images)
                step.positions = self.encoder.position_table(step.grid)
        for name, teacher in self._teachers.items():
            if wanted := self._wanted(name, needs):
                step.views[name] = teacher.look(step.images, wanted)

    def _active_tasks(self) -> dict[str, Task]:
        return {name: task for name, task in self._tasks.items() if task.active(self.progress, self.elapsed)}

    def _tasks_in_turn(self) -> dict[str, Task]:
        """The active tasks without those of ``alternate`` that it is not the turn of."""
        tasks = self._active_tasks()
        turns = [name for name in self.alternate if name in tasks]
        waiting = set(turns) - {turns[self.steps_done % len(turns)]} if turns else set()
        return {name: task for name, task in tasks.items() if name not in waiting}

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
        self.progress, self.elapsed = progress, None

    def set_position(self, elapsed: float, steps_done: int) -> None:
        """Tell the model where in the run a batch is: tasks end and take turns by it. Call after :meth:`set_progress`.

        Args:
            elapsed: share of the epochs that lie behind.
            steps_done: optimizer steps that lie behind.
        """
        self.elapsed, self.steps_done = elapsed, steps_done

    def switch_task(self, name: str, on: bool) -> None:
        """Let a task take part from now on, or leave it out of every step: off, it costs nothing and learns nothing.

        Raises:
            ValueError: there is no such task, or another task or a teacher needs it.
        """
        check_switch(name, on, self._tasks, self._teachers)
        self._tasks[name].on = on

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
        step = self._step(images)
        self._look(step, {})
        return self.masking.decide(step, generator)

    @torch.no_grad()
    def reconstruct(self, images: Tensor, generator: torch.Generator | None = None) -> Reconstruction:
        """Mask normalised images ``(B, C, H, W)`` as in training and predict what is hidden, with the first task."""
        step = self._step(images)
        self._look(step, self._active_tasks())
        decision = self.masking.decide(step, generator)
        mask = step.mask = decision.mask
        task = next(iter(self._tasks.values()))
        predicted = task.decoder(self._encode(step).read_by(task))
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

    @property
    def predicts_loss(self) -> bool:
        """Whether a task predicts losses; then :meth:`predict_loss` does."""
        return any(isinstance(task.target, PatchLossTarget) for task in self._tasks.values())

    @torch.no_grad()
    def predict_loss(self, images: Tensor) -> Tensor | None:
        """The loss expected at every patch ``(B, L)`` of full images, by a teacher or else by the student."""
        needs = self._all_needs()
        for name, teacher in self._teachers.items():
            if "predicted_loss" in self._wanted(name, needs):
                return teacher.look(images, frozenset({"predicted_loss"})).predicted_loss
        for task in self._tasks.values():
            if isinstance(task.target, PatchLossTarget):
                scores: Tensor = task.decoder(self.neck(self.encoder(images))).squeeze(-1)
                return scores
        return None

    @torch.no_grad()
    def score_images(
        self,
        images: Tensor,
        *,
        by: ScoredBy = "predicted",
        tau: float | None = None,
        squared: bool = True,
        noise: Tensor | None = None,
    ) -> Tensor:
        """How badly masked patches of normalised images are predicted ``(B)``, in evaluation mode (PASS, Eq. 3 and 8).

        Args:
            images: ``(B, C, H, W)``.
            by: mask the patches of the highest predicted losses, or random ones.
            tau: weigh the masked patches by ``softmax(predicted loss / tau)`` (Eq. 7), whichever they are; None weighs
                them alike.
            squared: score by the squared L2 distance of the first task; False: by all tasks' own weighted losses.
            noise: uniform ``(B, units)`` for random masks.

        Raises:
            ValueError: a loss is needed that nothing predicts, a temperature that is not positive, or missing noise.
        """
        check_scoring(by, tau)
        with evaluating(self):
            step, tasks = self._step(images), scored_tasks(self._tasks, self.progress, squared)
            predicted = self.predict_loss(images) if by == "predicted" or tau is not None else None
            step.mask = scoring_mask(by, self.masking, step, predicted, noise)
            check_weights(tau, predicted)
            self._look(step, tasks)
            return image_scores(patch_errors(tasks, self._encode(step), step, squared), step.mask, predicted, tau)


def build_each(configs: Mapping[str, dict[str, Any] | None]) -> dict[str, nn.Module]:
    """Modules by name; a None leaves its name out."""
    return {name: MODELS.build(cfg) for name, cfg in configs.items() if cfg is not None}
