"""Features of image files by a trained model."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from mmengine.model import BaseModel
from torch import Tensor

from ...datasets import UnreadableImageError
from ...names import printable
from .inference import find_images, image_reader, normalise


@torch.no_grad()
def extract_features(
    model: BaseModel,
    paths: Iterable[str | Path],
    *,
    pool: Literal["avg", "cls"] | None = None,
    size: tuple[int, int] | None = None,
    batch_size: int = 64,
    log: Callable[[str], Any] = print,
) -> Tensor:
    """Features ``(N, D)``, on the CPU, of image files and folders, in the order of :func:`find_images`.

    The row of an image that cannot be read is NaN, and the image is named: one damaged file of a million does not cost
    the others. ``features.isfinite().all(1)`` tells the rows that are features.

    Args:
        model: what :func:`load_model` gave.
        paths: image files and folders.
        pool: 'avg' (mean of the patch tokens) or 'cls' (class token); default: the model's own.
        size: as in :func:`read_images`.
        batch_size: images a forward pass.
        log: is told of each image that cannot be read.

    Raises:
        FileNotFoundError: no such file or folder.
        UnreadableImageError: none of the images can be read.
        ValueError: a folder without images, or what :func:`read_images` and the model refuse.
    """
    files = find_images(paths)
    if not files:
        raise ValueError("no image to read: give at least one path")
    options = {} if pool is None else {"pool": pool}
    read = image_reader(model.cfg, size)
    features: Tensor | None = None
    for start in range(0, len(files), batch_size):
        images = _readable(read, files[start : start + batch_size], log)
        if images:
            own = model.extract_features(normalise(model, list(images.values())), **options).cpu()
            if features is None:
                features = own.new_full((len(files), *own.shape[1:]), torch.nan)
            features[[start + number for number in images]] = own
    if features is None:
        raise UnreadableImageError(f"none of the {len(files)} images can be read, first: {printable(files[0])}")
    return features


def _readable(
    read: Callable[[str | Path], Tensor], files: Sequence[str], log: Callable[[str], Any]
) -> dict[int, Tensor]:
    """Crops of those files that can be read, by their number."""
    images = {}
    for number, path in enumerate(files):
        try:
            images[number] = read(path)
        except UnreadableImageError as error:
            log(f"no features: {error}")
    return images
