"""Reading a data set's images through, before it matters whether all can be read."""

from collections.abc import Sequence
from typing import Any

from .depth import loading_transform
from .unreadable import UnreadableImageError


def find_unreadable(dataset: Any, positions: Sequence[int]) -> list[str]:
    """Why images of a data set cannot be read, a line each; nothing for data sets that this package does not load.

    Args:
        dataset: with ``pipeline`` and ``get_data_info``, as MMEngine's have them.
        positions: of the images to read.
    """
    load = loading_transform(dataset)
    if load is None:
        return []
    reasons = []
    for position in positions:
        info = dataset.get_data_info(position)
        try:
            if "img_path" in info and "img" not in info:
                load({"img_path": info["img_path"]})
        except UnreadableImageError as error:
            reasons.append(str(error))
    return reasons
