"""The contract of teachers."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from ..backbones.base import MaskedEncoder
from ..preprocessor import ImagePreprocessor
from ..step import TeacherView


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
        provides: what it can be asked for: 'features', 'predicted_loss'.
    """

    provides: frozenset[str] = frozenset()

    def feature_dim(self, encoder: MaskedEncoder) -> int:
        """Width of the features it gives for a student with this encoder."""
        raise NotImplementedError

    def setup(self, student: Student, wanted: frozenset[str]) -> None:
        """Take from the complete student what giving ``wanted`` takes; called once."""
        raise NotImplementedError

    def look(self, images: Tensor, wanted: frozenset[str]) -> TeacherView:
        """One forward pass over normalised images ``(B, C, H, W)`` that computes exactly what is wanted."""
        raise NotImplementedError

    def reset(self, student: Student) -> None:
        """Become the student as it is now; a teacher that does not follow the student does nothing."""

    def update(self, student: Student, epoch: int) -> None:
        """Follow the student after an optimizer step in this 0-based epoch; see :meth:`reset`."""

    def train(self, mode: bool = True) -> "Teacher":
        """Teachers always evaluate."""
        super().train(False)
        return self
