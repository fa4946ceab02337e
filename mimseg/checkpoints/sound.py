"""Whether tensors of a file can be weights at all: dense, in memory, real numbers, finite ones."""

import reprlib
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

PLAIN = {Tensor, nn.Parameter, nn.Buffer}
FRACTIONAL = (".weight", ".bias", "_token", ".gamma", "pos_embed", "position_embeddings")
"""Endings of names whose tensors are never of whole numbers."""
FLAT = ("qkv.weight", "fc1.weight", "fc2.weight", "proj.weight", "projection.weight", "dense.weight")
"""Endings of names whose tensors have two dimensions or more."""
SAVED_ANEW = "write its weights anew as dense tensors of floating-point numbers, or name another file"
UNFIT = (IndexError, KeyError, RuntimeError, TypeError, AttributeError, ZeroDivisionError, OverflowError)
"""What reading a file raises whose tensors have other shapes than their names promise."""


def check_kinds(tensors: Mapping[str, Tensor]) -> None:
    """Refuse tensors that are no dense real numbers in memory, by the file's names.

    Raises:
        ValueError: names the first one and its kind.
    """
    for name, tensor in tensors.items():
        if kind := _odd_kind(name, tensor):
            raise ValueError(f"its tensor {name!s:.120} is {kind}, which are no weights here; {SAVED_ANEW}")


def _odd_kind(name: str, tensor: Tensor) -> str | None:
    if type(tensor) not in PLAIN:
        return f"of the type {type(tensor).__name__}"
    if tensor.is_quantized:
        return f"quantized ({tensor.dtype})"
    if tensor.is_nested or tensor.layout != torch.strided:
        return "nested" if tensor.is_nested else f"sparse ({tensor.layout})"
    if tensor.is_meta and not torch.empty(0).is_meta:  # within torch.device("meta") nothing has numbers
        return "a meta tensor, without numbers"
    if tensor.is_complex():
        return f"of complex numbers ({tensor.dtype})"
    if not tensor.is_floating_point() and name.endswith(FRACTIONAL):
        return f"of whole numbers ({tensor.dtype})"
    return None


def check_fractional(fitted: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> None:
    """Refuse whole numbers where a model has floating-point ones.

    Raises:
        ValueError: names the first such tensor.
    """
    for name, tensor in fitted.items():
        if target[name].is_floating_point() and not tensor.is_floating_point():
            raise ValueError(f"its {name} is of whole numbers ({tensor.dtype}), which are no weights; {SAVED_ANEW}")


def check_finite(tensors: Mapping[str, Tensor]) -> None:
    """Refuse weights among which there is NaN or infinity.

    Raises:
        ValueError: names the first tensor with any, how many, and how many tensors.
    """
    real = {name: tensor for name, tensor in tensors.items() if tensor.is_floating_point() and not tensor.is_meta}
    odd = {name: tensor for name, tensor in real.items() if not _is_finite(tensor)}
    for name, tensor in odd.items():
        numbers = tensor.float()
        nan, inf = int(numbers.isnan().sum()), int(numbers.isinf().sum())
        others = f", and {len(odd) - 1} more tensors have some" if len(odd) > 1 else ""
        raise ValueError(
            f"its {name} has {nan} NaN and {inf} infinite numbers of {tensor.numel()}{others}: the run that wrote it "
            "had diverged, or the file is damaged; name an earlier checkpoint"
        )


def _is_finite(tensor: Tensor) -> bool:
    numbers = tensor if tensor.element_size() > 1 else tensor.float()
    return bool(torch.isfinite(numbers).all())


def misshapen(tensors: Mapping[str, Tensor], error: Exception) -> str:
    """The line for tensors whose shapes no reader of their format understands."""
    odd = [
        f"{name} {tuple(tensor.shape)}"
        for name, tensor in tensors.items()
        if (tensor.ndim == 0 and name.endswith(FRACTIONAL)) or (tensor.ndim < 2 and name.endswith(FLAT))
    ]
    which = f"e.g. {odd[0]}" if odd else f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    return f"its tensors have not the shapes that their names promise ({which:.160}); name another file"


def holds_arrays(checkpoint: Any, keys: Collection[str]) -> bool:
    """Whether a checkpoint holds NumPy arrays where tensors are looked for."""
    if not isinstance(checkpoint, Mapping):
        return False
    parts = [checkpoint, *(checkpoint[key] for key in keys if isinstance(checkpoint.get(key), Mapping))]
    return any(isinstance(value, np.ndarray) for part in parts for value in part.values())


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31


def _pair(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2 and all(map(_whole, value))


FACTS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "patch_size": (lambda v: _whole(v) or _pair(v), "a positive whole number"),
    "in_channels": (_whole, "a positive whole number"),
    "grid": (_pair, "two positive whole numbers"),
    "reference": (_pair, "two positive whole numbers"),
    "heads": (
        lambda v: isinstance(v, Mapping) and all(isinstance(k, str) and _whole(n) for k, n in v.items()),
        "numbers by the names of modules",
    ),
    "normalize": (lambda v: v is None or isinstance(v, bool), "true or false"),
    "pool": (lambda v: v is None or isinstance(v, str), "text"),
    "hidden_act": (lambda v: isinstance(v, str), "text"),
    "num_attention_heads": (lambda v: _whole(v) or isinstance(v, list), "a positive whole number"),
    "decoder_num_attention_heads": (_whole, "a positive whole number"),
    "image_size": (lambda v: v is None or _whole(v) or _pair(v), "a side, or height and width"),
    "norm_pix_loss": (lambda v: v is None or isinstance(v, bool), "true or false"),
}
"""What a file may tell of itself besides tensors, in this project's checkpoints or in Hugging Face's config.json."""


def check_facts(facts: Any, where: str) -> None:
    """Refuse what a file tells of itself where it is of another kind than anybody writes.

    Raises:
        ValueError: names the entry.
    """
    if not isinstance(facts, Mapping):
        raise ValueError(f"its {where} is a {type(facts).__name__}, not entries by name; name another file")
    for key, (fits, what) in FACTS.items():
        if key in facts and not fits(facts[key]):
            raise ValueError(f"its {where} has {key}={reprlib.repr(facts[key])}, not {what}; name another file")
