"""What one training step knows, handed from room to room."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from ..ops.attention import AttentionMap
from ..ops.masking import PatchMask
from .backbones.base import BlockFeatures, Rows

Want = str | AttentionMap | BlockFeatures
"""What a teacher can be asked for: ``"features"``, ``"predicted_loss"``, an attention map, or a block's features."""

Need = tuple[str, Want]
"""(name of a teacher, what is wanted of it), e.g. ``("ema", "predicted_loss")``."""

STUDENT = "student encoder"
"""In place of a teacher's name: the encoder that is trained."""
EMBEDDING: Need = (STUDENT, "patch embedding")
"""The need of the student's own patch embedding of the unmasked image (:attr:`Step.tokens`)."""


def kind_of(want: Want) -> str:
    """The kind of a want, as teachers list what they provide: the word itself, 'attention' or 'block_features'."""
    if isinstance(want, str):
        return want
    return "block_features" if isinstance(want, BlockFeatures) else "attention"


@dataclass(frozen=True)
class TeacherView:
    """What a teacher saw in the full images: only what was asked for, the rest is None or missing.

    Attributes:
        features: patch features ``(B, L, D)``.
        predicted_loss: predicted reconstruction loss per patch ``(B, L)``, fp32, higher = harder.
        attention: the attention maps ``(B, L)``, fp32, by what was asked for.
        blocks: patch tokens ``(B, L, D)`` as they leave a block, by what was asked for.
    """

    features: Tensor | None = None
    predicted_loss: Tensor | None = None
    attention: Mapping[AttentionMap, Tensor] = field(default_factory=dict)
    blocks: Mapping[BlockFeatures, Tensor] = field(default_factory=dict)


@dataclass
class Step:
    """One training step.

    Attributes:
        images: normalised images ``(B, C, H, W)``.
        patch_size: P.
        grid: patch grid ``(h, w)``.
        progress: fraction of training done.
        views: what each teacher saw, by its name.
        tokens: the encoder's patch embedding of all patches ``(B, L, D)``, without positions, where the score reads it;
            ``(B, L * k * k, D)`` of an encoder that begins with k times smaller patches.
        positions: the encoder's position embedding of these tokens ``(L, D)``, where the score reads them and the
            encoder adds positions.
        mask: the mask of this step, once it is made.
        patch_losses: per-patch losses of the tasks done so far, detached, by task name: ``(B, M)``, or packed.
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
    def made_mask(self) -> PatchMask:
        """The mask of this step.

        Raises:
            RuntimeError: it has not been made yet.
        """
        if self.mask is None:
            raise RuntimeError("the step has no mask yet: scores and teachers run before it is made")
        return self.mask

    def select(self, values: Tensor, rows: Rows = "masked") -> Tensor:
        """Of values for every patch ``(B, L, D)`` those at the patches to predict, or all.

        Returns:
            ``(B, M, D)``, or packed ``(sum M, D)`` where the numbers differ between images; ``(B, L, D)`` for 'all'.

        Raises:
            RuntimeError: the mask of this step has not been made yet.
        """
        return values if rows == "all" else self.made_mask.take_masked(values)
