"""What a model shows of itself."""

from dataclasses import dataclass

from torch import Tensor

from ..ops.masking import PatchMask


@dataclass(frozen=True)
class Reconstruction:
    """What a model makes of some images, for people to look at.

    Attributes:
        mask: bool ``(B, L)``, True = masked.
        grid: patch grid ``(h, w)``.
        pixels: normalised images ``(B, C, H, W)`` with predictions in the masked patches; None without pixel target.
        patch_loss: ``(B, L)``, NaN where visible.
        predicted_loss: ``(B, L)`` of the full image, higher = harder; None without a loss predictor.
        note: which statistics undid a per-patch normalised target; empty if none had to.
        score: what the masks read ``(B, U)``, higher = masked first, over mask units; None if nothing.
        units: grid of the mask units (h, w), U = h * w.
        predict: bool ``(B, L)``, the hidden patches that are predicted: all, unless some are thrown away.
        predicted: what the first task predicts at these, as its target has it: ``(B, M, out_dim)``, or packed.
        patch_mask: the mask, with the index lists that belong to ``predicted``.
    """

    mask: Tensor
    grid: tuple[int, int]
    pixels: Tensor | None
    patch_loss: Tensor
    predicted_loss: Tensor | None
    note: str
    score: Tensor | None = None
    units: tuple[int, int] | None = None
    predict: Tensor | None = None
    predicted: Tensor | None = None
    patch_mask: PatchMask | None = None
