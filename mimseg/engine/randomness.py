"""Random states of a run: one for the masks, the same on every process, and one of its own for the rest."""

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from ..models import MaskGenerator

NUMPY_WORDS = 624  # of a Mersenne Twister


def mask_generators(model: nn.Module) -> list[torch.Generator]:
    """Give the mask generators of a model a source of their own, and list these.

    It goes on from the device's default generator, which still is in the same state on every process, so that masks are
    those of a run in one process.
    """
    sources = []
    for part in model.modules():
        if isinstance(part, MaskGenerator):
            if part.generator is None:
                device = next(model.parameters()).device
                part.generator = torch.Generator(device)
                part.generator.set_state(default_state(device))
            sources.append(part.generator)
    return sources


def default_state(device: torch.device) -> torch.Tensor:
    """The state of a device's default generator."""
    return torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.get_rng_state()


def seed_process(seed: int, rank: int, iteration: int = 0) -> None:
    """Seed Python, NumPy and PyTorch for what each process draws by itself: drop path, dropout, mixup and CutMix.

    Public codes seed with ``seed + rank``. Here they are hashed, so that neighbouring seeds share no process; with the
    iteration, so that a run that goes on with fresh states does not draw what it began with.
    """
    own, small = np.random.SeedSequence([seed, rank, iteration]).generate_state(2).tolist()
    torch.manual_seed(own)  # on all GPUs, too
    np.random.seed(small)
    random.seed(own)


def get_rng_state(model: nn.Module) -> dict[str, Any]:
    """States of all generators of this process, as tensors, ints and tuples."""
    name, keys, position, has_gauss, gauss = np.random.get_state()
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state() if torch.cuda.is_available() else None,
        "numpy": (
            str(name),
            torch.from_numpy(np.asarray(keys).astype(np.int64)),
            int(position),
            int(has_gauss),
            float(gauss),
        ),
        "python": random.getstate(),
        "masks": [(generator.device.type, generator.get_state()) for generator in mask_generators(model)],
    }


def set_rng_state(state: Mapping[str, Any], model: nn.Module) -> None:
    """Restore :func:`get_rng_state`. A GPU state is left out on a machine without one."""
    torch.set_rng_state(state["torch"].cpu())
    if state["cuda"] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"].cpu())
    name, keys, position, has_gauss, gauss = state["numpy"]
    np.random.set_state((name, keys.cpu().numpy().astype(np.uint32), position, has_gauss, gauss))
    version, words, gauss_next = state["python"]
    random.setstate((version, tuple(words), gauss_next))
    set_mask_state(state, model)


def set_mask_state(state: Mapping[str, Any], model: nn.Module) -> None:
    """Restore the masks' part of :func:`get_rng_state`.

    In checkpoints of earlier versions masks came from the default generator. A state of another kind of device cannot
    be taken up.
    """
    generators = mask_generators(model)
    device = generators[0].device.type if generators else "cpu"
    earlier = state["cuda"] if device == "cuda" else state["torch"]
    kept = state.get("masks", [(device, earlier)] * len(generators))
    for generator, (kind, value) in zip(generators, kept, strict=False):
        if kind == generator.device.type and value is not None:
            generator.set_state(value.cpu())


def check_rng_state(state: Any, model: nn.Module) -> str | None:
    """What is wrong with something that should be of :func:`get_rng_state`; None if it can be restored.

    Generators of its own are given the states, so that those of the process stay as they are.
    """
    try:
        _try_states(state, model)
    except (KeyError, IndexError, TypeError, ValueError, RuntimeError, OverflowError, AttributeError) as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())[:100]}"
    return None


def _try_states(state: Mapping[str, Any], model: nn.Module) -> None:
    _try_generator("cpu", state["torch"])
    if state["cuda"] is not None:
        _try_generator("cuda", state["cuda"])
    name, keys, position, has_gauss, gauss = state["numpy"]
    if not 0 <= position <= NUMPY_WORDS or tuple(keys.shape) != (NUMPY_WORDS,) or keys.dtype != torch.int64:
        raise ValueError(f"NumPy's state has {tuple(keys.shape)} words, of which {position} are used")
    np.random.RandomState().set_state((str(name), keys.cpu().numpy().astype(np.uint32), position, has_gauss, gauss))
    version, words, gauss_next = state["python"]
    random.Random().setstate((version, tuple(words), gauss_next))
    kept = state.get("masks")
    number = sum(isinstance(part, MaskGenerator) for part in model.modules())
    if kept is not None and len(kept) != number:
        raise ValueError(f"states of {len(kept)} mask generators, the model has {number}")
    for kind, value in kept or ():
        _try_generator(kind, value)


def _try_generator(kind: str, state: Any) -> None:
    if kind not in ("cpu", "cuda") or type(state) is not torch.Tensor or state.dtype != torch.uint8:
        raise TypeError(f"{kind!s:.20} generator's state is a {type(state).__name__}")
    if kind == "cpu" or torch.cuda.is_available():
        torch.Generator(kind).set_state(state.cpu())
