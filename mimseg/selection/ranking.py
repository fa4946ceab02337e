"""From scores to the images that are kept."""

import numpy as np
from numpy.typing import NDArray


def rank(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """Positions ``(N,)`` from the highest score to the lowest; equal ones in order, NaN last."""
    return np.argsort(-scores, kind="stable")


def keep_first(order: NDArray[np.int64], number: int) -> NDArray[np.int64]:
    """The first ``number`` positions of a ranking, rising."""
    return np.sort(order[:number])
