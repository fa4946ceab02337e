"""Converting checkpoints between this project's format and those of others; also ``tools/convert.py``."""

from pathlib import Path
from typing import Literal

from ...checkpoints.convert import Conversion, convert_checkpoint
from ...models.backbones import ARCHS


def convert(
    source: str | Path,
    out: str | Path,
    to: str,
    *,
    weights: Literal["student", "ema"] = "student",
    image_size: tuple[int, int] | None = None,
    num_heads: int | None = None,
    trust: bool = False,
    overwrite: bool = False,
) -> Conversion:
    """Write a checkpoint in another format, whole or not at all.

    Arguments and errors are those of :func:`mimseg.checkpoints.convert.convert_checkpoint`, which is told the standard
    ViTs of this project.
    """
    return convert_checkpoint(
        source,
        out,
        to,
        archs=ARCHS.values(),
        weights=weights,
        image_size=image_size,
        num_heads=num_heads,
        trust=trust,
        overwrite=overwrite,
    )
