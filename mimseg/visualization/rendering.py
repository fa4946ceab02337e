"""From a matplotlib figure to pixels, without pyplot and its global state."""

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image


def render(figure: Figure, dpi: int = 125) -> NDArray[np.uint8]:
    """The figure as uint8 RGB ``(H, W, 3)``."""
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def save_png(rgb: NDArray[np.uint8], path: str | Path) -> Path:
    """Write uint8 RGB ``(H, W, 3)`` as PNG, making its folder; returns the path."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rgb).save(path)
    return path
