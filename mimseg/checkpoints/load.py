"""Loading weights into a model, and refusing where too little of them fits."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from ..choices import one_of
from ..ops.patches import patch_grid
from .fitting import FixedPositions, Plan, check_places, check_shapes, fit_all, token_size
from .formats import Weights
from .formats.families import seen
from .formats.weights import KERNEL, TABLE
from .refusals import lost_blocks, shortage
from .report import LoadReport
from .sound import UNFIT, check_finite, check_fractional, misshapen
from .source import open_weights
from .tables import PositionTables, spread_names

FIXED_POSITIONS = ("encoder.positions", "trunk.positions")
"""Where a model and its EMA teacher may have fixed positions of the student's grid."""


def load_weights(
    model: nn.Module,
    path: str | Path,
    *,
    weights: Literal["student", "ema"] = "student",
    scope: str = "",
    least: float = 1.0,
    position_tables: PositionTables = "bicubic",
    fixed_positions: FixedPositions = "resized",
    image_size: int | Sequence[int] | None = None,
    trust: bool = False,
    log: Callable[[str], Any] = print,
) -> LoadReport:
    """Load the weights of a file of any known format into a model, adapted to its size where that is possible.

    Whatever fits is loaded, inside ``scope`` and outside; the gate is about what is inside. Teachers that the file says
    nothing of start from the student's new weights. A refused file leaves the model as it was.

    Args:
        model: a model of this project.
        path: the file, or a folder of ``save_pretrained``; see :func:`mimseg.checkpoints.source.open_weights`.
        weights: 'ema' takes the EMA teacher's encoder, neck and loss predictor instead of the student's.
        scope: prefix of the model's names that must be found, e.g. ``encoder.``; empty for all.
        least: share, 0 to 1, of the elements under ``scope`` that must be loaded. At 1 the model must also compute what
            the file's did: a learned position table without a place for it is then an error, otherwise a note.
        position_tables: what to do with learned position tables of another window, patch grid or image size. 'bicubic'
            resizes them (FastMIM, appendix A.3.2; a bias of CMT as an image of queries x keys). 'geometric' resizes
            tables of relative positions on a geometric progression of distances (SimMIM's and BEiT's public code, and
            FastMIM's default; see :mod:`mimseg.checkpoints.geometric`), others bicubically. 'reinit' keeps the model's
            own; they do not count for ``least``.
        fixed_positions: what to do where the file's positions are the fixed sine-cosine ones of another grid than the
            model's. 'resized' takes the file's, resized by bicubic interpolation, as the start of a learned table and
            for good in an encoder whose positions are fixed (the transfer of MAE's and FastMIM's public code, ViTDet):
            larger grids then have no coordinates beyond those of pre-training. 'computed' takes those of the model's
            own grid.
        image_size: (H, W) or one side of the images that the file's fixed positions are for, where it does not tell or
            tells another.
        trust: as in :func:`mimseg.checkpoints.read_checkpoint`.
        log: takes the report as text.

    Raises:
        CheckpointError: there is no such file, or it is damaged or not trusted.
        ValueError: the file is of no known format, of another architecture, or has too little of the model.
    """
    if isinstance(least, bool) or not isinstance(least, int | float) or not 0 <= least <= 1:
        raise ValueError(f"load_options.least={least!r}: the share of weights that must be found lies in [0, 1]")
    sides_of(image_size)
    one_of("load_options.position_tables", position_tables, PositionTables)
    one_of("load_options.fixed_positions", fixed_positions, FixedPositions)
    target = model.state_dict()
    if not any(name.startswith(scope) for name in target):
        raise ValueError(f"{type(model).__name__} has no weights under {scope!r} to load from {path}")
    found = open_weights(path, trust, frozenset(target))
    try:
        notes = [*found.notes, *_take_size(image_size, found, model)]
        source = found.student(weights)
        notes += check_places(source, target, scope, exact=least >= 1)
        plan = fit_all(model, source, found, position_tables, fixed_positions)
        plan.notes.extend(notes)
        check_shapes(model, source, found, plan, scope)
        _leave_teachers_to_student(model, plan)
        coverage = plan.coverage(target, scope)
        if coverage < least:
            raise ValueError(shortage(plan, coverage, least, scope))
        plan.notes += lost_blocks(plan.fitted, plan.missing)
        fitted = {name: fit.tensor for name, fit in plan.fitted.items()}
        check_fractional(fitted, target)
        check_finite(fitted)
    except ValueError as error:
        raise ValueError(f"{path}: {seen(found.label, found.names)}: {error}") from error
    except UNFIT as error:
        raise ValueError(f"{path}: {seen(found.label, found.names)}: {misshapen(found.state, error)}") from error
    _apply(model, plan)
    refer_positions(model, plan.reference)
    used = spread_names(source, target)
    ignored = (*(name for name in source if name not in target and name not in used), *found.others)
    report = _report(path, found, weights, plan, ignored, coverage)
    log(str(report))
    return report


def _take_size(image_size: int | Sequence[int] | None, found: Weights, model: nn.Module) -> list[str]:
    """Let the grid of the file's fixed positions be that of images of a size; gives a note if the file tells another.

    Raises:
        ValueError: it is no size, or no multiple of the patch size.
    """
    sides = sides_of(image_size)
    if sides is None or KERNEL not in found.state or TABLE in found.state:
        return []
    patch = found.patch[0] if found.patch else token_size(model.encoder)
    told, found.grid = found.grid, patch_grid(*sides, patch)
    if told in (None, found.grid):
        return []
    (h, w), (high, wide) = told, found.grid
    return [f"load_options.image_size makes the grid of its fixed positions {high}x{wide}; the file tells {h}x{w}"]


def sides_of(image_size: Any) -> tuple[int, int] | None:
    """(H, W) of ``load_options.image_size``; None where it is not set.

    Raises:
        ValueError: it is neither a side nor two.
    """
    if image_size is None:
        return None
    sides = tuple(image_size) if isinstance(image_size, list | tuple) else (image_size, image_size)
    if len(sides) != 2 or not all(type(side) is int and 0 < side < 2**20 for side in sides):
        raise ValueError(
            f"load_options.image_size is {image_size!r}; use a side in pixels or (height, width), whole numbers"
        )
    return sides


def refer_positions(model: nn.Module, grid: Sequence[int] | None) -> None:
    """Let fixed positions of the student's and its EMA teacher's encoder be those of a patch grid, resized for others.

    None, and an encoder whose positions are 'sincos_per_grid', leave them as they are.
    """
    for name, module in model.named_modules():
        if grid is not None and name.endswith(FIXED_POSITIONS) and getattr(module, "resizes", False):
            module.reference = (int(grid[0]), int(grid[1]))


def _leave_teachers_to_student(model: nn.Module, plan: Plan) -> None:
    """Start teachers that the file does not have as copies of the student; they do not count as missing."""
    if plan.has_teachers or not hasattr(model, "reset_teachers"):
        return
    left = [name for name in plan.missing if name.startswith("teachers.")]
    for name in left:
        del plan.missing[name]
    if left:
        plan.notes.append("the file has no teacher: the model's starts from the loaded weights")


@torch.no_grad()
def _apply(model: Any, plan: Plan) -> None:
    target = model.state_dict()
    for name, fit in plan.fitted.items():
        target[name].copy_(fit.tensor)
    if not plan.has_teachers and hasattr(model, "reset_teachers"):
        model.reset_teachers()


def _report(
    path: str | Path, found: Weights, weights: str, plan: Plan, ignored: tuple[str, ...], coverage: float
) -> LoadReport:
    adapted = {name: fit.how for name, fit in plan.fitted.items() if fit.how}
    return LoadReport(
        path=str(path),
        label=f"{found.label}, {'EMA teacher' if weights == 'ema' else 'student'}",
        loaded=tuple(name for name in plan.fitted if name not in adapted),
        resized=adapted,
        missing=plan.missing | plan.kept,
        ignored=ignored,
        teachers=plan.has_teachers,
        notes=tuple(plan.notes),
        coverage=coverage,
    )
