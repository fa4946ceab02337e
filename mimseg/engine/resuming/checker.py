"""Values of a checkpoint, each of which must be of the kind that a run writes."""

import math
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import torch
from torch import Tensor, nn

OTHER_FILE = "take an earlier checkpoint, or start from its weights with load_from (--init)"
FIRST_CONFIG = "resume with the config of the first run, or start from its weights with load_from (--init)"
SHOWN = 60  # characters of a value


@dataclass(frozen=True)
class Checker:
    """Hands out values of a checkpoint, or refuses them in one line.

    Attributes:
        file: the checkpoint, as the line names it.
    """

    file: str

    def refuse(self, what: str, fix: str = OTHER_FILE) -> NoReturn:
        """End the resume with file, reason and advice.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"{self.file} cannot be resumed: {what}; {fix}")

    def mapping(self, value: Any, name: str, keys: type = str) -> dict[Any, Any]:
        """A dict whose keys are all of one type."""
        if not isinstance(value, dict):
            self.refuse(f"{name} is {show(value)}, not a dict")
        odd = next((key for key in value if type(key) is not keys), None)
        if odd is not None:
            self.refuse(f"{name} has the key {show(odd)}, where each must be {keys.__name__}")
        return value

    def sequence(self, value: Any, name: str) -> list[Any]:
        """A list or tuple, as a list."""
        if not isinstance(value, list | tuple):
            self.refuse(f"{name} is {show(value)}, not a list")
        return list(value)

    def whole(self, value: Any, name: str, least: int = 0, most: int | None = None) -> int:
        """A whole number in a range; True and False are none."""
        if type(value) is not int:
            self.refuse(f"{name} is {show(value)}, not a whole number")
        if value < least or (most is not None and value > most):
            limits = f"at least {least}" if most is None else f"from {least} to {most}"
            self.refuse(f"{name} is {show(value)}, but must be {limits}")
        return value

    def number(self, value: Any, name: str) -> float | int:
        """A finite number, also where it comes as a NumPy scalar or as a tensor with one entry."""
        if isinstance(value, np.generic) or (is_plain_tensor(value) and value.numel() == 1):
            value = value.item()
        if type(value) not in (int, float) or not math.isfinite(value):
            self.refuse(f"{name} is {show(value)}, not a finite number")
        number: float | int = value
        return number

    def tensor(self, value: Any, name: str, like: Tensor, finite: bool = True) -> Tensor:
        """A dense tensor with the shape and the kind of numbers that this run has there.

        Args:
            value: what the file holds.
            name: of it, for the line.
            like: what the run has; only its shape and dtype count.
            finite: whether all numbers must be finite.
        """
        if not isinstance(value, Tensor):
            self.refuse(f"{name} is {show(value)}, not a tensor")
        if not is_plain_tensor(value):
            self.refuse(f"{name} is {show(value)}, not a dense tensor with values")
        if value.shape != like.shape:
            self.refuse(f"{name} has the shape {tuple(value.shape)}, in this run {tuple(like.shape)}", FIRST_CONFIG)
        if _kind(value.dtype) != _kind(like.dtype):
            self.refuse(f"{name} holds numbers of {value.dtype}, in this run {like.dtype}", FIRST_CONFIG)
        if finite and value.is_floating_point() and not torch.isfinite(value).all():
            self.refuse(f"{name} holds numbers that are not finite")
        return value


def is_plain_tensor(value: Any) -> bool:
    """Whether it is a tensor whose numbers lie in memory: not sparse, quantized, nested, or without values (meta)."""
    return (
        type(value) in (Tensor, nn.Parameter)
        and value.layout == torch.strided
        and not value.is_quantized
        and not value.is_nested
        and value.device.type != "meta"
    )


def _kind(dtype: torch.dtype) -> str:
    if dtype.is_complex:
        return "complex"
    if dtype.is_floating_point:
        return "floating"
    return "bool" if dtype is torch.bool else "whole"


def show(value: Any) -> str:
    """A value of unknown origin in a few printable characters."""
    if isinstance(value, Tensor):
        words = [str(value.layout).removeprefix("torch."), str(value.dtype).removeprefix("torch.")]
        place = " without values (meta)" if value.device.type == "meta" else ""
        return f"a {' '.join(words)} tensor of shape {tuple(value.shape)}{place}"
    if isinstance(value, int) and value.bit_length() > 64:
        return f"a whole number of {value.bit_length()} bits"
    if value is None or isinstance(value, str | bytes | bool | int | float):
        text = ascii(value[:SHOWN] if isinstance(value, str | bytes) else value)
        return text if len(text) <= 2 * SHOWN else f"{text[: 2 * SHOWN]}..."
    size = f" of {len(value)} entries" if isinstance(value, dict | list | tuple | set) else ""
    return f"a {type(value).__name__}{size}"
