"""k-NN accuracy of the features, before, during and after pre-training."""

from collections.abc import Sequence
from typing import Any

from mmengine.runner import Runner

from ..models import MaskedImageModel
from ..models.features import Pool
from ..registry import HOOKS
from .knn import KS, KNNProtocol
from .loaders import build_in_order, in_order
from .watch_hook import WatchHook


@HOOKS.register_module()
class KNNHook(WatchHook):
    """Weighted k-NN (see :func:`knn_predictions`) with labelled images that training never sees the labels of.

    The features are ``model.extract_features`` of deterministic, un-masked images. Every process extracts its
    share; the main one classifies. Numbers: ``knn/top1_k<k>``; see :class:`WatchHook`.

    Args:
        train: dataloader config of the labelled neighbours. The hook adds the sampler (in order).
        test: dataloader config of the images to classify.
        interval: epochs between evaluations; 0 = only before and after training.
        at_start: whether to evaluate before the first step, too (not when a run is resumed).
        ks: numbers of neighbours; those above the number of training images are left out, with a warning.
        pool: ``"avg"`` (mean of the patch tokens, as the papers report) or ``"cls"``.

    Raises:
        ValueError: a dataloader config shuffles or drops images, a negative ``interval``, or an unknown
            ``pool``; before training: no k fits, or the sets' classes differ.
    """

    name = "knn"

    def __init__(
        self,
        train: dict[str, Any],
        test: dict[str, Any],
        interval: int = 0,
        at_start: bool = True,
        ks: Sequence[int] = KS,
        pool: Pool = "avg",
    ) -> None:
        super().__init__(interval, at_start)
        self.protocol = KNNProtocol(ks, pool)
        self.train = in_order(train, "KNNHook.train")
        self.test = in_order(test, "KNNHook.test")

    def prepare(self, runner: Runner) -> None:
        """Build both loaders and check that they go together."""
        self.neighbours = build_in_order(self.train, "KNNHook.train")
        self.queries = build_in_order(self.test, "KNNHook.test")
        self.protocol.check(self.neighbours, self.queries)

    def measure(self, model: MaskedImageModel) -> dict[str, float] | None:
        """``top1_k<k>`` in percent."""
        top1 = self.protocol(model, self.neighbours, self.queries)
        return None if top1 is None else {f"top1_k{k}": value for k, value in top1.items()}

    def describe(self, values: dict[str, float], when: str, start: dict[str, float] | None) -> str:
        """All k, the best of them, and the best before training."""
        by_k = "  ".join(f"{name.removeprefix('top1_k')}: {value:.1f}" for name, value in values.items())
        before = f", before training {max(start.values()):.1f}" if start else ""
        return f"k-NN top-1 (%) {when}, by k: {by_k}  (best {max(values.values()):.1f}{before})"
