"""k-NN evaluation of a model: what the hook and the test loop have in common."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

from mmengine.dist import is_main_process
from mmengine.logging import print_log
from torch.utils.data import DataLoader

from .extraction import extract_labelled, refuse_other_classes
from .knn import KS, TEMPERATURE, usable_ks, weighted_knn


class KNNProtocol:
    """Extract the features of labelled neighbours and of the images to classify, and compare them.

    Args:
        ks: numbers of neighbours.
        pool: ``"avg"`` (mean of the patch tokens, as the papers report) or ``"cls"``.
        temperature: of the vote.

    Raises:
        ValueError: unknown ``pool``, a k below 1, or a temperature that is not positive.
    """

    def __init__(self, ks: Sequence[int] = KS, pool: str = "avg", temperature: float = TEMPERATURE) -> None:
        if pool not in ("avg", "cls"):
            raise ValueError(f"k-NN: pool is {pool!r}; use 'avg' or 'cls'")
        if not temperature > 0:
            raise ValueError(f"k-NN: temperature is {temperature}; use a positive number, e.g. {TEMPERATURE}")
        self.ks = tuple(sorted(set(ks)))
        usable_ks(self.ks, max(self.ks, default=0))
        self.pool = pool
        self.temperature = temperature

    def check(self, neighbours: DataLoader[Any], queries: DataLoader[Any]) -> None:
        """Refuse datasets that do not go together, before any image is read; say which k are left out.

        Raises:
            ValueError: every k exceeds the number of neighbours, or the two sets' classes differ.
        """
        bank = len(neighbours.dataset)  # type: ignore[arg-type]
        usable = usable_ks(self.ks, bank)
        left_out = [str(k) for k in self.ks if k not in usable]
        if left_out:
            line = f"k-NN: k = {', '.join(left_out)} left out: there are only {bank} labelled neighbours"
            print_log(line, logger="current", level=logging.WARNING)
        refuse_other_classes(neighbours.dataset, queries.dataset, "k-NN: the neighbours", "the images to classify")

    def __call__(
        self,
        model: Any,
        neighbours: DataLoader[Any],
        queries: DataLoader[Any],
        log: Callable[[str], None] | None = None,
    ) -> dict[int, float] | None:
        """Top-1 accuracy in percent by k, of a model in eval mode; None on all processes but the main one.

        Raises:
            ValueError: an image has no label or one outside the classes, or features are not finite.
        """
        bank, bank_labels = extract_labelled(model, neighbours, self.pool, "training", log)
        asked, labels = extract_labelled(model, queries, self.pool, "test", log)
        if not is_main_process():
            return None
        num_classes = int(max(bank_labels.max(), labels.max())) + 1
        return weighted_knn(bank, bank_labels, asked, labels, num_classes, self.ks, self.temperature)
