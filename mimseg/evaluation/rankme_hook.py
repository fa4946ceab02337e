"""The effective rank of the features, before, during and after pre-training."""

from typing import Any

import torch
from mmengine.runner import Runner
from torch import Tensor

from ..choices import one_of
from ..models import MaskedImageModel
from ..models.features import Pool
from ..registry import HOOKS
from .loaders import HeldOut, in_order
from .rankme import rankme
from .watch_hook import WatchHook


@HOOKS.register_module()
class RankMeHook(WatchHook):
    """:func:`rankme` of the features of held-out images, labelled or not: a collapse shows as a falling rank.

    Numbers: ``rankme/rank``; see :class:`WatchHook`. It cannot exceed the number of images nor the width of
    the features, so it compares runs with equal numbers of both.

    Args:
        dataloader: config of the images, with a deterministic pipeline. The hook adds the sampler.
        interval: epochs between measurements; 0 = only before and after training.
        at_start: whether to measure before the first step, too (not when a run is resumed).
        pool: ``"avg"`` (mean of the patch tokens) or ``"cls"``.
        max_images: evenly spaced images of the dataset taken at most; None takes all.

    Raises:
        ValueError: the dataloader config shuffles or drops images, a negative ``interval``, an unknown
            ``pool``, or ``max_images`` below 1.
    """

    name = "rankme"

    def __init__(
        self,
        dataloader: dict[str, Any],
        interval: int = 0,
        at_start: bool = True,
        pool: Pool = "avg",
        max_images: int | None = 500,
    ) -> None:
        super().__init__(interval, at_start)
        one_of("RankMeHook: pool", pool, Pool)
        self.dataloader = in_order(dataloader, "RankMeHook.dataloader")
        self.pool = pool
        self.max_images = max_images
        self.width = 0

    def prepare(self, runner: Runner) -> None:
        """Build the loader."""
        self.held_out = HeldOut(self.dataloader, self.max_images, "RankMeHook.dataloader")

    def measure(self, model: MaskedImageModel) -> dict[str, float]:
        """``rank``."""

        def features(images: Tensor, positions: list[int]) -> Tensor:
            pooled: Tensor = model.extract_features(images, pool=self.pool)
            return pooled.float().cpu()

        rows = torch.cat(self.held_out.map(model, features))
        self.width = rows.shape[1]
        return {"rank": rankme(rows)}

    def describe(self, values: dict[str, float], when: str, start: dict[str, float] | None) -> str:
        """The rank, its bound, and the rank before training."""
        bound = min(self.held_out.images, self.width)
        before = f" (before training {start['rank']:.1f})" if start else ""
        return f"RankMe {when}: effective rank {values['rank']:.1f} of at most {bound}{before}"
