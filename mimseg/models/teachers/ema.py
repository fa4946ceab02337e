"""The student's exponential moving average as teacher."""

import copy
from dataclasses import replace
from typing import cast

import torch
from torch import Tensor, nn

from ...registry import MODELS
from ..backbones.attention_maps import check_wants, cut_behind
from ..backbones.base import MaskedEncoder
from ..step import TeacherView, Want
from .base import Student, Teacher, inside, view


@MODELS.register_module()
class EMATeacher(Teacher):
    """Exponential moving average of the student (HPM, Eq. 1 and Figure 3).

    It copies only what it is asked for: the encoder, for the predicted loss also the neck and the loss predictor, and
    for blocks alone only the encoder's *trunk*, its blocks up to the deepest one that is read. A reconstruction
    decoder is never copied and never run. ``t <- d * t + (1 - d) * s`` after every optimizer step, d rising linearly
    from ``start`` to ``end`` over the first ``ramp_epochs`` epochs (HPM's public code).

    Args:
        start: decay at epoch 0.
        end: decay from epoch ``ramp_epochs`` on.
        ramp_epochs: length of the ramp; 0 uses ``end`` throughout.
        predictor: name of the task whose decoder predicts the loss.

    Raises:
        ValueError: a decay outside [0, 1] or a negative ramp; a predictor that is not among the tasks, or an attention
            map that the encoder does not have (at set-up).
    """

    provides = frozenset({"features", "predicted_loss", "attention", "block_features"})
    moves = True

    def __init__(
        self,
        start: float = 0.999,
        end: float = 0.9999,
        ramp_epochs: int = 100,
        predictor: str = "predict_loss",
    ) -> None:
        super().__init__()
        if not (0 <= start <= 1 and 0 <= end <= 1) or ramp_epochs < 0:
            raise ValueError(
                f"EMATeacher needs decays in [0, 1] and ramp_epochs >= 0, got {start}, {end}, {ramp_epochs}"
            )
        self.start, self.end, self.ramp_epochs, self.predictor = start, end, ramp_epochs, predictor
        self.parts = nn.ModuleDict()

    def decay(self, epoch: int) -> float:
        """Decay in a 0-based epoch."""
        if epoch >= self.ramp_epochs:
            return self.end
        return self.start + epoch / self.ramp_epochs * (self.end - self.start)

    def feature_dim(self, encoder: MaskedEncoder) -> int:
        """The student's own width."""
        return encoder.embed_dim

    def sources(self, student: Student) -> dict[str, nn.Module]:
        """The student's counterpart of each part that the teacher may have."""
        modules: dict[str, nn.Module] = {"encoder": student.encoder, "trunk": student.encoder, "neck": student.neck}
        if self.predictor in student.decoders:
            modules["predictor"] = student.decoders[self.predictor]
        return modules

    def setup(self, student: Student, wanted: frozenset[Want]) -> None:
        """Copy the parts that are wanted."""
        wants = inside(wanted)
        check_wants(student.encoder, wants)
        names = ["trunk"] if wanted == wants else ["encoder"]
        if "predicted_loss" in wanted:
            if self.predictor not in student.decoders:
                raise ValueError(
                    f"EMATeacher is asked for the predicted loss but there is no task {self.predictor!r}; "
                    f"the tasks are {', '.join(student.decoders)}"
                )
            names += ["neck", "predictor"]
        sources = self.sources(student)
        for name in names:
            self.parts[name] = copy.deepcopy(sources[name]).requires_grad_(False)
        if "trunk" in self.parts:
            cut_behind(cast(MaskedEncoder, self.parts["trunk"]), wants)
        self.train(False)

    def follows(self, task: str) -> bool:
        """True of the loss predictor, where its predictions are wanted."""
        return task == self.predictor and "predictor" in self.parts

    @torch.no_grad()
    def look(self, images: Tensor, wanted: frozenset[Want]) -> TeacherView:
        """Features ``(B, L, D)``, attention maps and predicted loss ``(B, L)``, from one pass."""
        encoder = cast(MaskedEncoder, self.parts["trunk" if "trunk" in self.parts else "encoder"])
        seen, latent = view(encoder, images, wanted)
        if "predicted_loss" in wanted:
            predicted = self.parts["predictor"](self.parts["neck"](latent)).squeeze(-1)
            seen = replace(seen, predicted_loss=predicted)
        return seen

    @torch.no_grad()
    def reset(self, student: Student) -> None:
        """Copy the student's weights."""
        for mine, theirs in self.pairs(student):
            mine.copy_(theirs)

    @torch.no_grad()
    def update(self, student: Student, epoch: int) -> None:
        """One step of the moving average, of weights and running statistics, in a single fused pass over all of them.

        Counters are copied.
        """
        pairs = self.pairs(student)
        mine, theirs = zip(*(pair for pair in pairs if pair[0].is_floating_point()), strict=True)
        torch._foreach_lerp_(list(mine), list(theirs), 1 - self.decay(epoch))
        for count, of_student in pairs:
            if not count.is_floating_point():
                count.copy_(of_student)

    def pairs(self, student: Student) -> list[tuple[Tensor, Tensor]]:
        """(teacher's, student's) parameters and saved buffers."""
        sources = self.sources(student)
        pairs: list[tuple[Tensor, Tensor]] = []
        for name, part in self.parts.items():
            theirs = sources[name].state_dict()
            pairs += [(mine, theirs[key]) for key, mine in part.state_dict().items()]
        return pairs
