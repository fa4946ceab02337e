"""Sizes of networks, by name or spelled out."""

from collections.abc import Mapping
from typing import Any, TypeVar

Arch = TypeVar("Arch", bound=Mapping[str, Any])


def find_arch(arch: str | Arch, archs: Mapping[str, Arch], family: str) -> Arch:
    """Find an architecture by its name, or take one that is spelled out.

    Args:
        arch: a name, or a dict.
        archs: those with a name.
        family: what the networks are called, for messages.

    Raises:
        ValueError: unknown name, a dict with other keys than those with a name, or a size that is not above 0.
    """
    keys = list(next(iter(archs.values())))
    if isinstance(arch, str):
        if arch not in archs:
            raise ValueError(f"unknown {family} arch {arch!r}; use one of {', '.join(archs)} or a dict of {keys}")
        return archs[arch]
    if set(arch) != set(keys):
        raise ValueError(f"a {family} arch dict has exactly the keys {keys}, got {sorted(arch)}")
    for key, value in arch.items():
        for number in value if isinstance(value, list | tuple) else [value]:
            if isinstance(number, bool) or not isinstance(number, int | float) or number <= 0:
                raise ValueError(f"a {family} arch's {key} must be above 0, got {value!r}")
    return arch
