"""The student itself as teacher."""

import torch
from torch import Tensor

from ...registry import MODELS
from ..backbones.attention_maps import check_wants
from ..backbones.base import MaskedEncoder
from ..modes import evaluating, without_cast_cache
from ..step import TeacherView, Want
from .base import Student, Teacher, inside, view


@MODELS.register_module()
class StudentTeacher(Teacher):
    """The student's own encoder, as it is in this step, shown the full image without gradient.

    It is a reference: there is no copy, and nothing of it is in a checkpoint.
    """

    provides = frozenset({"features", "attention", "block_features"})

    encoders: tuple[MaskedEncoder, ...] = ()  # a tuple, so that the encoder does not become a part of the teacher

    def feature_dim(self, encoder: MaskedEncoder) -> int:
        """The student's own width."""
        return encoder.embed_dim

    def setup(self, student: Student, wanted: frozenset[Want]) -> None:
        """Keep a reference to the encoder."""
        check_wants(student.encoder, inside(wanted))
        self.encoders = (student.encoder,)

    @torch.no_grad()
    def look(self, images: Tensor, wanted: frozenset[Want]) -> TeacherView:
        """Features ``(B, L, D)`` and attention maps ``(B, L)``, from one pass; no drop path."""
        (encoder,) = self.encoders
        with evaluating(encoder), without_cast_cache():
            return view(encoder, images, wanted)[0]
