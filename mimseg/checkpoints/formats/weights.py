"""What every checkpoint format is read into."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from ...choices import one_of
from ..adapt import adapt_table, fixed_table

KERNEL = "encoder.patch_embed.weight"
TABLE = "encoder.positions.table"
SIZE = "encoder.positions.size"
RELATIVE = "encoder.relative_position_bias.table"
RELATIVE_SIZE = "encoder.relative_position_bias.size"
RELATIVE_PART = "encoder.relative_position_bias."
"""Where a ViT's tables of relative positions are: one that all blocks share, or one for each (:func:`relative_of`)."""
ENCODER = "encoder."
BACKBONE = "encoder.backbone."
"""Where a :class:`mimseg.models.DenseBackbone` has its network."""
FINAL_NORM = "encoder.norm."
TEACHER = "teachers.ema.parts."
PREDICTOR = "tasks.predict_loss.decoder."
TEACHER_PARTS = {"encoder.": "encoder.", "neck.": "neck.", PREDICTOR: "predictor."}  # the student's: the teacher's


@dataclass
class Weights:
    """A checkpoint's tensors under this project's names.

    Attributes:
        label: the format, for people.
        state: tensors by name; ``encoder.patch_embed.weight`` is ``(D, P * P * C)``. A position table is there only if
            it is not the fixed sine-cosine one.
        ema: the EMA teacher's tensors under the student's names, if the file has a teacher; ``state`` holds them too,
            as far as a model's teacher has them.
        patch: patch size P and image channels C, if the file tells.
        grid: patch grid ``(h, w)`` of the file's position table, if it tells.
        heads: attention heads by module, e.g. ``{"encoder": 12}``, as far as the file tells.
        normalize: whether pixels were predicted normalised per patch, if the file tells.
        pool: what a classifier's head reads, 'avg' (patch tokens' mean) or 'cls', if the file tells.
        others: tensors of the file that have no counterpart here, by the file's names.
        notes: what a user should know of how it was read.
        names: of all tensors, as the file has them.
        reordered: whether the halves of the encoder's channels changed places, see
            :mod:`mimseg.checkpoints.formats.rows_first`.
    """

    label: str
    state: dict[str, Tensor]
    ema: dict[str, Tensor] | None = None
    patch: tuple[int, int] | None = None
    grid: tuple[int, int] | None = None
    heads: dict[str, int] = field(default_factory=dict)
    normalize: bool | None = None
    pool: str | None = None
    others: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    names: tuple[str, ...] = ()
    reordered: bool = False

    def student(self, which: str) -> dict[str, Tensor]:
        """The tensors to load, with the student's own weights or the EMA teacher's in their place.

        Raises:
            ValueError: ``which`` is neither 'student' nor 'ema', or there is no teacher.
        """
        one_of("weights", which, ("student", "ema"))
        if which == "student":
            return self.state
        if self.ema is None:
            raise ValueError("weights='ema' was asked for but the file holds no EMA teacher; use weights='student'")
        return {**self.state, **self.ema}

    def known_patch(self) -> tuple[int, int]:
        """Patch size and channels.

        Raises:
            ValueError: the file does not tell.
        """
        if self.patch is None:
            raise ValueError(
                "it does not tell its patch size and channels; convert a checkpoint that a run has written"
            )
        return self.patch

    def table(self, grid: tuple[int, int]) -> Tensor:
        """The encoder's position table ``(1 + L, D)`` for a patch grid, class token's row first.

        Fixed positions are resized for another grid than the file's as a learned table is, where the file tells its.

        Raises:
            ValueError: a learned table's own grid cannot be told.
        """
        width = len(self.state[KERNEL])
        if TABLE not in self.state:
            own = self.grid or grid
            return adapt_table(fixed_table(own, width), own, grid)
        return adapt_table(self.state[TABLE], self.grid, grid)


def as_teacher(ema: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A teacher's tensors from the student's names to those of :class:`mimseg.models.EMATeacher`."""
    return {
        TEACHER + theirs + name.removeprefix(ours): tensor
        for name, tensor in ema.items()
        for ours, theirs in TEACHER_PARTS.items()
        if name.startswith(ours)
    }


def as_student(state: Mapping[str, Tensor]) -> dict[str, Tensor] | None:
    """Inverse of :func:`as_teacher`, from all tensors of a model; None where it has no such teacher."""
    found = {
        ours + name.removeprefix(TEACHER + theirs): tensor
        for name, tensor in state.items()
        for ours, theirs in TEACHER_PARTS.items()
        if name.startswith(TEACHER + theirs)
    }
    return found or None


def with_ema(weights: Weights, ema: dict[str, Tensor] | None) -> Weights:
    """``weights`` with an EMA teacher that has the student's names, if there is one."""
    if ema is not None:
        weights.ema = ema
        weights.state.update(as_teacher(ema))
    return weights


def relative_of(block: int | str) -> str:
    """The name of a block's own table of relative positions."""
    return f"{RELATIVE_PART}{block}.table"


def relative_size_of(block: int | str) -> str:
    """The name of the patch grid ``[h, w]`` of :func:`relative_of`."""
    return f"{RELATIVE_PART}{block}.size"


def rename(name: str, prefixes: Mapping[str, str]) -> str | None:
    """``name`` with the first fitting prefix replaced; None where none fits. A prefix without a dot is a whole name."""
    for old, new in prefixes.items():
        if name == old or (old.endswith(".") and name.startswith(old)):
            return new + name.removeprefix(old)
    return None


def count_blocks(state: Mapping[str, Any], prefix: str) -> int:
    """Count the numbered blocks under ``prefix``, e.g. ``encoder.blocks.``."""
    return len({name.removeprefix(prefix).split(".", 1)[0] for name in state if name.startswith(prefix)})


def block_heads(module: Any) -> int | None:
    """Attention heads of a module's blocks, as the first that tells has them; None for other modules."""
    blocks = getattr(module, "blocks", None)
    if not isinstance(blocks, nn.ModuleList | nn.Sequential):
        return None
    told = (getattr(part, "num_heads", None) for part in blocks.modules())
    return next((heads for heads in told if isinstance(heads, int)), None)


def few_of(names: Sequence[str], most: int = 3) -> str:
    """A few of many names, for one line."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
