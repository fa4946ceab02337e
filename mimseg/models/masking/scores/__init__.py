"""Scores: how much a patch deserves to be masked; one idea a file."""

from .attention import AttentionScore, ClassAttentionScore
from .base import Score
from .predicted_loss import PredictedLossScore
from .salience import SalienceScore

__all__ = ["AttentionScore", "ClassAttentionScore", "PredictedLossScore", "SalienceScore", "Score"]
