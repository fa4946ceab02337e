"""The images that models are measured on."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from ..apis import find_images, read_images
from .subject import Subject


def choose_images(subjects: Sequence[Subject], folder: str | None, count: int, device: torch.device) -> list[Tensor]:
    """``count`` images for each subject, normalised ``(B, C, H, W)`` of its size.

    Args:
        subjects: models of ours, which read images by their config, and peers, which get the first of ours' at their
            own size.
        folder: where photographs are, evenly spaced ones of which are taken; None takes random numbers.
        count: B.
        device: where they go.

    Raises:
        ValueError: there is no such folder, or it holds too few images.
    """
    if folder is None:
        return [torch.randn(count, *subject.image_shape, device=device) for subject in subjects]
    if not Path(folder).is_dir():
        raise ValueError(f"--images {folder}: there is no such folder")
    paths = find_images([folder], limit=count)
    if len(paths) < count:
        raise ValueError(
            f"--images {folder} holds {len(paths)} images, fewer than a batch of {count}; use --batch-size"
        )
    readers = [subject.model if subject.config is not None else subjects[0].model for subject in subjects]
    sizes = [subject.image_shape[1:] for subject in subjects]
    return [read_images(reader, paths, size).to(device) for reader, size in zip(readers, sizes, strict=True)]
