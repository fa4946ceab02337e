"""Weighted k-nearest-neighbour classification of frozen features, and of the images of two loaders by a model."""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from mmengine.dist import is_main_process
from mmengine.logging import print_log
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader

from ..choices import one_of
from ..models.features import Pool
from .extraction import FeatureModel, extract_labelled, refuse_other_classes

KS = (10, 20, 100, 200)
TEMPERATURE = 0.07


class KNNProtocol:
    """Extract the features of labelled neighbours and of the images to classify, and compare them.

    Args:
        ks: numbers of neighbours.
        pool: ``"avg"`` (mean of the patch tokens, as the papers report) or ``"cls"``.
        temperature: of the vote.

    Raises:
        ValueError: unknown ``pool``, a k below 1, or a temperature that is not positive.
    """

    def __init__(self, ks: Sequence[int] = KS, pool: Pool = "avg", temperature: float = TEMPERATURE) -> None:
        one_of("k-NN: pool", pool, Pool)
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
        model: FeatureModel,
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


def weighted_knn(
    train_features: Tensor,
    train_labels: Tensor,
    test_features: Tensor,
    test_labels: Tensor,
    num_classes: int,
    ks: Sequence[int] = KS,
    temperature: float = TEMPERATURE,
    chunk: int = 256,
) -> dict[int, float]:
    """Top-1 accuracy in percent for every k, of :func:`knn_predictions`.

    Args:
        train_features: ``(N, D)``, any scale.
        train_labels: ``(N,)`` integers in ``[0, num_classes)``.
        test_features: ``(M, D)``.
        test_labels: ``(M,)``.
        num_classes: number of classes.
        ks: numbers of neighbours. Those above N are left out of the answer.
        temperature: of the vote.
        chunk: test images compared at a time; the similarities take ``4 * chunk * N`` bytes.

    Raises:
        ValueError: shapes do not fit, features are not finite, a label is out of range, or every k is above
            N.
    """
    _check_labels(test_features, test_labels, num_classes, "test")
    predicted = knn_predictions(train_features, train_labels, test_features, num_classes, ks, temperature, chunk)
    return {k: 100 * int((classes == test_labels).sum()) / len(test_labels) for k, classes in predicted.items()}


@torch.no_grad()
def knn_predictions(
    train_features: Tensor,
    train_labels: Tensor,
    test_features: Tensor,
    num_classes: int,
    ks: Sequence[int] = KS,
    temperature: float = TEMPERATURE,
    chunk: int = 256,
) -> dict[int, Tensor]:
    """The predicted classes ``(M,)`` for every k, by DINO's protocol.

    Each test image takes the k training images of highest cosine similarity s; each votes for its class with
    weight ``exp(s / temperature)``. Exact search, ``chunk`` test images at a time, in fp32 on the features'
    own device. The weights of an image are divided by its largest one, which changes no vote and lets them
    overflow at no temperature.
    Source: DINO (arXiv 2104.14294) section 4.1, after Wu et al., "Unsupervised Feature Learning via Non-Parametric
    Instance Discrimination" (arXiv 1805.01978) section 3.4.

    Args:
        train_features: ``(N, D)``, any scale (L2-normalised here).
        train_labels: ``(N,)`` integers in ``[0, num_classes)``.
        test_features: ``(M, D)``.
        num_classes: number of classes.
        ks: numbers of neighbours. Those above N are left out of the answer.
        temperature: of the vote.
        chunk: test images compared at a time.

    Raises:
        ValueError: as :func:`weighted_knn`.
    """
    _check_labels(train_features, train_labels, num_classes, "training")
    _check_features(test_features, "test")
    if train_features.shape[1] != test_features.shape[1]:
        raise ValueError(
            f"training features have {train_features.shape[1]} dimensions and test features "
            f"{test_features.shape[1]}; extract both with the same model"
        )
    usable = usable_ks(ks, len(train_features))
    found = _neighbours(F.normalize(train_features.float(), dim=1), test_features, usable[-1], chunk)
    chunks: dict[int, list[Tensor]] = {k: [] for k in usable}
    for similarity, neighbours in found:
        weights = ((similarity - similarity[:, :1]) / temperature).exp()
        classes = train_labels[neighbours]
        for k in usable:
            votes = weights.new_zeros(len(weights), num_classes)
            votes.scatter_add_(1, classes[:, :k], weights[:, :k])
            chunks[k].append(votes.argmax(dim=1))
    return {k: torch.cat(classes) for k, classes in chunks.items()}


def usable_ks(ks: Sequence[int], bank: int) -> list[int]:
    """Choose the ``ks``, ascending, that a bank of so many labelled images allows.

    Raises:
        ValueError: it allows none, or one is no positive whole number.
    """
    for k in ks:
        if not isinstance(k, int) or k < 1:
            raise ValueError(f"k-NN: k is {k!r}; use whole numbers of at least 1")
    usable = sorted({k for k in ks if k <= bank})
    if not usable:
        raise ValueError(
            f"no k of {list(ks)} lies between 1 and the {bank} training images; use more images or a smaller k"
        )
    return usable


def _neighbours(train: Tensor, test_features: Tensor, k: int, chunk: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Similarities ``(m, k)``, falling, and indices ``(m, k)`` of the nearest rows of ``train``, chunk by chunk."""
    for features in test_features.split(chunk):
        similarity, index = (F.normalize(features.float(), dim=1) @ train.T).topk(k, dim=1)
        yield similarity, index


def _check_features(features: Tensor, which: str) -> None:
    if features.ndim != 2 or len(features) == 0:
        raise ValueError(f"k-NN wants {which} features (N, D), N > 0; got {tuple(features.shape)}")
    broken = int((~features.isfinite().all(dim=1)).sum())
    if broken:
        raise ValueError(f"the features of {broken} of {len(features)} {which} images are not finite; look at the loss")


def _check_labels(features: Tensor, labels: Tensor, num_classes: int, which: str) -> None:
    _check_features(features, which)
    if labels.shape != features.shape[:1]:
        raise ValueError(
            f"k-NN wants {which} features (N, D) and labels (N,); got {tuple(features.shape)} and {tuple(labels.shape)}"
        )
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= num_classes:
        raise ValueError(f"{which} labels run from {low} to {high}, which {num_classes} classes do not cover")
