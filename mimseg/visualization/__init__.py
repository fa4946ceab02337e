"""Pictures of what a run learns: reconstruction sheets and loss curves."""

from .curves import draw_loss_curves, read_losses
from .display import Display
from .picture_hook import PictureHook, evenly_spaced
from .rendering import render, save_png
from .sheet import draw_sheet
from .visible_statistics import use_visible_statistics

__all__ = [
    "Display",
    "PictureHook",
    "draw_loss_curves",
    "draw_sheet",
    "evenly_spaced",
    "read_losses",
    "render",
    "save_png",
    "use_visible_statistics",
]
