"""How many directions of the feature space are in use."""

import torch
from torch import Tensor

EPSILON = 1e-7


@torch.no_grad()
def rankme(features: Tensor) -> float:
    """The effective rank of features ``(N, D)``, between 1 and min(N, D); needs no label.

    ``exp(-sum p log p)`` with ``p = s / sum(s) + 1e-7`` over the singular values s of the matrix as it is (not
    centred, not normalised), in double precision.
    Source: Garrido et al., "RankMe: Assessing the Downstream Performance of Pretrained Self-Supervised
    Representations by Their Rank", 2023 (arXiv 2210.02885), Eq. 1.

    Raises:
        ValueError: the features are no matrix, not finite, or all zero.
    """
    if features.ndim != 2 or 0 in features.shape:
        raise ValueError(f"RankMe wants features (N, D), neither of them 0; got {tuple(features.shape)}")
    broken = int((~features.isfinite().all(dim=1)).sum())
    if broken:
        raise ValueError(f"RankMe: the features of {broken} of {len(features)} images are not finite; look at the loss")
    values = torch.linalg.svdvals(features.double())
    total = values.sum()
    if total == 0:
        raise ValueError(f"RankMe: all features of {len(features)} images are zero; look at the encoder")
    share = values / total + EPSILON
    return float((-(share * share.log()).sum()).exp())
