"""The contract of teachers."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from ...ops.attention import AttentionMap
from ..backbones.attending import observe
from ..backbones.base import Latent, MaskedEncoder
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
        provides: what it can be asked for: 'features', 'predicted_loss', 'attention'.
        patch_size: side in pixels of the patches that its features are of, known after the set-up; None if unknown.
        moves: whether it follows the student, so that :meth:`update` has to be called after each step.
        name: its key in ``model.teachers``, for messages; the model sets it before the set-up.
    """

    provides: frozenset[str] = frozenset()
    patch_size: int | None = None
    moves = False
    name = "NAME"

    def feature_dim(self, encoder: MaskedEncoder) -> int:
        """Width of the features it gives for a student with this encoder."""
        raise NotImplementedError

    def setup(self, student: Student, wanted: frozenset[Want]) -> None:
        """Take from the complete student what giving ``wanted`` takes; called once.

        Raises:
            ValueError: an attention map is wanted that its encoder does not have.
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


def maps_in(wanted: frozenset[Want]) -> frozenset[AttentionMap]:
    """The attention maps among what is wanted."""
    return frozenset(want for want in wanted if not isinstance(want, str))


def view(encoder: MaskedEncoder, images: Tensor, wanted: frozenset[Want]) -> tuple[TeacherView, Latent | None]:
    """Features ``(B, L, D)`` after the final norm and attention maps ``(B, L)`` of full images, from one pass.

    Returns:
        What is wanted, and what the encoder gives; None where only attention is wanted, because then it stops early.
    """
    maps = maps_in(wanted)
    latent, attention = observe(encoder, images, maps, encode=wanted != maps)
    features = latent.patch_tokens if latent is not None and "features" in wanted else None
    return TeacherView(features, attention=attention), latent
