"""The result of loading weights, as a short table."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class LoadReport:
    """The weights that were loaded into a model, and those that were not.

    Attributes:
        path: the file.
        label: its format and whose weights were taken.
        loaded: the model's tensors that were loaded as they are.
        resized: those that were adapted, and how.
        missing: those that the file did not give, and why.
        ignored: the file's tensors that the model has no place for.
        teachers: whether the file gave the model's teachers their weights.
        notes: what else a user should know, a line each.
        coverage: share of the elements under the scope that were loaded or adapted.
    """

    path: str
    label: str
    loaded: tuple[str, ...]
    resized: dict[str, str]
    missing: dict[str, str]
    ignored: tuple[str, ...]
    teachers: bool
    notes: tuple[str, ...]
    coverage: float

    def __str__(self) -> str:
        """One line per part of the model, then what was left and what else to know."""
        lines = [f"weights of {self.path} ({self.label})"]
        names = [*self.loaded, *self.resized, *self.missing]
        for part in sorted(set(map(part_of, names)), key=[part_of(name) for name in names].index):
            lines.append(f"  {part:<24} {self._row(part)}")
        if self.ignored:
            lines.append(f"  {'ignored':<24} {', '.join(grouped(self.ignored))}")
        lines += [f"  note: {note}" for note in self.notes]
        return "\n".join(lines)

    def _row(self, part: str) -> str:
        def inside(names: Iterable[str]) -> list[str]:
            return [name for name in names if part_of(name) == part]

        loaded, resized, missing = inside(self.loaded), inside(self.resized), inside(self.missing)
        row = f"{len(loaded) + len(resized)}/{len(loaded) + len(resized) + len(missing)} loaded"
        if resized:
            row += f", {len(resized)} of them adapted: {', '.join(sorted({self.resized[name] for name in resized}))}"
        if missing:
            row += f", {len(missing)} missing ({', '.join(sorted({self.missing[name] for name in missing}))})"
        return row


def part_of(name: str) -> str:
    """The part of a model that a tensor belongs to: encoder, neck, norm, head, tasks.<name>, teachers.<name>."""
    words = name.split(".")
    return ".".join(words[:2]) if words[0] in ("tasks", "teachers") else words[0]


def grouped(names: Iterable[str]) -> list[str]:
    """``part.* (n tensors)`` for every part that has more than one tensor among ``names``."""
    parts: dict[str, list[str]] = {}
    for name in names:
        parts.setdefault(part_of(name), []).append(name)
    return [
        members[0] if len(members) == 1 else f"{part}.* ({len(members)} tensors)" for part, members in parts.items()
    ]
