"""The contract of teachers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from ...registry import MODELS
from ..backbones.attention_maps import Inside, observe
from ..backbones.base import BlockFeatures, Latent, MaskedEncoder
from ..preprocessor import ImagePreprocessor
from ..step import TeacherView, Want


@dataclass(frozen=True)
class Student:
    """The parts of a student that a teacher may copy or ask.

    Attributes:
        encoder: the student's encoder.
        neck: the projection that its decoders share.
        decoders: the tasks' decoders, by task name.
        preprocessor: how the images were normalised.
    """

    encoder: MaskedEncoder
    neck: nn.Module
    decoders: Mapping[str, nn.Module]
    preprocessor: ImagePreprocessor


class Teacher(nn.Module):
    """A network without gradient that looks at full images.

    Attributes:
        provides: what it can be asked for: 'features', 'predicted_loss', 'attention', 'block_features'.
        patch_size: side in pixels of the patches that its features are of, known after the set-up; None if unknown.
        moves: whether it follows the student, so that :meth:`update` has to be called after each step.
        name: its key in ``model.teachers``, for messages; the model sets it before the set-up.
    """

    provides: frozenset[str] = frozenset()
    patch_size: int | None = None
    moves = False
    name = "NAME"
    key = "model.teachers.NAME"
    """How messages name it in the config before it knows its name; :func:`build_teachers` puts that in."""

    def feature_dim(self, encoder: MaskedEncoder) -> int:
        """Width of the features it gives for a student with this encoder."""
        raise NotImplementedError

    def setup(self, student: Student, wanted: frozenset[Want]) -> None:
        """Take from the complete student what giving ``wanted`` takes; called once.

        Raises:
            ValueError: an attention map or a block's features are wanted that its encoder does not have.
        """
        raise NotImplementedError

    def look(self, images: Tensor, wanted: frozenset[Want]) -> TeacherView:
        """One forward pass over normalised images ``(B, C, H, W)`` that computes exactly what is wanted."""
        raise NotImplementedError

    def reset(self, student: Student) -> None:
        """Become the student as it is now; a teacher that does not follow the student does nothing."""

    def update(self, student: Student, epoch: int) -> None:
        """Follow the student after an optimizer step in this 0-based epoch; see :meth:`reset`."""

    def follows(self, task: str) -> bool:
        """Whether it copies this task's decoder, which therefore has to be trained."""
        return False

    def train(self, mode: bool = True) -> "Teacher":
        """Teachers always evaluate."""
        super().train(False)
        return self


def build_teachers(configs: Mapping[str, dict[str, Any] | None]) -> dict[str, nn.Module]:
    """Teachers by name; a None leaves its name out.

    Raises:
        ValueError: what a teacher refuses, with its key in the config.
        FileNotFoundError: a file that a teacher needs is not there, with its key in the config.
    """
    built = {}
    for name, cfg in configs.items():
        try:
            if cfg is not None:
                built[name] = MODELS.build(cfg)
        except (ValueError, FileNotFoundError) as error:
            if Teacher.key not in str(error):
                raise
            raise type(error)(str(error).replace(Teacher.key, f"model.teachers.{name}")) from error
    return built


def inside(wanted: frozenset[Want]) -> frozenset[Inside]:
    """What is wanted of an encoder's blocks: attention maps and features."""
    return frozenset(want for want in wanted if not isinstance(want, str))


def view(encoder: MaskedEncoder, images: Tensor, wanted: frozenset[Want]) -> tuple[TeacherView, Latent | None]:
    """What is wanted of full images, from one pass: features after the final norm, attention, features of blocks.

    Returns:
        That, and what the encoder gives; None where only its blocks are read, because then it stops early.
    """
    wants = inside(wanted)
    latent, seen = observe(encoder, images, wants, encode=wanted != wants)
    features = latent.patch_tokens if latent is not None and "features" in wanted else None
    blocks = {want: value for want, value in seen.items() if isinstance(want, BlockFeatures)}
    attention = {want: value for want, value in seen.items() if not isinstance(want, BlockFeatures)}
    return TeacherView(features, attention=attention, blocks=blocks), latent
