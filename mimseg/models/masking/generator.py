"""mask = policy(score, ratio)."""

from dataclasses import dataclass
from typing import Any

import torch
from mmengine.dist import all_reduce, get_dist_info
from torch import Tensor, nn

from ...ops.masking import PatchMask, mask_highest, mask_largest, pool_to_units, repeat_units, uniform_noise
from ...registry import MODELS
from ..step import Need, Step
from .policies import Draw, Policy
from .ratios import Ratio
from .scores import Score


@dataclass(frozen=True)
class Decision:
    """A mask and how it came about.

    Attributes:
        mask: over the encoder's patches.
        score: ``(B, U)`` over mask units, higher = masked first; None where it was not read.
        units: grid of the mask units (h, w), U = h * w.
    """

    mask: PatchMask
    score: Tensor | None
    units: tuple[int, int]


@MODELS.register_module()
class MaskGenerator(nn.Module):
    """Compose where to mask (score), how strictly to obey (policy) and how much (ratio).

    Args:
        policy: config of a :class:`Policy`.
        ratio: config of a :class:`Ratio`.
        score: config of a :class:`Score`; may be left out where neither policy nor ratio reads one.
        unit: side in pixels of the squares that are masked as a whole (SimMIM: 32); default: the encoder's patches.
            Scores are averaged over a unit before they are ranked.

    Attributes:
        generator: source of randomness of :meth:`forward`, in the same state on every rank; None for the device's
            default generator. A run sets it, so that ranks may draw differently from their default generators.

    Raises:
        ValueError: the policy or ratio reads a score and there is none, or there is one that neither reads; the policy
            cannot do with the ratio, or with a different number in each image; or ``unit`` is no number of pixels.
    """

    def __init__(
        self,
        policy: dict[str, Any],
        ratio: dict[str, Any],
        score: dict[str, Any] | None = None,
        unit: int | None = None,
    ) -> None:
        super().__init__()
        self.score: Score | None = MODELS.build(score) if score else None
        self.policy: Policy = MODELS.build(policy)
        self.ratio: Ratio = MODELS.build(ratio)
        self.unit = unit
        self.generator: torch.Generator | None = None
        kinds = f"{type(self.policy).__name__} with {type(self.ratio).__name__}"
        needs_score = self.policy.needs_score or self.ratio.needs_score
        if needs_score != (self.score is not None):
            word = "needs a score" if needs_score else "reads no score"
            raise ValueError(f"masking: {kinds} {word}; set or remove masking.score (got {score})")
        if unit is not None and (not isinstance(unit, int) or unit < 1):
            raise ValueError(f"masking.unit is the side of a mask unit in whole pixels, got {unit!r}")
        self.policy.check_ratio(*self.ratio.range())
        if self.ratio.per_sample and not self.policy.ragged:
            raise ValueError(
                f"masking: {kinds}: this policy masks equally many patches of every image; use a FixedRatio, or "
                "ratio.level='batch'"
            )

    @property
    def needs(self) -> frozenset[Need]:
        """What the score may ask of the teachers and the student in a run."""
        return self.score.needs if self.score is not None else frozenset()

    def units(self, patch_size: int, grid: tuple[int, int]) -> tuple[int, int]:
        """The grid of mask units for a patch grid (h, w).

        Raises:
            ValueError: a unit is no whole number of patches, or does not divide the grid.
        """
        size = patch_size if self.unit is None else self.unit
        k = size // patch_size
        if size % patch_size or size < patch_size:
            raise ValueError(
                f"masking.unit={size} px is not a multiple of the encoder's {patch_size} px patches; use {patch_size} "
                f"or {2 * patch_size}"
            )
        if grid[0] % k or grid[1] % k:
            h, w = grid[0] * patch_size, grid[1] * patch_size
            raise ValueError(
                f"an image of {h}x{w} px is not a multiple of masking.unit={size} px; use images of "
                f"{max(1, h // size) * size}x{max(1, w // size) * size}, or unit={patch_size}"
            )
        return grid[0] // k, grid[1] // k

    def needs_score(self, step: Step) -> bool:
        """Whether the mask of this step depends on the score.

        As long as a policy that takes a score does not read it (a warm-up at random), the ratio is the usual one, too.
        """
        if not self.policy.needs_score:
            return self.score is not None
        h, w = self.units(step.patch_size, step.grid)
        return self.policy.needs_score_at(self.ratio.usual(h * w), step.progress)

    def forward(self, step: Step, generator: torch.Generator | None = None) -> PatchMask:
        """The masks ``(B, L)`` of a step; see :meth:`decide`."""
        return self.decide(step, generator).mask

    def decide(self, step: Step, generator: torch.Generator | None = None) -> Decision:
        """The masks ``(B, L)`` of a step, and the score.

        Args:
            step: needs ``images``, ``progress``, and the views and tokens that the score reads.
            generator: source of randomness; default: :attr:`generator`. It must be in the same state on every rank
                (see :func:`mimseg.ops.masking.uniform_noise`).
        """
        units = self.units(step.patch_size, step.grid)
        length = units[0] * units[1]
        score = None
        if self.needs_score(step) and self.score is not None:
            score = pool_to_units(self.score(step), units)
        masked = self.policy.number(self.ratio(length, score), length, step.progress)
        rank, world = get_dist_info()
        columns = self.policy.noise_per_image(length)
        source = self.generator if generator is None else generator
        noise = uniform_noise(len(step.images), columns, step.images.device, source, rank, world)
        state = self.policy(Draw(noise, masked, step.progress, units, score))
        return Decision(self._patches(state, masked, units, step.grid), score, units)

    def at_random(self, noise: Tensor, patch_size: int, grid: tuple[int, int]) -> PatchMask:
        """Plainly random masks of the ratio's usual number.

        Args:
            noise: uniform ``(B, L)``, of which as many numbers are read as there are units.
            patch_size: side of a patch in pixels.
            grid: patch grid (h, w).
        """
        units = self.units(patch_size, grid)
        masked = self.ratio.usual(units[0] * units[1])
        return self._patches(mask_largest(noise[:, : units[0] * units[1]], masked), masked, units, grid)

    def of_highest(self, score: Tensor, patch_size: int, grid: tuple[int, int]) -> PatchMask:
        """Masks of the ratio's usual number that hide the highest scores, and nothing at random (PASS, Eq. 4).

        Args:
            score: ``(B, L)``, averaged over mask units before it is ranked.
            patch_size: side of a patch in pixels.
            grid: patch grid (h, w).
        """
        units = self.units(patch_size, grid)
        masked = self.ratio.usual(units[0] * units[1])
        return self._patches(mask_highest(pool_to_units(score.float(), units), masked), masked, units, grid)

    def _patches(self, state: Tensor, masked: int | Tensor, units: tuple[int, int], grid: tuple[int, int]) -> PatchMask:
        """From units to the encoder's patches."""
        k = grid[0] // units[0]
        state = repeat_units(state, units, k)
        if isinstance(masked, int):
            thrown = self.policy.thrown(units[0] * units[1]) if state.dtype == torch.uint8 else 0
            return PatchMask.from_bool(state, masked * k * k, thrown * k * k)
        mean = masked.float().mean() * k * k
        all_reduce(mean, "mean")
        return PatchMask.from_counts(state, masked * k * k, mean)
