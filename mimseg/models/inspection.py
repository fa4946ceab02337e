"""What one looks at in a model: the masks that it draws, what it fills in, the losses that it expects."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..ops.masking import PatchMask
from .masking import Decision
from .mim import MaskedImageModel
from .targets import Histograms, PatchLossTarget


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
        histograms: of a first task that predicts gradients.
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
    histograms: Histograms | None = None


@torch.no_grad()
def decide_masks(model: MaskedImageModel, images: Tensor, generator: torch.Generator | None = None) -> Decision:
    """Draw the masks of normalised images ``(B, C, H, W)`` as in training, with the score that they follow."""
    step = model.step(images)
    model.look(step, {})
    return model.masking.decide(step, generator)


@torch.no_grad()
def reconstruct_hidden(
    model: MaskedImageModel, images: Tensor, generator: torch.Generator | None = None
) -> Reconstruction:
    """Mask normalised images ``(B, C, H, W)`` as in training and predict what is hidden, with the first task."""
    step = model.step(images)
    model.look(step, model.active_tasks())
    decision = model.masking.decide(step, generator)
    mask = step.mask = decision.mask
    task = next(iter(model.named_tasks.values()))
    predicted = task.decoder(model.encode(step).read_by(task))
    _, per_patch = task.criterion(predicted, task.target(step), mask)
    picture = task.target.picture(predicted, step)
    return Reconstruction(
        mask=mask.mask,
        grid=step.grid,
        pixels=picture.pixels,
        patch_loss=mask.spread(per_patch, float("nan")),
        predicted_loss=predict_loss(model, images),
        note=picture.note,
        score=decision.score,
        units=decision.units,
        predict=mask.spread(torch.ones_like(per_patch)) > 0,
        predicted=predicted,
        patch_mask=mask,
        histograms=picture.histograms,
    )


def predicts_loss(model: MaskedImageModel) -> bool:
    """Whether a task of the model predicts losses; then :func:`predict_loss` does."""
    return any(isinstance(task.target, PatchLossTarget) for task in model.named_tasks.values())


@torch.no_grad()
def predict_loss(model: MaskedImageModel, images: Tensor) -> Tensor | None:
    """Predict the loss ``(B, L)`` at every patch of full images, by a teacher or else by the student; None if none can.

    Args:
        model: whose teachers or tasks are asked.
        images: normalised ``(B, C, H, W)``.
    """
    needs = model.all_needs()
    for name, teacher in model.named_teachers.items():
        if "predicted_loss" in model.wanted_of(name, needs):
            return teacher.look(images, frozenset({"predicted_loss"})).predicted_loss
    for task in model.named_tasks.values():
        if isinstance(task.target, PatchLossTarget):
            scores: Tensor = task.decoder(model.neck(model.encoder(images))).squeeze(-1)
            return scores
    return None
