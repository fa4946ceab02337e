"""Several masking strategies side by side on the same images, in one labelled sheet."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from torch import Tensor

from .columns import SheetColumn, mask_columns
from .display import Display
from .grid import HEADING, ColumnGroup, HeadingLine, draw_grid
from .masks import Masks, check_counts, note_masks

WARNING = "#b00020"  # colour of doubts


@dataclass(frozen=True)
class Strategy:
    """The masks of one strategy on some images.

    Attributes:
        label: its name, for example that of its config.
        masks: of the images.
        origin: where its weights come from.
        doubt: why its masks mean less than they seem to; empty if there is no reason.
    """

    label: str
    masks: Masks
    origin: str = ""
    doubt: str = ""


def draw_strategies(
    images: Tensor,
    strategies: Sequence[Strategy],
    mean: Tensor,
    std: Tensor,
    title: str,
    names: Sequence[str] | None = None,
) -> Figure:
    """Draw one row an image: the image, then for each strategy its score (if it reads one), mask and masked image.

    Args:
        images: normalised ``(B, C, H, W)``.
        strategies: at least one; their patches may be of different sizes.
        mean: ``(C, 1, 1)`` that undoes the normalisation.
        std: ``(C, 1, 1)``.
        title: heading of the sheet.
        names: one label a row.

    Raises:
        ValueError: no strategies, or masks or names of another number of images.
    """
    if not strategies:
        raise ValueError("no strategy to draw: give at least one")
    check_counts(images, [strategy.masks for strategy in strategies], names)
    display = Display.fit(images, mean, std)
    rgb = display.rgb(images)
    groups = [ColumnGroup([SheetColumn("image", rgb)])]
    for strategy in strategies:
        columns = mask_columns(rgb, strategy.masks, "mask", captions=strategy.masks.differ)
        groups.append(ColumnGroup(columns, _heading(strategy)))
    notes = note_masks(strategy.masks for strategy in strategies)
    return draw_grid(groups, title, [*notes, *display.notes], names)


def _heading(strategy: Strategy) -> list[HeadingLine]:
    facts = [strategy.masks.share(), strategy.origin]
    lines = [
        HeadingLine(strategy.label, HEADING, "bold"),
        HeadingLine("   ·   ".join(fact for fact in facts if fact), colour="0.35"),
    ]
    return [*lines, HeadingLine(strategy.doubt, colour=WARNING)] if strategy.doubt else lines
