"""From a matplotlib figure to pixels, without pyplot and its global state."""

import io
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from ..checkpoints import write_atomically


def render(figure: Figure, dpi: int = 125) -> NDArray[np.uint8]:
    """The figure as uint8 RGB ``(H, W, 3)``."""
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def save_png(rgb: NDArray[np.uint8], path: str | Path) -> Path:
    """Write uint8 RGB ``(H, W, 3)`` as PNG, whole or not at all, making its folder; returns the path."""
    path, buffer = Path(path), io.BytesIO()
    Image.fromarray(rgb).save(buffer, format="png")
    write_atomically(path, buffer.getvalue())
    return path
