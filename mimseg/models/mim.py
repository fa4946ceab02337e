"""The one pretext algorithm: mask, encode, predict, compare."""

from collections.abc import Mapping, Sequence, Set
from typing import Any, Literal, cast

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from ..ops.masking import PatchMask
from ..registry import MODELS
from .backbones.base import MaskedEncoder
from .backbones.vit_blocks import compile_blocks
from .decoders import Neck
from .features import Pool, check_pool, pooled
from .masking import MaskGenerator
from .preprocessor import ImagePreprocessor
from .reading import Encoded
from .step import EMBEDDING, Need, Step, Want
from .tasks import Task, build_tasks
from .teachers import Student, Teacher, build_teachers
from .wiring import check_built, check_parts, check_switch, check_wiring


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
        self.encoder = MODELS.build(encoder, default_args={"in_channels": self.data_preprocessor.channels})
        width = self.encoder.embed_dim
        self.neck = Neck(width) if neck is None else MODELS.build(neck, default_args={"in_dim": width})
        self.masking = MODELS.build(masking)
        self.teachers = nn.ModuleDict(build_teachers(teachers or {}))
        self.tasks = nn.ModuleDict(build_tasks(tasks))
        if not self.tasks:
            raise ValueError(f"model.tasks={tasks}: there is no task to learn from; give at least one that is not None")
        self.progress = 1.0
        self.elapsed: float | None = None
        self.steps_done = 0
        self.alternate = tuple(alternate)
        check_parts(self.encoder, self.neck, self.masking, self.named_tasks)
        check_wiring(self.named_tasks, self.named_teachers, self.all_needs(), self.alternate)
        self.encoder.tap({task.reads for task in self.named_tasks.values() if isinstance(task.reads, int)})
        for task in self.named_tasks.values():
            task.setup(self.encoder, self.neck.width, self.named_teachers)
        for task in self.named_tasks.values():
            task.start_from(self.named_tasks)
        modules: list[Any] = [self.encoder, *(task.decoder for task in self.named_tasks.values())]
        for module in modules:
            module.activation_checkpointing = activation_checkpointing
        for name, teacher in self.named_teachers.items():
            teacher.name = name
            teacher.setup(self.student, self.wanted_of(name, self.all_needs()))
        check_built(self.encoder, self.masking, self.named_tasks, self.named_teachers)
        if compile:
            options = compile if isinstance(compile, Mapping) else {}
            compile_blocks(self, {"dynamic": self.masking.ratio.per_sample, **options})

    @property
    def named_tasks(self) -> dict[str, Task]:
        """The tasks by name, in the order in which they run."""
        return cast("dict[str, Task]", dict(self.tasks.items()))

    @property
    def named_teachers(self) -> dict[str, Teacher]:
        """The teachers by name."""
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
        step, tasks = self.step(images), self._tasks_in_turn()
        self.look(step, tasks)
        step.mask = self.masking(step)
        losses = self._run_tasks(tasks, self.encode(step), step)
        if self.masking.ratio.needs_score:
            losses["mask_ratio"] = step.mask.mask.float().mean()
        return losses

    def loss_under(self, images: Tensor, mask: PatchMask) -> dict[str, Tensor]:
        """The losses of normalised images ``(B, C, H, W)`` under given masks ``(B, L)``, with all tasks at work."""
        step = self.step(images, mask)
        self.look(step, self.named_tasks)
        return self._run_tasks(self.named_tasks, self.encode(step), step)

    def step(self, images: Tensor, mask: PatchMask | None = None) -> Step:
        """Begin a step with normalised images ``(B, C, H, W)``, under a given mask or one to be made."""
        return Step(images, self.encoder.patch_size, self.encoder.grid_of(images), self.progress, mask=mask)

    def encode(self, step: Step) -> Encoded:
        """Encode the images under the step's mask, for the decoders."""
        return Encoded(self.encoder(step.images, step.mask, step.tokens), self.neck)

    def _run_tasks(self, tasks: Mapping[str, Task], encoded: Encoded, step: Step) -> dict[str, Tensor]:
        losses = {}
        for name, task in tasks.items():
            seen = encoded.unmasked(self.encoder, step, task) if task.train_input == "full" else encoded.read_by(task)
            losses[f"loss_{name}"], per_patch = task(seen, step)
            if per_patch is not None:
                step.patch_losses[name] = per_patch
        return losses

    def look(self, step: Step, tasks: Mapping[str, Task]) -> None:
        """Run the teachers, and embed all patches, for what this step reads, and for nothing else.

        Args:
            step: gets what they saw.
            tasks: those that will read it.
        """
        needs = {need for task in tasks.values() for need in task.target.needs}
        if step.mask is None and self.masking.needs_score(step):
            needs |= self.masking.needs
        if EMBEDDING in needs:
            step.tokens = self.encoder.embed(step.images)
            step.positions = self.encoder.position_table(step.grid)
        for name, teacher in self.named_teachers.items():
            if wanted := self.wanted_of(name, needs):
                step.views[name] = teacher.look(step.images, wanted)

    def active_tasks(self) -> dict[str, Task]:
        """The tasks that take part at this moment of the run."""
        return {name: task for name, task in self.named_tasks.items() if task.active(self.progress, self.elapsed)}

    def _tasks_in_turn(self) -> dict[str, Task]:
        """The active tasks without those of ``alternate`` that it is not the turn of."""
        tasks = self.active_tasks()
        turns = [name for name in self.alternate if name in tasks]
        waiting = set(turns) - {turns[self.steps_done % len(turns)]} if turns else set()
        return {name: task for name, task in tasks.items() if name not in waiting}

    @staticmethod
    def wanted_of(teacher: str, needs: Set[Need]) -> frozenset[Want]:
        """Pick what is wanted of one teacher."""
        return frozenset(what for name, what in needs if name == teacher)

    def all_needs(self) -> set[Need]:
        """What scores and targets ask of teachers and student in a run."""
        return {need for task in self.named_tasks.values() for need in task.target.needs} | self.masking.needs

    @property
    def student(self) -> Student:
        """What teachers may copy."""
        decoders = {name: task.decoder for name, task in self.named_tasks.items()}
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
        check_switch(name, on, self.named_tasks, self.named_teachers)
        self.named_tasks[name].on = on

    def reset_teachers(self) -> None:
        """Let the teachers that follow the student start from its present weights."""
        for teacher in self.named_teachers.values():
            teacher.reset(self.student)

    def update_teachers(self, epoch: int) -> None:
        """Let the teachers follow the student; call once after every optimizer step of this 0-based epoch."""
        for teacher in self.named_teachers.values():
            teacher.update(self.student, epoch)

    @torch.no_grad()
    def extract_features(self, images: Tensor, pool: Pool = "avg") -> Tensor:
        """Features ``(B, D)`` of full images ``(B, C, H, W)``: mean of the patch tokens, or the class token.

        Raises:
            ValueError: unknown ``pool``.
        """
        return pooled(self.encoder, images, check_pool(pool, self.encoder))
