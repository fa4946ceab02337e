"""Reading a label map: one number a pixel, in a picture file."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..labels import LabelError, listed
from ..unreadable import check_regular, naming_unreadable

ALPHA = ("LA", "La", "RGBA", "RGBa", "PA")
IGNORED = 255


def read_label_map(path: str | Path) -> NDArray[np.integer]:
    """The labels ``(H, W)`` of a picture file: of a palette the numbers, of equal colour channels one, alpha dropped.

    Raises:
        UnreadableImageError: the file is missing, damaged, or none.
        LabelError: it holds colours, not labels.
    """
    with naming_unreadable(str(path), "label map"):
        check_regular(str(path))
        with Image.open(path) as file:
            values, mode = np.asarray(file), file.mode
    if values.ndim == 3:
        colours = values[..., :-1] if mode in ALPHA else values
        if (colours != colours[..., :1]).any():
            raise LabelError(
                f"label map {path} holds colours ({mode}), not labels: its channels differ; store one number a pixel, "
                "0 for the first class, as a grey or palette PNG"
            )
        values = colours[..., 0]
    if values.dtype.kind not in "uib":
        raise LabelError(f"label map {path} holds numbers of type {values.dtype} ({mode}); store whole numbers")
    return values


def to_classes(
    values: NDArray[np.integer],
    num_classes: int | None,
    label_map: dict[int, int] | None = None,
    reduce_zero_label: bool = False,
    ignore_index: int = IGNORED,
    path: str | Path = "",
) -> NDArray[np.uint8]:
    """Labels 0 to ``num_classes - 1``, and 255, from the numbers of a file.

    Args:
        values: of the file, ``(H, W)``.
        num_classes: how many there are; None does not check.
        label_map: from numbers of the file, less 1 with ``reduce_zero_label``, to labels.
        reduce_zero_label: 0 is no class but ignored, 1 the first class.
        ignore_index: the number that is no class, next to 255.
        path: of the file, for the message.

    Raises:
        LabelError: a number is no class; says which, and how many classes there are.
    """
    numbers = values.astype(np.int64)
    labels = np.where((numbers == 0) | (numbers == IGNORED), IGNORED, numbers - 1) if reduce_zero_label else numbers
    if label_map:
        table = np.arange(max(int(labels.max(initial=0)), *label_map) + 1)
        table[list(label_map)] = list(label_map.values())
        labels = table[labels]
    wrong = (labels < 0) | ((labels >= (num_classes or IGNORED)) & (labels != ignore_index) & (labels != IGNORED))
    if wrong.any():
        found = sorted({int(value) for value in np.unique(numbers[wrong])})
        raise LabelError(
            f"label map {path} has the {'labels' if len(found) > 1 else 'label'} {listed(found)} beyond the "
            f"{num_classes or IGNORED} classes (0 to {(num_classes or IGNORED) - 1}"
            f"{', counted from 1' if reduce_zero_label else ''}; {IGNORED} is no class); correct the map, or set "
            "metainfo.classes and num_classes of the heads"
        )
    return labels.astype(np.uint8)
