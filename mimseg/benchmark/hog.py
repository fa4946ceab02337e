"""Histograms of oriented gradients beside another library's."""

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch

from ..models import HOGTarget, MaskedImageModel
from ..ops.hog import hog
from ..quiet import quiet_imports
from .subject import Subject

SIZE = 224  # mmpretrain's generator cuts every image into 14 x 14 patches
WARMUP = 2


def hog_milliseconds(
    subjects: Sequence[Subject], batch: int, rounds: int, device: torch.device
) -> dict[str, Any] | None:
    """Median time to make HOG targets of a batch of 224 px images, ours and mmpretrain's in turns.

    Args:
        subjects: what is measured; without a HOG target among them there is nothing to do.
        batch: images.
        rounds: timed calls of each.
        device: where.

    Returns:
        ``batch``, and ``ms`` by name, mmpretrain's last where it is installed; None if no subject has HOG targets.
    """
    models = [subject.model for subject in subjects if isinstance(subject.model, MaskedImageModel)]
    if not any(isinstance(task.target, HOGTarget) for model in models for task in model.tasks.values()):
        return None
    images = torch.randn(batch, 3, SIZE, SIZE, device=device)
    calls: dict[str, Callable[[], Any]] = {
        "mimseg, FastMIM's": lambda: hog(images),
        "mimseg, MaskFeat's (Gaussian windows)": lambda: hog(images, gaussian=16),
    }
    try:
        with quiet_imports():
            from mmpretrain.models import HOGGenerator
    except ImportError:
        pass
    else:
        generator = HOGGenerator(nbins=9, pool=8, gaussian_window=16).to(device)
        calls["mmpretrain, MaskFeat's"] = torch.no_grad()(lambda: generator(images))
    spent: dict[str, list[float]] = {name: [] for name in calls}
    for index in range(WARMUP + rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            if index >= WARMUP:
                spent[name].append(1000 * (time.perf_counter() - start))
    return {"batch": batch, "ms": {name: statistics.median(times) for name, times in spent.items()}}
