"""Which type of values the files of a data set have, told before any worker starts."""

from collections import Counter
from typing import Any

import numpy as np
from mmengine.dist import is_main_process
from mmengine.logging import print_log

from ..names import printable
from .decoding import decode
from .jpeg_crop import LoadResizedCrop
from .loading import LoadImage, depth_of
from .unreadable import UnreadableImageError, naming_unreadable

PROBES = 5


def settle_depth(dataset: Any) -> None:
    """Let the transform that loads a data set's images know what type of values they have; does nothing twice.

    It is the most frequent one among a few evenly spaced files, so that every worker and process refuses the same
    files, and a single odd one decides nothing.

    Args:
        dataset: with ``pipeline`` and ``get_data_info``, as MMEngine's have them; others are left alone.
    """
    load = loading_transform(dataset)
    if load is None or load.reference is not None or load.mixed_depths == "rescale" or len(dataset) == 0:
        return
    positions = np.unique(np.linspace(0, len(dataset) - 1, PROBES).round().astype(int)).tolist()
    found: list[tuple[str, str]] = []
    for info in map(dataset.get_data_info, positions):
        if "img_path" not in info or "img" in info:
            return
        path = str(info["img_path"])
        try:
            with naming_unreadable(path):
                found.append((depth_of(decode(path, load.channels, load.max_pixels).dtype), path))
        except UnreadableImageError:
            continue  # named when its turn comes
    if found:
        (usual, _), *_ = Counter(depth for depth, _ in found).most_common(1)
        load.reference = next(entry for entry in found if entry[0] == usual)
        if usual != "uint8" and is_main_process():
            print_log(
                f"values are {usual} as in {printable(load.reference[1])} and stay in the files' units: mean and std "
                "must be in them, too (or set mixed_depths='rescale' in the transform that loads images: 0 to 255)",
                logger="current",
            )


def loading_transform(dataset: Any) -> LoadImage | None:
    """What reads the images of a data set; None where its pipeline shows no such transform."""
    transforms = getattr(getattr(dataset, "pipeline", None), "transforms", ())
    for transform in transforms:
        if isinstance(transform, LoadImage):
            return transform
        if isinstance(transform, LoadResizedCrop):
            return transform.load
    return None
