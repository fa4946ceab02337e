"""Looking at a model in the middle of training without changing the training."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from mmengine.model import is_model_wrapper
from torch import nn


@contextmanager
def undisturbed(model: nn.Module) -> Iterator[Any]:
    """Give ``model``, out of its distributed wrapper, in eval mode and without gradients; then undo it.

    Afterwards every module's mode is as it was, and so are the random states of Python, NumPy, and PyTorch on
    CPU and on the GPUs in use, and those of the ``generator`` of any module.
    """
    bare: Any = model.module if is_model_wrapper(model) else model
    modes = [(module, module.training) for module in bare.modules()]
    python_state, numpy_state = random.getstate(), np.random.get_state()
    own = [part.generator for part in bare.modules() if isinstance(getattr(part, "generator", None), torch.Generator)]
    states = [generator.get_state() for generator in own]
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
    bare.eval()
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=devices):
            yield bare
    finally:
        for module, mode in modes:
            module.training = mode
        random.setstate(python_state)
        np.random.set_state(numpy_state)
        for generator, state in zip(own, states, strict=True):
            generator.set_state(state)
