"""A pre-trained encoder of this project's own classes as teacher."""

import copy
from pathlib import Path
from typing import Any, Literal

import torch
from mmengine.logging import print_log
from torch import Tensor, nn

from ...checkpoints import CheckpointError, LoadReport, UntrustedCheckpointError, load_weights
from ...registry import MODELS
from ..backbones.attention_maps import check_wants, cut_behind
from ..backbones.base import MaskedEncoder
from ..step import TeacherView, Want
from .base import Student, Teacher, inside, view
from .frozen import leave_network_out, miss_no_network


@MODELS.register_module()
class PretrainedTeacher(Teacher):
    """A frozen encoder loaded from a file: MAE, timm, Hugging Face or a run of this project (GPA, section 3.2).

    It is shown the very crop that the student is normalised for. Its weights stay out of checkpoints, and if only its
    blocks are read (attention, features of a block), they are kept up to the deepest one that is.

    Args:
        checkpoint: any file or folder that :func:`mimseg.checkpoints.load_weights` reads.
        encoder: config of a :class:`MaskedEncoder`; default: the student's architecture. ``in_channels`` follows from
            the student.
        weights: whose weights of a file with an EMA teacher, 'student' or 'ema'.

    Raises:
        FileNotFoundError: there is no such file (at set-up).
        ValueError: the file does not fill the encoder, which is never left at random weights, or is damaged; an
            attention map or block is wanted that the encoder does not have (all at set-up); unknown ``weights``.
    """

    provides = frozenset({"features", "attention", "block_features"})

    network: MaskedEncoder

    def __init__(
        self,
        checkpoint: str,
        encoder: dict[str, Any] | None = None,
        weights: Literal["student", "ema"] = "student",
    ) -> None:
        super().__init__()
        if weights not in ("student", "ema"):
            raise ValueError(f"PretrainedTeacher: weights must be 'student' or 'ema', got {weights!r}")
        self.checkpoint, self.encoder_cfg, self.weights = checkpoint, encoder, weights
        self.register_state_dict_post_hook(leave_network_out)
        self.register_load_state_dict_post_hook(miss_no_network)

    def feature_dim(self, encoder: MaskedEncoder) -> int:
        """The encoder's width."""
        if self.encoder_cfg is None:
            return encoder.embed_dim
        with torch.device("meta"):
            return int(self._build(encoder).embed_dim)

    def setup(self, student: Student, wanted: frozenset[Want]) -> None:
        """Build the encoder, load it, and keep of it what is wanted."""
        encoder, wants = self._build(student.encoder), inside(wanted)
        check_wants(encoder, wants)
        self._load(encoder)
        if wanted == wants:
            cut_behind(encoder, wants)
        self.network, self.patch_size = encoder.requires_grad_(False), encoder.patch_size
        self.train(False)

    def _build(self, encoder: MaskedEncoder) -> MaskedEncoder:
        if self.encoder_cfg is None:
            return copy.deepcopy(encoder)
        built: MaskedEncoder = MODELS.build(self.encoder_cfg, default_args={"in_channels": encoder.in_channels})
        return built

    def _load(self, encoder: MaskedEncoder) -> None:
        key = f"model.teachers.{self.name}"
        if not Path(self.checkpoint).expanduser().exists():
            raise FileNotFoundError(
                f"{key}.checkpoint={self.checkpoint!r} does not exist; set it to the file of a pre-trained encoder"
            )
        try:
            report = load_weights(Loaded(encoder), self.checkpoint, weights=self.weights, scope="encoder.", log=str)
        except ValueError as error:
            raise ValueError(f"{key}: {str(error).replace('model.encoder', f'{key}.encoder')}") from error
        except UntrustedCheckpointError as error:
            convert = "write what is harmless of it with tools/convert.py --to mimseg --trust-checkpoint"
            raise UntrustedCheckpointError(f"{key}: {str(error).replace('add --trust-checkpoint', convert)}") from None
        except CheckpointError as error:
            raise type(error)(f"{key}: {error}") from None
        print_log(f"{key}: {summary(report)}", logger="current")

    @torch.no_grad()
    def look(self, images: Tensor, wanted: frozenset[Want]) -> TeacherView:
        """Features ``(B, L, D)`` after the final norm or a block and attention maps ``(B, L)``, from one pass."""
        return view(self.network, images, wanted)[0]


class Loaded(nn.Module):
    """An encoder under the name by which checkpoints know it."""

    def __init__(self, encoder: MaskedEncoder) -> None:
        super().__init__()
        self.encoder = encoder


def summary(report: LoadReport) -> str:
    """One line of a load report."""
    adapted = ", ".join(sorted(set(report.resized.values())))
    notes = [f"adapted: {adapted}"] if adapted else []
    tensors = len(report.loaded) + len(report.resized)
    return "; ".join([f"{tensors} tensors of {report.path} ({report.label})", *notes, *report.notes])
