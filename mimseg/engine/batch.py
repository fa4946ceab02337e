"""The images of one optimizer step, and how they come together."""

from dataclasses import dataclass
from typing import Any

from torch.utils.data import DataLoader

from .distributed import count_processes


@dataclass(frozen=True)
class Batch:
    """What one optimizer step sees.

    Attributes:
        processes: that share the step.
        images: of a batch, per process.
        accumulation: batches of a step.
    """

    processes: int
    images: int
    accumulation: int

    @property
    def per_iteration(self) -> int:
        """Images that all processes together see in an iteration of the loop."""
        return self.processes * self.images

    @property
    def per_step(self) -> int:
        """Images of an optimizer step."""
        return self.per_iteration * self.accumulation

    def __str__(self) -> str:
        return (
            f"{count_processes(self.processes)} x {self.images} images x {self.accumulation} "
            f"accumulation = batch {self.per_step}"
        )


def images_per_batch(loader: DataLoader[Any]) -> int:
    """Images of a loader's batch, which another library's batch sampler may make."""
    size: int = getattr(loader.batch_sampler, "batch_size", 1) if loader.batch_size is None else loader.batch_size
    return size
