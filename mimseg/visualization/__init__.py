"""Pictures of what a run learns: reconstruction sheets, masking strategies and loss curves."""

from .curves import draw_loss_curves, read_losses
from .display import Display
from .gallery import draw_gallery
from .heat_map import draw_heat_map
from .hog import draw_hog
from .masks import Masks, name_score
from .picture_hook import PictureHook, evenly_spaced
from .prediction_hook import PredictionPictureHook
from .predictions import Gradients, Prediction, draw_predictions
from .ratio_curves import draw_ratio_curves
from .rendering import render, save_png
from .sheet import draw_sheet
from .similarity_curves import draw_similarity
from .strategies import Strategy, draw_strategies
from .visible_statistics import use_visible_statistics

__all__ = [
    "Display",
    "Gradients",
    "Masks",
    "PictureHook",
    "Prediction",
    "PredictionPictureHook",
    "Strategy",
    "draw_gallery",
    "draw_heat_map",
    "draw_hog",
    "draw_loss_curves",
    "draw_predictions",
    "draw_ratio_curves",
    "draw_sheet",
    "draw_similarity",
    "draw_strategies",
    "evenly_spaced",
    "name_score",
    "read_losses",
    "render",
    "save_png",
    "use_visible_statistics",
]
