"""Pictures of what a run learns: reconstruction sheets and loss curves."""

from .curves import draw_loss_curves, read_losses
from .display import Display
from .picture_hook import PictureHook
from .rendering import render, save_png
from .sheet import draw_sheet

__all__ = ["Display", "PictureHook", "draw_loss_curves", "draw_sheet", "read_losses", "render", "save_png"]
