"""The lines that say why a file's weights cannot be a model's, and what would help."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from math import floor
from typing import Protocol

from torch import Tensor

from .formats.weights import ENCODER, RELATIVE, RELATIVE_PART, TABLE, count_blocks, few_of
from .report import part_of
from .tables import OWN_TABLES

NUMBERED = re.compile(r"encoder\.(?:\w+\.)*(?:blocks|layers|stages)\.\d+\.")
ANOTHER = "of another architecture: "
SAME = 0.5
"""Share of an encoder's tensors that must be in a file, of equal shapes, for the two to be called of the same sizes."""
TABLE_FIX = (
    "the file's learned position table has no place in a model with fixed positions; set "
    "model.encoder.positions=learned and model.encoder.image_size"
)
TWO_POSITIONS = (
    "the file's ViT has both a learned position table and relative positions, the model's one of them at most; both go "
    "into a detector's or segmentor's backbone with encoder.positions=learned and relative=table"
)
OF_BLOCKS = "every block of the file's encoder has a table of relative positions of its own, "
LOST_RELATIVE = (
    "the file's blocks have relative positions of their own (relative.*), for which the model has no place; without "
    "them the encoder does not see positions as the file's did"
)


class Lacks(Protocol):
    """The weights of a model that a file lacks."""

    missing: dict[str, str]


def no_place(name: str, unused: Sequence[str], source: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> str:
    """The line for tensors of a file, ``name`` first, that have no place in a part that the model has."""
    relative = [other for other in source if other.startswith(RELATIVE_PART)]
    if TABLE in source and relative and not {TABLE, relative[0]} <= target.keys():
        return TWO_POSITIONS
    if name == TABLE:
        return TABLE_FIX
    own = [other for other in target if other.startswith(OWN_TABLES)]
    if relative and RELATIVE not in source and (not own or any(other.endswith(".table") for other in own)):
        return OF_BLOCKS + _sharing(target, own)
    if relative and own:
        if lacking := _unlike_simmim(unused, target):
            return lacking
    elif RELATIVE in source and RELATIVE not in target:
        return (
            "the file's is a DenseViT with relative positions, the model's another encoder; set model.encoder to "
            "dict(type='DenseViT', image_size=...), as configs/knn/simmim_vitb.py does"
        )
    others = [other for other in unused if part_of(other) == part_of(name)]
    line = f"its {part_of(name)} has {few_of(others)}, for which the model has no place; {sizes(source, target)}"
    return f"{line}; {_parts(others)}" if _same_sizes(source, target) else ANOTHER + line


def _sharing(target: Mapping[str, Tensor], own: Sequence[str]) -> str:
    """What a model has instead of a table for each block, and the keys that give it some."""
    if RELATIVE in target:
        return "the model's share one; set model.encoder.relative_sharing=block"
    if own:
        return "the model's blocks share theirs; set model.backbone.relative_sharing=block"
    return "the model's has none; set model.encoder to dict(type='DenseViT', relative_sharing='block', image_size=...)"


def _parts(others: Sequence[str]) -> str:
    """What to set for parts that a model of the same sizes lacks."""
    if any(".ls1." in name or ".ls2." in name for name in others):
        return "its LayerScale needs model.encoder.type=DenseViT with a number as layer_scale"
    return "the sizes are the same, the parts are not: choose a model.encoder.type that has them, or another file"


def _unlike_simmim(unused: Sequence[str], target: Mapping[str, Tensor]) -> str | None:
    """What a backbone for dense prediction lacks that a ViT of SimMIM or BEiT has, and its keys; None if nothing."""
    lacking = []
    if any(name.startswith(RELATIVE_PART) for name in unused):
        lacking.append(("a table of relative positions", "relative=table"))
    if any(".ls1." in name for name in unused) and not any(".ls1." in name for name in target):
        lacking.append(("LayerScale", "encoder.type=DenseViT model.backbone.encoder.layer_scale=1.0"))
    if not lacking:
        return None
    what, settings = (" and ".join(part[0] for part in lacking), " ".join(f"model.backbone.{p[1]}" for p in lacking))
    return (
        f"the file's encoder has {what}, for which the model has no place; set {settings}, as "
        "configs/coco/mask-rcnn_vitdet-b_12e_simmim.py does"
    )


def sizes(source: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> str:
    """Both encoders in words, as far as they can be told, with the key that sets one."""
    if (both := _vits(source, target)) is not None:
        of_file, of_model = (f"{blocks} blocks of width {width}" for blocks, width in both)
        key = "" if both[0] == both[1] else " (model.encoder.arch)"
        return f"the file's encoder has {of_file}, the model's {of_model}{key}"
    if _same_sizes(source, target):
        return "all that both have is of the same sizes"
    return "give model.encoder the type, arch and sizes that the file was written with"


def _vits(source: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> list[tuple[int, int]] | None:
    """Blocks and width of the file's ViT and of the model's; None where one is no ViT."""
    states = (source, target)
    if not all("encoder.cls_token" in state and count_blocks(state, "encoder.blocks.") for state in states):
        return None
    return [(count_blocks(state, "encoder.blocks."), state["encoder.cls_token"].shape[-1]) for state in states]


def _same_sizes(source: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> bool:
    """Whether two encoders differ in names of parts, not in sizes."""
    if (both := _vits(source, target)) is not None and both[0] != both[1]:
        return False
    own = [name for name in target if name.startswith(ENCODER)]
    common = [name for name in own if name in source]
    return len(common) >= SAME * len(own) and all(source[name].shape == target[name].shape for name in common)


def lost_blocks(fitted: Collection[str], missing: Collection[str]) -> list[str]:
    """A note for every sequence of blocks of which the file lacks whole ones: these stay random."""
    lost: dict[str, list[str]] = {}
    for block in dict.fromkeys(found[0] for name in missing if (found := NUMBERED.match(name))):
        if not any(name.startswith(block) for name in fitted):
            sequence, number = block[:-1].rsplit(".", 1)
            lost.setdefault(sequence, []).append(number)
    return [
        f"the file lacks {few_of([f'{sequence}.{number}' for number in numbers])} altogether: what the model has there "
        "stays random; if the file is to have all blocks, it is another network's or cut"
        for sequence, numbers in lost.items()
    ]


def shortage(plan: Lacks, coverage: float, least: float, scope: str) -> str:
    """The line that says that too little was found."""
    names: Iterable[str] = (name for name in plan.missing if name.startswith(scope))
    enough = floor(100 * coverage) / 100
    part = f", or, if that part is all it is to give, set load_options.least={enough}" if enough and least < 1 else ""
    return (
        f"it has {coverage:.1%} of the weights {f'under {scope!r}' if scope else 'of the model'}, at least {least:.0%} "
        f"are needed; missing are {few_of(list(names))}; name another checkpoint, or another config{part}"
    )
