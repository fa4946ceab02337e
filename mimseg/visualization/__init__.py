"""Pictures of what a run learns: reconstruction sheets, masking strategies and loss curves."""

from .curves import draw_loss_curves, read_losses
from .display import Display
from .heat_map import draw_heat_map
from .masks import Masks, name_score
from .picture_hook import PictureHook, evenly_spaced
from .ratio_curves import draw_ratio_curves
from .rendering import render, save_png
from .sheet import draw_sheet
from .strategies import Strategy, draw_strategies
from .visible_statistics import use_visible_statistics

__all__ = [
    "Display",
    "Masks",
    "PictureHook",
    "Strategy",
    "draw_heat_map",
    "draw_loss_curves",
    "draw_ratio_curves",
    "draw_sheet",
    "draw_strategies",
    "evenly_spaced",
    "name_score",
    "read_losses",
    "render",
    "save_png",
    "use_visible_statistics",
]
