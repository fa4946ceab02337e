"""The loss that a teacher expects (HPM)."""

from torch import Tensor

from ....registry import MODELS
from ...step import Step
from .base import Score


@MODELS.register_module()
class PredictedLossScore(Score):
    """The reconstruction loss that a teacher's predictor expects at each patch of the full image (HPM, section 3.4).

    Args:
        teacher: which teacher to ask.
    """

    def __init__(self, teacher: str = "ema") -> None:
        super().__init__()
        self.teacher = teacher
        self.needs = frozenset({(teacher, "predicted_loss")})

    def forward(self, step: Step) -> Tensor:
        """``(B, L)``, fp32."""
        predicted = step.views[self.teacher].predicted_loss
        if predicted is None:
            raise RuntimeError(f"teacher {self.teacher!r} was not asked for its predicted loss")
        return predicted
