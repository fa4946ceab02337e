"""What one training step knows, handed from room to room."""

from dataclasses import dataclass, field

from torch import Tensor

from ..ops.masking import PatchMask

Need = tuple[str, str]
"""(name of a teacher, what is wanted of it), e.g. ``("ema", "predicted_loss")``."""


@dataclass(frozen=True)
class TeacherView:
    """What a teacher saw in the full images: only what was asked for, the rest is None.

    Attributes:
        features: patch features ``(B, L, D)``.
        predicted_loss: predicted reconstruction loss per patch ``(B, L)``, fp32, higher = harder.
    """

    features: Tensor | None = None
    predicted_loss: Tensor | None = None


@dataclass
class Step:
    """One training step.

    Attributes:
        images: normalised images ``(B, C, H, W)``.
        patch_size: P.
        grid: patch grid ``(h, w)``.
        progress: fraction of training done.
        views: what each teacher saw, by its name.
        tokens: the encoder's patch embedding of all patches ``(B, L, D)``, without positions, where the score reads it.
        positions: the encoder's position embedding of this grid ``(L, D)``, where the score reads the tokens.
        mask: the mask of this step, once it is made.
        patch_losses: per-patch losses ``(B, M)`` of the tasks done so far, detached, by task name.
    """

    images: Tensor
    patch_size: int
    grid: tuple[int, int]
    progress: float
    views: dict[str, TeacherView] = field(default_factory=dict)
    tokens: Tensor | None = None
    positions: Tensor | None = None
    mask: PatchMask | None = None
    patch_losses: dict[str, Tensor] = field(default_factory=dict)

    @property
    def length(self) -> int:
        """Number of patches L."""
        return self.grid[0] * self.grid[1]

    @property
    def masked(self) -> Tensor:
        """Indices of the masked patches ``(B, M)``.

        Raises:
            RuntimeError: the mask of this step has not been made yet.
        """
        if self.mask is None:
            raise RuntimeError("the step has no mask yet: scores and teachers run before it is made")
        return self.mask.masked
