"""What several models predict of the same images, each in its own target: FastMIM's figure 10."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from .columns import BLACK, SheetColumn, hide
from .display import Display, to_pixels
from .grid import HEADING, ColumnGroup, HeadingLine, draw_grid
from .hog import draw_hog, stroke_strengths
from .masks import Masks, check_counts

HOG_NOTES = (
    "HOG: strokes run along edges, across the gradient; mean over the colour channels.",
    "Black is 0 or less, white the 1 % strongest orientations of an image's ground truth.",
)


@dataclass(frozen=True)
class Gradients:
    """Histograms of oriented gradients of some images, on the CPU.

    Attributes:
        truth: ``(B, C * bins, h, w)``.
        predicted: ``(B, C * bins, h, w)``; the ground truth where nothing was predicted.
        bins: number of orientations.
        settings: the target's, in words.
    """

    truth: Tensor
    predicted: Tensor
    bins: int
    settings: str


@dataclass(frozen=True)
class Prediction:
    """The predictions of one model of some images: pixels or histograms of oriented gradients.

    Attributes:
        label: its name, for example that of its config.
        origin: where its weights come from.
        masks: what was hidden from it.
        pixels: normalised images ``(B, C, H, W)`` with predictions in the masked patches.
        gradients: the histograms, if these are its target.
        note: which statistics undid a per-patch normalised target; empty if none had to.
    """

    label: str
    origin: str
    masks: Masks
    pixels: Tensor | None = None
    gradients: Gradients | None = None
    note: str = ""


def draw_predictions(
    images: Tensor,
    predictions: Sequence[Prediction],
    mean: Tensor,
    std: Tensor,
    title: str,
    names: Sequence[str] | None = None,
) -> Figure:
    """Draw one row an image: masked image, image, predicted pixels, true HOG, predicted HOG (FastMIM, figure 10).

    Models that predict pixels come first. Where not all models saw the same patches, each has its own masked image. The
    true HOG is drawn once for all models with the same settings.

    Args:
        images: normalised ``(B, C, H, W)``.
        predictions: at least one, of these images.
        mean: ``(C, 1, 1)`` that undoes the normalisation.
        std: ``(C, 1, 1)``.
        title: heading of the sheet.
        names: one label a row.

    Raises:
        ValueError: no predictions, or predictions or names of another number of images.
    """
    if not predictions:
        raise ValueError("no prediction to draw: give at least one model")
    check_counts(images, [prediction.masks for prediction in predictions], names)
    display = Display.fit(images, mean, std)
    rgb = display.rgb(images)
    predictions = sorted(predictions, key=lambda prediction: prediction.gradients is not None)
    size = (rgb.shape[1], rgb.shape[2])
    shared = _same_masks(predictions, size)
    groups = [ColumnGroup([*([_masked_image(rgb, predictions[0].masks)] if shared else []), SheetColumn("image", rgb)])]
    shown: set[str] = set()
    for prediction in predictions:
        columns = [] if shared else [_masked_image(rgb, prediction.masks)]
        columns += _columns(prediction, display, size, shown)
        groups.append(ColumnGroup(columns, _heading(prediction)))
    return draw_grid(groups, title, [*_notes(predictions), *display.notes], names)


def _same_masks(predictions: Sequence[Prediction], size: tuple[int, int]) -> bool:
    first, *others = (
        to_pixels(mask, masks.grid, size)
        for masks in (prediction.masks for prediction in predictions)
        for mask in (masks.hidden.int() + masks.thrown.int(),)
    )
    return all(np.array_equal(first, other) for other in others)


def _masked_image(rgb: NDArray[Any], masks: Masks) -> SheetColumn:
    size = (rgb.shape[1], rgb.shape[2])
    hidden, thrown = (to_pixels(mask, masks.grid, size) for mask in (masks.hidden, masks.thrown))
    captions = masks.shares() if masks.differ else None
    return SheetColumn(f"masked image ({masks.share()})", hide(hide(rgb, hidden), thrown, BLACK), captions=captions)


def _columns(prediction: Prediction, display: Display, size: tuple[int, int], shown: set[str]) -> list[SheetColumn]:
    columns = []
    if prediction.pixels is not None:
        thrown = to_pixels(prediction.masks.thrown, prediction.masks.grid, size)
        title = "predicted pixels *" if prediction.note else "predicted pixels"
        columns.append(SheetColumn(title, hide(display.rgb(prediction.pixels), thrown, BLACK)))
    if (gradients := prediction.gradients) is not None:
        white = _white(gradients)
        if gradients.settings not in shown:
            shown.add(gradients.settings)
            columns.append(SheetColumn(f"HOG: {gradients.settings}", _grey(gradients.truth / white, gradients.bins)))
        seen = _black_out(gradients, prediction.masks)
        columns.append(SheetColumn("predicted HOG", _grey(seen.predicted / white, gradients.bins)))
    return columns


def _white(gradients: Gradients) -> Tensor:
    """The strength that is drawn white in each image ``(B, 1, 1, 1)``."""
    strengths = stroke_strengths(gradients.truth, gradients.bins).flatten(1)
    top = strengths.quantile(0.99, dim=1).view(-1, 1, 1, 1)
    return torch.where(top > 0, top, 1.0)


def _black_out(gradients: Gradients, masks: Masks) -> Gradients:
    """Without the cells of thrown patches."""
    cells = (gradients.predicted.shape[2], gradients.predicted.shape[3])
    thrown = torch.from_numpy(to_pixels(masks.thrown, masks.grid, cells)).unsqueeze(1)
    return replace(gradients, predicted=gradients.predicted.masked_fill(thrown, 0.0))


def _grey(histograms: Tensor, bins: int) -> NDArray[Any]:
    return np.repeat(draw_hog(histograms, bins)[..., None].clip(0, 1), 3, axis=-1)


def _heading(prediction: Prediction) -> list[HeadingLine]:
    return [HeadingLine(prediction.label, HEADING, "bold"), HeadingLine(prediction.origin, colour="0.35")]


def _notes(predictions: Sequence[Prediction]) -> list[str]:
    notes = ["Predictions are shown in the masked patches, the ground truth elsewhere."]
    notes += sorted({f"* {prediction.note}." for prediction in predictions if prediction.note})
    if any(bool(prediction.masks.thrown.any()) for prediction in predictions):
        notes.append("Black patches are thrown away: hidden, and not predicted.")
    if any(prediction.gradients is not None for prediction in predictions):
        notes += HOG_NOTES
    return notes
