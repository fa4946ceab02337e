"""How much a model has yet to learn from an image: what sample selection ranks images by (PASS)."""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

from ..choices import one_of
from ..ops.masking import PatchMask
from .inspection import predict_loss
from .masking import MaskGenerator
from .mim import MaskedImageModel
from .modes import evaluating
from .reading import Encoded
from .step import Step
from .tasks import Task

ScoredBy = Literal["predicted", "random"]
"""Which patches are masked while an image is scored: those of the highest predicted losses, or random ones."""


@torch.no_grad()
def score_images(
    model: MaskedImageModel,
    images: Tensor,
    *,
    by: ScoredBy = "predicted",
    tau: float | None = None,
    squared: bool = True,
    noise: Tensor | None = None,
) -> Tensor:
    """Score images ``(B)`` by how badly their masked patches are predicted, in evaluation mode (PASS, Eq. 3 and 8).

    Args:
        model: which predicts them.
        images: normalised ``(B, C, H, W)``.
        by: mask the patches of the highest predicted losses, or random ones.
        tau: weigh the masked patches by ``softmax(predicted loss / tau)`` (Eq. 7), whichever they are; None weighs
            them alike.
        squared: score by the squared L2 distance of the first task; False: by all tasks' own weighted losses.
        noise: uniform ``(B, units)`` for random masks.

    Raises:
        ValueError: a loss is needed that nothing predicts, a temperature that is not positive, or missing noise.
    """
    check_scoring(by, tau)
    with evaluating(model):
        step, tasks = model.step(images), scored_tasks(model.named_tasks, model.progress, squared)
        predicted = predict_loss(model, images) if by == "predicted" or tau is not None else None
        step.mask = scoring_mask(by, model.masking, step, predicted, noise)
        check_weights(tau, predicted)
        model.look(step, tasks)
        return mean_error(patch_errors(tasks, model.encode(step), step, squared), step.mask, predicted, tau)


def check_scoring(by: str, tau: float | None) -> None:
    """Refuse what no score can be made of.

    Raises:
        ValueError: unknown ``by``, or a temperature that is not positive.
    """
    one_of("by", by, ScoredBy)
    if tau is not None and not tau > 0:
        raise ValueError(f"tau={tau!r}: the temperature must be positive; None weighs all masked patches alike")


def scoring_mask(
    by: ScoredBy, masking: MaskGenerator, step: Step, predicted: Tensor | None, noise: Tensor | None
) -> PatchMask:
    """Make the mask that images are scored under, of the training masks' number of units.

    Args:
        by: which patches are masked.
        masking: gives number and size of what is masked.
        step: of these images.
        predicted: predicted losses ``(B, L)``, of which the highest are masked (PASS, Eq. 4).
        noise: uniform ``(B, U)`` for random masks (BSS).

    Raises:
        ValueError: what the mask is made from is not there.
    """
    if by == "random":
        if noise is None:
            raise ValueError("images that are scored under random masks need noise, uniform (B, units)")
        return masking.at_random(noise, step.patch_size, step.grid)
    if predicted is None:
        raise ValueError(
            "images cannot be scored by predicted losses: no task and no teacher predicts any; add a task with "
            "PatchLossTarget, or score by='random'"
        )
    return masking.of_highest(predicted, step.patch_size, step.grid)


def check_weights(tau: float | None, predicted: Tensor | None) -> None:
    """Refuse weights that nothing gives.

    Raises:
        ValueError: a temperature, and no predicted losses.
    """
    if tau is not None and predicted is None:
        raise ValueError(
            f"tau={tau!r} weighs patches by their predicted loss, and no task and no teacher predicts any; add a task "
            "with PatchLossTarget, or leave tau None"
        )


def scored_tasks(tasks: Mapping[str, Task], progress: float, squared: bool) -> dict[str, Task]:
    """The tasks whose losses make the score: the first one, or all that compare patches at this progress."""
    comparing = {name: task for name, task in tasks.items() if not task.predicts_losses}
    if squared:
        return dict(list(comparing.items())[:1])
    return {name: task for name, task in comparing.items() if task.active(progress)}


def patch_errors(tasks: Mapping[str, Task], encoded: Encoded, step: Step, squared: bool) -> Tensor:
    """How wrong the tasks are at each masked patch ``(B, M)``: summed over the tasks.

    Args:
        tasks: at least one.
        encoded: what their decoders get.
        step: with mask and views.
        squared: take squared L2 distances rather than the tasks' own weighted losses.
    """
    read = [(task, encoded.read_by(task)) for task in tasks.values()]
    errors = [task.distances(latent, step) if squared else task.errors(latent, step) for task, latent in read]
    return torch.stack(errors).sum(dim=0)


def patch_weights(predicted: Tensor, tau: float) -> Tensor:
    """Weights ``(B, M)`` of the masked patches by their predicted losses: ``softmax(p / tau)`` (PASS, Eq. 7), fp32.

    They sum to one in each image. A high ``tau`` weighs all alike, a low one takes the highest patch alone.
    """
    return torch.softmax(predicted.float() / tau, dim=1)


def mean_error(per_patch: Tensor, mask: PatchMask, predicted: Tensor | None, tau: float | None) -> Tensor:
    """Average the errors of an image ``(B)``, fp32: weighted over its masked patches (PASS, Eq. 8), or plainly (Eq. 3).

    Args:
        per_patch: how wrong the model is at the masked patches ``(B, M)``.
        mask: whose patches these are.
        predicted: the predicted losses ``(B, L)``; read with ``tau`` only.
        tau: temperature of the weights; None weighs all alike.
    """
    if tau is None or predicted is None:
        return per_patch.float().mean(dim=1)
    masked = mask.take_masked(predicted.unsqueeze(-1)).squeeze(-1)
    return (patch_weights(masked, tau) * per_patch.float()).sum(dim=1)
