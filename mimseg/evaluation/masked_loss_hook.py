"""The loss on held-out images under masks that never change."""

from typing import Any

import torch
from mmengine.runner import Runner
from torch import Tensor

from ..models import MaskedImageModel
from ..ops.masking import PatchMask
from ..registry import HOOKS
from .loaders import HeldOut, in_order
from .watch_hook import WatchHook

SEED_STRIDE = 1_000_003  # a prime above the number of images of most datasets: seeds of two runs do not meet


@HOOKS.register_module()
class MaskedLossHook(WatchHook):
    """The model's losses on held-out images, each under a uniformly random mask of its own that is fixed.

    The training loss of a model whose masks get harder does not fall as it learns; this one is comparable
    between epochs, and between runs with equal tasks and mask ratio. All tasks take part. Targets that follow
    the student (an EMA teacher's features) move all the same. Numbers: ``masked_loss/loss_<task>`` and their
    sum ``masked_loss/loss``; see :class:`WatchHook`.

    Args:
        dataloader: config of the images, with a deterministic pipeline. The hook adds the sampler.
        interval: epochs between measurements; 0 = only before and after training.
        at_start: whether to measure before the first step, too (not when a run is resumed).
        seed: of the masks; an image's mask depends on it and on the image's position only.
        max_images: evenly spaced images of the dataset taken at most; None takes all.

    Raises:
        ValueError: the dataloader config shuffles or drops images, a negative ``interval``, or ``max_images``
            below 1.
    """

    name = "masked_loss"

    def __init__(
        self,
        dataloader: dict[str, Any],
        interval: int = 0,
        at_start: bool = True,
        seed: int = 0,
        max_images: int | None = 500,
    ) -> None:
        super().__init__(interval, at_start)
        self.dataloader = in_order(dataloader, "MaskedLossHook.dataloader")
        self.seed = seed
        self.max_images = max_images

    def prepare(self, runner: Runner) -> None:
        """Build the loader."""
        self.held_out = HeldOut(self.dataloader, self.max_images, "MaskedLossHook.dataloader")

    def measure(self, model: MaskedImageModel) -> dict[str, float]:
        """Means over the images of every task's loss and of their sum."""

        def losses(images: Tensor, positions: list[int]) -> dict[str, float]:
            named = model.loss_under(images, self._masks(model, images, positions))
            return {name: len(images) * float(value) for name, value in named.items()}

        batches = self.held_out.map(model, losses)
        means = {name: sum(batch[name] for batch in batches) / self.held_out.images for name in batches[0]}
        return {"loss": sum(means.values()), **means}

    def describe(self, values: dict[str, float], when: str, start: dict[str, float] | None) -> str:
        """The losses, and their sum before training."""
        parts = ", ".join(f"{name.removeprefix('loss_')} {v:.4f}" for name, v in values.items() if name != "loss")
        before = f", before training {start['loss']:.4f}" if start else ""
        return f"loss under fixed masks {when}, {self.held_out.images} images: {values['loss']:.4f} ({parts}{before})"

    def _masks(self, model: MaskedImageModel, images: Tensor, positions: list[int]) -> PatchMask:
        h, w = model.encoder.grid_of(images)
        noise = torch.stack([self._noise(position, h * w) for position in positions]).to(images.device)
        mask: PatchMask = model.masking.at_random(noise, model.encoder.patch_size, (h, w))
        return mask

    def _noise(self, position: int, length: int) -> Tensor:
        generator = torch.Generator().manual_seed(self.seed * SEED_STRIDE + position)
        return torch.rand(length, generator=generator)
