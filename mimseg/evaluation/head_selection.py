"""Which attention head points at objects: recall of object patches among the patches that a head ranks highest."""

import torch
from torch import Tensor


def recall_by_head(maps: Tensor, objects: Tensor, k: Tensor | int) -> Tensor:
    """Recall(M_gt, M_h) of GPA's head selection: share of the object patches among the k largest values of a map.

    Patches that tie for the last places share them: each counts as the probability with which a random choice among
    them would take it. So a constant map has recall k / L, whatever the objects.

    Args:
        maps: ``(B, ..., L)``, higher = ranked first; for example one map per block and head.
        objects: bool ``(B, L)``, the object patches M_gt, at least one in each image.
        k: how many patches M_h a map chooses, 1 to L; one number, or one an image ``(B,)``.

    Returns:
        ``(B, ...)``, 0 to 1.

    Raises:
        ValueError: shapes that do not belong together, an image without object patches, k out of range, or maps that
            are not finite.
    """
    batch, length = objects.shape
    if maps.shape[0] != batch or maps.shape[-1] != length:
        raise ValueError(f"maps {tuple(maps.shape)} do not belong to objects {(batch, length)}: (B, ..., L) and (B, L)")
    k = torch.as_tensor(k, device=maps.device).expand(batch)
    if not ((k >= 1) & (k <= length)).all():
        raise ValueError(f"k is {k.tolist()}; a map chooses 1 to {length} of {length} patches")
    if not objects.any(dim=1).all():
        raise ValueError("an image has no object patch: its recall is undefined; leave it out")
    if not maps.isfinite().all():
        raise ValueError("the attention maps are not finite: check the checkpoint and the images")
    ones = (1,) * (maps.ndim - 2)
    k, objects = k.view(batch, *ones, 1), objects.view(batch, *ones, length)
    descending = maps.sort(dim=-1, descending=True).values
    last = descending.gather(-1, (k - 1).expand(*maps.shape[:-1], 1))
    above, tied = maps > last, maps == last
    places = (k - above.sum(-1, keepdim=True)) / tied.sum(-1, keepdim=True)
    hits = ((above + tied * places) * objects).sum(-1)
    return hits / objects.sum(-1)


def choose_head(recall: Tensor) -> tuple[int, int]:
    """Block and head ``(b, h)`` of the largest mean recall; the earliest of equals.

    Args:
        recall: ``(N, blocks, heads)``, of N images.
    """
    mean = recall.mean(dim=0)
    block, head = divmod(int(mean.flatten().argmax()), mean.shape[1])
    return block, head
