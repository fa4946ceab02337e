"""Pictures of what a run learns: reconstruction sheets, masking strategies and loss curves."""

from ..moved import moved_from
from .attention_head import draw_attention_heads
from .curves import draw_loss_curves, read_losses
from .display import Display
from .gallery import draw_gallery
from .grid_search import draw_grid_search
from .hog import draw_hog
from .masks import Masks, name_score
from .picture_hook import PictureHook, evenly_spaced
from .prediction_hook import PredictionPictureHook
from .predictions import Gradients, Prediction, draw_predictions
from .rendering import render, save_png
from .robustness import draw_robustness
from .sheet import draw_sheet
from .strategies import Strategy, draw_strategies
from .target_similarity import draw_target_similarity
from .visible_statistics import use_visible_statistics

__all__ = [
    "Display",
    "Gradients",
    "Masks",
    "PictureHook",
    "Prediction",
    "PredictionPictureHook",
    "Strategy",
    "draw_attention_heads",
    "draw_gallery",
    "draw_grid_search",
    "draw_hog",
    "draw_loss_curves",
    "draw_predictions",
    "draw_robustness",
    "draw_sheet",
    "draw_strategies",
    "draw_target_similarity",
    "evenly_spaced",
    "name_score",
    "read_losses",
    "render",
    "save_png",
    "use_visible_statistics",
]

__getattr__ = moved_from(__name__)
