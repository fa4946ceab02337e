"""Finding a network's tensors in a checkpoint, whatever dicts and prefixes they are wrapped in."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

STATES = (
    "state_dict",
    "model",
    "module",
    "model_state_dict",
    "model_state",
    "network",
    "net",
    "weights",
    "params",
    "backbone",
    "encoder",
)
AVERAGES = ("ema_state_dict", "model_ema", "state_dict_ema", "ema", "ema_model")
TEACHER, STUDENT = "teacher", "student"
KEYS = (*STATES, TEACHER, STUDENT, *AVERAGES)
"""Entries of a checkpoint that hold tensors, or further such entries."""
DEEPEST = 12
"""Dicts within dicts that are looked into."""
WRAPPED = re.compile(r"(?<![^.])(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.")
"""What torch.compile, FSDP and activation checkpointing put into names, anywhere."""
PARALLEL = "module."
FOLLOWERS = re.compile(r"encoder_k\.|encoder_m\.|(?<![a-z])(?:momentum|target|key|ema)(?![a-z])")
"""In names of copies that follow the trained encoder: MoCo's, BYOL's, averages."""
LONGEST = 8
"""Words of a prefix."""
MOST_PREFIXES = 2000
"""What may stand before the names of a file's tensors; a network has some dozens of parts."""


@dataclass
class Unwrapped:
    """The tensors of a checkpoint.

    Attributes:
        tensors: of the network, by the file's names.
        ema: a copy that lies beside them: averaged weights, or a teacher.
        notes: what a user should know of the choice.
    """

    tensors: dict[str, Tensor]
    ema: dict[str, Tensor] | None = None
    notes: list[str] = field(default_factory=list)


def unwrap(checkpoint: Mapping[str, Any]) -> Unwrapped:
    """Find the tensors under :data:`KEYS`, nested in any order, or else in the checkpoint itself.

    Of a self-distilled network (DINO) the teacher is taken, which its authors evaluate; of one with averaged weights
    the trained ones, with the average as ``ema``.
    """
    found = list(_states(checkpoint, (), set()))
    plain = [tensors for path, tensors in found if not {*AVERAGES, TEACHER, STUDENT} & set(path)]
    averages = [tensors for path, tensors in found if set(AVERAGES) & set(path)]
    teachers, students = (
        [tensors for path, tensors in found if key in path and not set(AVERAGES) & set(path)]
        for key in (TEACHER, STUDENT)
    )
    itself = _tensors(checkpoint)
    if plain or itself:
        return Unwrapped((plain or [itself])[0], next(iter(averages + teachers), None))
    for kind, chosen in ((TEACHER, teachers), (STUDENT, students), ("averaged", averages)):
        if chosen:
            beside = ", the student beside it is left out" if kind == TEACHER and students else ""
            return Unwrapped(chosen[0], None, [f"the file's {kind} weights were taken{beside}"])
    return Unwrapped({})


def prefixes(names: Iterable[str]) -> list[str]:
    """List what may stand before a network's names: "", "backbone.", "module.backbone." and so on, shortest first.

    Numbers end a prefix. A student's comes behind others of its length, as do those of copies that follow another.

    Raises:
        ValueError: there are far more than a network has parts.
    """
    found = {"": None}
    for name in names:
        words = name.split(".")
        for length in range(1, min(LONGEST, len(words) - 1) + 1):
            if words[length - 1].isdigit():
                break
            found[".".join(words[:length]) + "."] = None
        if len(found) > MOST_PREFIXES:
            raise ValueError(f"its tensors have more than {MOST_PREFIXES} kinds of names, as no network has")
    return sorted(found, key=lambda prefix: (prefix.count("."), follows(prefix), STUDENT in prefix))


def follows(prefix: str) -> bool:
    """Whether a prefix is that of a copy which follows the trained encoder."""
    return FOLLOWERS.search(prefix) is not None


def rivals(prefix: str, candidates: Iterable[str]) -> list[str]:
    """Prefixes of the same number of words as ``prefix``, under which another network may lie."""
    words = prefix.count(".")
    return [other for other in candidates if words and other != prefix and other.count(".") == words]


def under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin with ``prefix``, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _states(value: Any, path: tuple[str, ...], seen: set[int]) -> Iterable[tuple[tuple[str, ...], dict[str, Tensor]]]:
    """Mappings with tensors below known keys, and the keys that lead there, in the order of :data:`KEYS`.

    A mapping is looked at once, wherever else it is found again: a file may hold one that contains itself.
    """
    if not isinstance(value, Mapping) or len(path) == DEEPEST or id(value) in seen:
        return
    seen.add(id(value))
    if path and (tensors := _tensors(value)):
        yield path, tensors
    for key in KEYS:
        if key in value:
            yield from _states(value[key], (*path, key), seen)


def _tensors(value: Mapping[Any, Any]) -> dict[str, Tensor]:
    tensors = {WRAPPED.sub("", str(name)): tensor for name, tensor in value.items() if isinstance(tensor, Tensor)}
    while tensors and all(name.startswith(PARALLEL) for name in tensors):
        tensors = under(tensors, PARALLEL)
    return tensors
