"""Weights of pre-training for a backbone of a detector or segmentor."""

from typing import Literal

from mmengine.logging import print_log
from torch import nn

from ...checkpoints import load_weights
from ...checkpoints.fitting import FixedPositions
from ...checkpoints.tables import PositionTables
from ...registry import WEIGHT_INITIALIZERS
from .base import warn_random

KEYS = {
    "model.encoder": "model.backbone.encoder",
    "load_options": "model.backbone.init_cfg",
    "--trust-checkpoint": "model.backbone.init_cfg.trust=True",
}
"""Where a detector has the keys that :func:`mimseg.checkpoints.load_weights` names."""


@WEIGHT_INITIALIZERS.register_module()
class MIMPretrained:
    """Loads the encoder of a checkpoint of any known format into a :class:`PretrainedBackbone`, as its ``init_cfg``.

    Wrappers, teachers, decoders and heads of the file are left out; position tables are resized to the backbone's image
    size, also the fixed one of MAE-like files (as ViTDet does), where the backbone's is learned. One short table says
    what was loaded, resized, missing and ignored.

    Args:
        checkpoint: the file, or a folder of ``save_pretrained``; None leaves weights random and says so.
        weights: 'ema' takes the EMA teacher's encoder instead of the student's.
        position_tables: 'bicubic', 'geometric' or 'reinit', see :func:`mimseg.checkpoints.load_weights`.
        least: share, 0 to 1, of the encoder's weights that must be found.
        image_size: (H, W) or one side of the images that the file's fixed positions are for, where it does not tell or
            tells another: in files of older versions of this project.
        fixed_positions: 'resized' or 'computed', see :func:`mimseg.checkpoints.load_weights`.
        trust: whether the file may run code.

    Raises:
        CheckpointError: there is no such file, or it is damaged or not trusted.
        ValueError: it is of no known format, of another architecture, or has too little of the encoder.
    """

    def __init__(
        self,
        checkpoint: str | None = None,
        weights: Literal["student", "ema"] = "student",
        position_tables: PositionTables = "bicubic",
        least: float = 0.9,
        image_size: int | tuple[int, int] | None = None,
        trust: bool = False,
        fixed_positions: FixedPositions = "resized",
    ) -> None:
        self.checkpoint = checkpoint
        self.weights: Literal["student", "ema"] = weights
        self.position_tables: PositionTables = position_tables
        self.least = least
        self.image_size = image_size
        self.trust = trust
        self.fixed_positions: FixedPositions = fixed_positions

    def __call__(self, backbone: nn.Module) -> None:
        """Load, and log the report."""
        if self.checkpoint is None:
            warn_random(backbone)
            return
        try:
            load_weights(
                backbone,
                self.checkpoint,
                weights=self.weights,
                scope="encoder.",
                least=self.least,
                position_tables=self.position_tables,
                fixed_positions=self.fixed_positions,
                image_size=self.image_size,
                trust=self.trust,
                log=lambda text: print_log(_at_backbone(text), logger="current"),
            )
        except Exception as error:
            error.args = (_at_backbone(str(error)),)
            raise


def _at_backbone(text: str) -> str:
    """Rewrite a text with the keys that a detector's config has."""
    for here, there in KEYS.items():
        text = text.replace(here, there)
    return text
