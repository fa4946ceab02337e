"""Turning arrays as their file's orientation asks for."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

TURNS: dict[int, Callable[[NDArray[Any]], NDArray[Any]]] = {
    2: np.fliplr,
    3: lambda array: np.rot90(array, 2),
    4: np.flipud,
    5: lambda array: array.swapaxes(0, 1),
    6: lambda array: np.rot90(array, -1),
    7: lambda array: np.rot90(array, 2).swapaxes(0, 1),
    8: np.rot90,
}


def upright(array: NDArray[Any], orientation: int) -> NDArray[Any]:
    """``(H, W, ...)`` turned upright by the orientation of EXIF and TIFF, 1 to 8; odd values turn nothing."""
    return TURNS.get(orientation, np.asarray)(array)
