"""Scores: how much a patch deserves to be masked."""

import torch.nn.functional as F
from torch import Tensor, nn

from ...ops.salience import salience
from ...registry import MODELS
from ..step import Need, Step


class Score(nn.Module):
    """A score ``(B, L)`` per patch, higher = mask first.

    Attributes:
        needs: what it reads of the teachers' views.
        reads_tokens: whether it reads the student's patch embedding.
    """

    needs: frozenset[Need] = frozenset()
    reads_tokens = False

    def forward(self, step: Step) -> Tensor:
        """Score the patches of a step that has no mask yet: ``(B, L)``."""
        raise NotImplementedError


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


@MODELS.register_module()
class SalienceScore(Score):
    """Token salience of the student's own patch embedding (SBAM, Eq. 4): no teacher, no parameter, no gradient.

    It reads the embedding that the encoder goes on with in the same step. The paper names only an "input tensor"; its
    public code takes the patch embedding with positions, which is the default here.

    Args:
        positions: add the encoder's position embedding first.
        scaled: divide the products by sqrt(D).
        prenorm: normalise every token (LayerNorm without parameters) first.
    """

    reads_tokens = True

    def __init__(self, positions: bool = True, scaled: bool = False, prenorm: bool = False) -> None:
        super().__init__()
        self.positions, self.scaled, self.prenorm = positions, scaled, prenorm

    def forward(self, step: Step) -> Tensor:
        """``(B, L)``, fp32; an image's values sum to L."""
        if step.tokens is None:
            raise RuntimeError("the step was not given the patch embedding that SalienceScore reads")
        tokens = step.tokens.detach().float()
        if self.positions and step.positions is not None:
            tokens = tokens + step.positions.detach()
        if self.prenorm:
            tokens = F.layer_norm(tokens, tokens.shape[-1:])
        return salience(tokens, self.scaled)
