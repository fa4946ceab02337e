"""Deciding which tensor of a file goes where in a model, and whether the two are of one architecture."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from torch import Tensor, nn

from .adapt import Fitted, adapt_loss_head, adapt_patch_embed, adapt_table, fixed_table
from .formats.weights import FINAL_NORM, KERNEL, RELATIVE, RELATIVE_PART, SIZE, TABLE, Weights, block_heads
from .refusals import LOST_RELATIVE, TABLE_FIX, no_place, sizes
from .report import part_of
from .tables import (
    OWN_TABLES,
    REBUILT,
    PositionTables,
    is_own_size,
    is_relative,
    pair_of,
    resize_of,
    spread_names,
    spread_of,
)

FixedPositions = Literal["computed", "resized"]
"""How a learned table starts from fixed positions: see :func:`mimseg.checkpoints.load_weights`."""
LOSS_HEADS = ("tasks.predict_loss.decoder.head.", "teachers.ema.parts.predictor.head.")
MASK_TOKEN = "encoder.mask_token"
DERIVED = (SIZE, *REBUILT)
"""Endings of tensors that follow from how a model was built."""
LAYER_SCALE = re.compile(r"(encoder\.blocks\.\d+\.)ls[12]\.gamma")


@dataclass
class Plan:
    """The tensors to load into a model, and the ones that do not fit.

    Attributes:
        fitted: tensors by the model's names.
        missing: the model's tensors that get none, and why.
        kept: those that get none on purpose, and why.
        reference: the patch grid whose embeddings the model's fixed positions are to be; None for those it has.
        notes: what a user should know of it.
    """

    fitted: dict[str, Fitted] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    reference: tuple[int, int] | None = None

    @property
    def has_teachers(self) -> bool:
        """Whether teachers get weights."""
        return any(name.startswith("teachers.") for name in self.fitted)

    def coverage(self, target: Mapping[str, Tensor], scope: str) -> float:
        """Share of the elements under ``scope`` that get weights, of those that are to get some."""
        sizes = {name: target[name].numel() for name in (*self.fitted, *self.missing) if name.startswith(scope)}
        total = sum(sizes.values())
        return sum(sizes[name] for name in sizes if name in self.fitted) / total if total else 1.0


def fit_all(
    model: nn.Module,
    source: Mapping[str, Tensor],
    found: Weights,
    tables: PositionTables = "bicubic",
    fixed: FixedPositions = "resized",
) -> Plan:
    """Give every tensor of the model the file's, adapted where sizes differ in a way that is understood.

    Raises:
        ValueError: the window or grid of one of the file's position tables cannot be told.
    """
    plan = Plan()
    target = model.state_dict()
    if fixed == "resized" and found.grid and KERNEL in source and not {TABLE, RELATIVE} & source.keys():
        plan.reference = found.grid
        plan.notes += _note_of_reference(found.grid, model)
    for name, tensor in target.items():
        if _is_derived(name) or is_own_size(name):
            continue
        if spread := spread_of(name, source, target, model):
            if tables == "reinit":
                plan.kept[name] = f"kept as initialised: {spread.what}"
            else:
                plan.fitted[name] = spread.by(tables)
        elif name == TABLE and name not in source and spread_names(source, target):
            plan.fitted[name] = Fitted(tensor.new_zeros(tensor.shape), "zero: the file's positions are relative")
        elif name.endswith(TABLE) and name not in source and name.removesuffix(TABLE) + KERNEL in source:
            plan.fitted[name] = _fixed(found.grid, _grid(target, name), tensor.shape[1], fixed, plan)
        elif name not in source and name == MASK_TOKEN and not hasattr(model, "masking"):
            plan.kept[name] = "not in the file, and of no use here: nothing is masked"
        elif name not in source and (block := LAYER_SCALE.fullmatch(name)) and f"{block[1]}norm1.weight" in source:
            plan.fitted[name] = Fitted(tensor.new_ones(tensor.shape), "1: the file has no LayerScale")
        elif name not in source:
            norm = _norm_of_classifier(name, source)
            if norm is not None and norm.shape == tensor.shape:
                plan.fitted[name] = Fitted(norm, "the norm of the file's classifier, which pools first")
            else:
                plan.missing[name] = "not in the file"
        elif resize := resize_of(name, source, target, model, found.grid):
            if tables == "reinit":
                plan.kept[name] = f"kept as initialised: {resize.what}"
            else:
                plan.fitted[name] = resize.by(tables)
        else:
            _fit(name, source[name], tensor, found, model, plan)
    return plan


def _note_of_reference(grid: tuple[int, int], model: nn.Module) -> list[str]:
    """What becomes of an encoder's fixed positions that were to be those of another grid."""
    own = getattr(getattr(getattr(model, "encoder", None), "positions", None), "reference", None)
    if own in (None, grid):
        return []
    return [
        f"the encoder's fixed positions are the file's, of grid {grid[0]}x{grid[1]}, resized for other images (bicubic)"
        f"; for those of {own[0]}x{own[1]} set load_options.fixed_positions=computed"
    ]


def token_size(encoder: Any) -> int:
    """Side in pixels of an encoder's tokens, whatever part of one is masked as one."""
    side: int = encoder.patch_size * getattr(encoder, "split", 1)
    return side


def _fixed(old: tuple[int, int] | None, new: tuple[int, int], dim: int, how: FixedPositions, plan: Plan) -> Fitted:
    """The start of a learned table of a grid ``new``, from the fixed one of a file's grid ``old``, if it tells."""
    words = "the file's is the fixed sine-cosine table"
    if how == "resized" and old is None:
        plan.notes.append(
            "the file does not tell the image size of its fixed positions; the table's are those of "
            f"{new[0]}x{new[1]} patches; if it was pre-trained on smaller images set load_options.image_size"
        )
    if how == "computed" or old is None or old == new:
        return Fitted(fixed_table(new, dim), words)
    table = adapt_table(fixed_table(old, dim), old, new)
    return Fitted(table, f"{words}, grid {old[0]}x{old[1]} -> {new[0]}x{new[1]} (bicubic)")


def _fit(name: str, tensor: Tensor, target: Tensor, found: Weights, model: Any, plan: Plan) -> None:
    """Decide on a tensor that is no position table of another size."""
    fit = Fitted(tensor)
    if name.endswith(KERNEL) and found.patch is not None:
        patch = (token_size(model.encoder), model.encoder.in_channels)
        fit = fit if patch == found.patch else adapt_patch_embed(tensor, found.patch, patch)
    elif name.startswith(LOSS_HEADS) and target.ndim and len(tensor) != len(target):
        fit = adapt_loss_head(tensor, len(target))
    if fit.tensor.shape == target.shape:
        plan.fitted[name] = fit
    elif name == MASK_TOKEN and not hasattr(model, "masking"):
        plan.kept[name] = "of another kind of masking, of no use here"
    else:
        plan.missing[name] = "of another shape"


def _norm_of_classifier(name: str, source: Mapping[str, Tensor]) -> Tensor | None:
    """The encoder's final norm from a fine-tuned classifier, which has it behind the pooling instead."""
    is_classifier = name.startswith(FINAL_NORM) and "head.weight" in source
    return source.get(name.removeprefix("encoder.")) if is_classifier else None


def _grid(target: Mapping[str, Tensor], table: str) -> tuple[int, int]:
    return pair_of(target[table.removesuffix(TABLE) + SIZE])


def check_places(source: Mapping[str, Tensor], target: Mapping[str, Tensor], scope: str, exact: bool) -> list[str]:
    """Refuse a file that has more than the model, in a part that the model has; gives notes on what is harmless.

    Args:
        source: the file's tensors.
        target: the model's.
        scope: prefix of the names that matter.
        exact: whether the model must compute what the file's did.

    Raises:
        ValueError: below ``scope`` the file has a tensor that the model has no place for.
    """
    spread = spread_names(source, target)
    unused = [name for name in _unused(source, target) if name.startswith(scope) and name not in spread]
    for name in unused:
        if not name.startswith(FINAL_NORM) and (exact or name != TABLE or any(map(is_relative, source))):
            raise ValueError(no_place(name, unused, source, target))
    notes = []
    if any(name.startswith(OWN_TABLES) for name in source) and not any(name.startswith(OWN_TABLES) for name in target):
        if exact:
            raise ValueError(LOST_RELATIVE)
        notes.append(LOST_RELATIVE)
    if TABLE in unused:
        notes.append(f"{TABLE_FIX}; without it the encoder does not see positions as the file's did")
    if any(name.startswith(FINAL_NORM) for name in unused):
        notes.append("the file's final norm of the encoder is not used: this model normalises elsewhere")
    return notes


def check_shapes(model: nn.Module, source: Mapping[str, Tensor], found: Weights, plan: Plan, scope: str) -> None:
    """Refuse a file whose tensors, or attention heads, differ from the model's in a way that cannot be adapted.

    Raises:
        ValueError: below ``scope`` a shape or a number of heads differs.
    """
    target = model.state_dict()
    differing = [name for name, why in plan.missing.items() if why == "of another shape" and name.startswith(scope)]
    if differing:
        name = differing[0]
        number = "1 tensor differs" if len(differing) == 1 else f"{len(differing)} tensors differ"
        raise ValueError(
            f"of another architecture: {name} is {tuple(source[name].shape)} in the file and "
            f"{tuple(target[name].shape)} in the model, {number}; {sizes(source, target)}"
        )
    _check_heads(model, found, scope)


def _unused(source: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> list[str]:
    """The file's tensors without a place in a part that the model does have; a teacher may have fewer parts.

    A model without a mask token does without: it shows its encoder no masked patches.
    """
    parts = set(map(part_of, target))
    return [
        name
        for name in source
        if name not in target
        and part_of(name) in parts
        and not name.startswith("teachers.")
        and not _is_derived(name)
        and name != MASK_TOKEN
    ]


def _is_derived(name: str) -> bool:
    """Whether a tensor follows from how a model was built."""
    return name.endswith(DERIVED) or (RELATIVE_PART in name and name.endswith(".size"))


def _check_heads(model: nn.Module, found: Weights, scope: str) -> None:
    modules = dict(model.named_modules())
    for name, heads in found.heads.items():
        own = block_heads(modules[name]) if name in modules and f"{name}.".startswith(scope) else None
        if own not in (None, heads):
            raise ValueError(f"of another architecture: its {name} has {heads} attention heads, the model's {own}")
