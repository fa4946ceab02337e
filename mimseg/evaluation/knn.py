"""Weighted k-nearest-neighbour classification of frozen features."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F


@torch.no_grad()
def weighted_knn(
    train_features: Tensor,
    train_labels: Tensor,
    test_features: Tensor,
    test_labels: Tensor,
    num_classes: int,
    ks: Sequence[int] = (10, 20, 100, 200),
    temperature: float = 0.07,
    chunk: int = 256,
) -> dict[int, float]:
    """Top-1 accuracy in percent for every k, by DINO's protocol.

    Each test image takes the k training images of highest cosine similarity s; each votes for its class with
    weight ``exp(s / temperature)``. Exact search, ``chunk`` test images at a time, in fp32 on the features'
    own device.
    Source: DINO (arXiv 2104.14294) section 4.1, after Wu et al., "Unsupervised Feature Learning via Non-Parametric
    Instance Discrimination" (arXiv 1805.01978) section 3.4.

    Args:
        train_features: ``(N, D)``, any scale (L2-normalised here).
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
    _check(train_features, train_labels, num_classes, "training")
    _check(test_features, test_labels, num_classes, "test")
    if train_features.shape[1] != test_features.shape[1]:
        raise ValueError(
            f"training features have {train_features.shape[1]} dimensions and test features "
            f"{test_features.shape[1]}; extract both with the same model"
        )
    usable = sorted({k for k in ks if 0 < k <= len(train_features)})
    if not usable:
        raise ValueError(
            f"no k of {list(ks)} lies between 1 and the {len(train_features)} training images; use more "
            "images or a smaller k"
        )
    train = F.normalize(train_features.float(), dim=1)
    test = F.normalize(test_features.float(), dim=1)
    correct = dict.fromkeys(usable, 0)
    for features, labels in zip(test.split(chunk), test_labels.split(chunk), strict=True):
        similarity, neighbours = (features @ train.T).topk(usable[-1], dim=1)
        weights = (similarity / temperature).exp()
        classes = train_labels[neighbours]
        for k in usable:
            votes = weights.new_zeros(len(features), num_classes)
            votes.scatter_add_(1, classes[:, :k], weights[:, :k])
            correct[k] += int((votes.argmax(dim=1) == labels).sum())
    return {k: 100 * count / len(test) for k, count in correct.items()}


def _check(features: Tensor, labels: Tensor, num_classes: int, which: str) -> None:
    if features.ndim != 2 or labels.shape != features.shape[:1] or len(features) == 0:
        raise ValueError(
            f"k-NN wants {which} features (N, D) and labels (N,), N > 0; got {tuple(features.shape)} and "
            f"{tuple(labels.shape)}"
        )
    broken = int((~features.isfinite().all(dim=1)).sum())
    if broken:
        raise ValueError(f"the features of {broken} of {len(features)} {which} images are not finite; look at the loss")
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= num_classes:
        raise ValueError(f"{which} labels run from {low} to {high}, which {num_classes} classes do not cover")
