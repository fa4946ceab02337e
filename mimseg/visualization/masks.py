"""What a masking strategy decided for some images, ready to be drawn."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..models import Reconstruction
from ..models.masking import Decision, MaskGenerator


@dataclass(frozen=True)
class Masks:
    """The masks of some images, on the CPU.

    Attributes:
        hidden: bool ``(B, L)``, True = hidden from the encoder.
        thrown: bool ``(B, L)``, True = hidden and not predicted either (AMT's thrown patches).
        grid: patch grid ``(h, w)``, L = h * w.
        score: ``(B, U)`` over mask units, higher = masked first; None where the masks read none.
        units: grid of the mask units ``(h, w)``, U = h * w.
        score_name: what the score is, in words.
    """

    hidden: Tensor
    thrown: Tensor
    grid: tuple[int, int]
    score: Tensor | None
    units: tuple[int, int]
    score_name: str

    @classmethod
    def of_decision(cls, decision: Decision, grid: tuple[int, int], score_name: str) -> "Masks":
        """From what a :class:`MaskGenerator` decided."""
        mask = decision.mask
        ones = torch.ones_like(mask.mask, dtype=torch.float32).unsqueeze(-1)
        predicted = mask.spread(mask.take_masked(ones).squeeze(-1)).bool()
        score = None if decision.score is None else decision.score.detach().float().cpu()
        return cls(mask.mask.cpu(), (mask.mask & ~predicted).cpu(), grid, score, decision.units, score_name)

    @classmethod
    def of_reconstruction(cls, seen: Reconstruction, score_name: str) -> "Masks":
        """From what a model made of images."""
        predict = seen.mask if seen.predict is None else seen.predict
        score = None if seen.score is None else seen.score.float().cpu()
        thrown = seen.mask & ~predict
        return cls(seen.mask.cpu(), thrown.cpu(), seen.grid, score, seen.units or seen.grid, score_name)

    @property
    def differ(self) -> bool:
        """Whether the number of hidden patches differs between the images."""
        return len(set(self.hidden.sum(dim=1).tolist())) > 1

    def shares(self) -> list[str]:
        """The share of each image that is hidden."""
        pairs = zip(self.hidden.float().mean(dim=1).tolist(), self.thrown.float().mean(dim=1).tolist(), strict=True)
        return [_share(hidden, thrown) for hidden, thrown in pairs]

    def share(self) -> str:
        """The share of all images that is hidden."""
        words = _share(self.hidden.float().mean().item(), self.thrown.float().mean().item())
        return f"{words} on average" if self.differ else words


def _share(hidden: float, thrown: float) -> str:
    if thrown == 0:
        return f"{100 * hidden:.0f} % hidden"
    return f"{100 * (hidden - thrown):.0f} % masked, {100 * thrown:.0f} % thrown"


def name_score(masking: MaskGenerator) -> str:
    """The score of a mask generator in words, after its class: ``PredictedLossScore`` is 'predicted loss'."""
    name = type(masking.score).__name__.removesuffix("Score") if masking.score is not None else ""
    return " ".join(re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*|[a-z0-9]+", name)).lower()


def note_masks(drawn: Iterable[Masks]) -> list[str]:
    """Describe the colours of scores and masks to a reader."""
    drawn = list(drawn)
    notes = []
    if any(masks.score is not None for masks in drawn):
        notes.append("Scores are coloured from the lowest to the highest of each image.")
    if any(bool(masks.thrown.any()) for masks in drawn):
        notes.append("Grey patches are masked: hidden, and to be predicted. Black ones are thrown away: hidden only.")
    return notes


def check_counts(images: Tensor, masks: Sequence[Masks], names: Sequence[str] | None) -> None:
    """Refuse masks or names that belong to other images than ``images (B, C, H, W)``.

    Raises:
        ValueError: their numbers differ.
    """
    counts = [len(of.hidden) for of in masks]
    if {*counts, len(names or images)} != {len(images)}:
        raise ValueError(
            f"a sheet wants as many masks and names as images; got {len(images)} images, "
            f"{' and '.join(map(str, counts))} masks, {len(names or images)} names"
        )
