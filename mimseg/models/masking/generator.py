"""mask = policy(score, ratio)."""

from typing import Any

import torch
from mmengine.dist import get_dist_info
from torch import nn

from ...ops.masking import PatchMask, uniform_noise
from ...registry import MODELS
from ..step import Need, Step
from .policies import Policy
from .ratios import FixedRatio
from .scores import Score


@MODELS.register_module()
class MaskGenerator(nn.Module):
    """Compose where to mask (score), how strictly to obey (policy) and how much (ratio).

    Args:
        policy: config of a :class:`Policy`.
        ratio: config of a ratio.
        score: config of a :class:`Score`; may be left out where the policy reads none.

    Raises:
        ValueError: the policy reads a score and there is none, or there is one that it never reads.
    """

    def __init__(self, policy: dict[str, Any], ratio: dict[str, Any], score: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.score: Score | None = MODELS.build(score) if score else None
        self.policy: Policy = MODELS.build(policy)
        self.ratio: FixedRatio = MODELS.build(ratio)
        if self.policy.takes_score != (self.score is not None):
            word = "needs a score" if self.policy.takes_score else "reads no score"
            raise ValueError(f"masking: {type(self.policy).__name__} {word}; set or remove masking.score (got {score})")

    @property
    def needs(self) -> frozenset[Need]:
        """What the score may ask of the teachers in a run."""
        return self.score.needs if self.score is not None else frozenset()

    @property
    def reads_tokens(self) -> bool:
        """Whether the score reads the student's patch embedding."""
        return self.score is not None and self.score.reads_tokens

    def reads_score(self, length: int, progress: float) -> bool:
        """Whether the mask of a step at this progress depends on the score."""
        return self.policy.reads_score(self.ratio(length), progress)

    def forward(self, step: Step, generator: torch.Generator | None = None) -> PatchMask:
        """The masks ``(B, L)`` of a step.

        Args:
            step: needs ``images``, ``progress`` and the views that the score reads.
            generator: source of randomness; default: the device's default generator. It must be in the same state on
                every rank (see :func:`mimseg.ops.masking.uniform_noise`).
        """
        masked = self.ratio(step.length)
        score = None
        if self.score is not None and self.policy.reads_score(masked, step.progress):
            score = self.score(step)
        rank, world = get_dist_info()
        noise = uniform_noise(len(step.images), step.length, step.images.device, generator, rank, world)
        return PatchMask.from_bool(self.policy(score, noise, masked, step.progress), masked)
