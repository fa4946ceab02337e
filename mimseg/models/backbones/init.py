"""Initialisation shared by encoders and decoders."""

import torch
from torch import Tensor, nn

TAIL = 6.0
"""Deviations beyond which no number of an fp32 generator lies, but for its smallest: that one is minus infinity."""


@torch.no_grad()
def init_normal(tensor: Tensor, std: float, bound: float = float("inf")) -> None:
    """Draw a tensor from normal(0, ``std``), cut at ``bound`` either side.

    The same random numbers as ``nn.init.trunc_normal_``, whose default bounds of -2 and 2, absolute ones, the public
    codes have: no cut at all for weights. But one of its 2^24 numbers becomes the lower bound, which would be a weight
    of -2 beside a ``std`` of 2e-5 or 0.02; here it is six deviations.
    """
    nn.init.trunc_normal_(tensor, std=std, a=-bound, b=bound)
    tensor.clamp_(-TAIL * std, TAIL * std)


def init_transformer(module: nn.Module) -> None:
    """Draw weights as MAE does: xavier-uniform linears with zero bias, normal(0, 0.02) tokens (3-D parameters).

    Its public code embeds patches by a convolution, whose weights start as those of such a linear, but whose bias keeps
    PyTorch's start, uniform within ``1 / sqrt(P * P * C)`` (0.036 for 16 px); here it is zero like the others. A
    parameter that does not learn keeps the value that it has, as a mask token that is fixed at zero.
    """
    for part in module.modules():
        if isinstance(part, nn.Linear):
            nn.init.xavier_uniform_(part.weight)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
    for parameter in module.parameters():
        if parameter.ndim == 3 and parameter.requires_grad:
            nn.init.normal_(parameter, std=0.02)


def init_plain(module: nn.Module) -> None:
    """timm's initialisation of ViTs: normal(0, 0.02) linears with zero bias, tokens and tables of positions."""
    for part in module.modules():
        if isinstance(part, nn.Linear):
            init_normal(part.weight, 0.02)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
    for name, parameter in module.named_parameters():
        if parameter.requires_grad and (parameter.ndim == 3 or name.endswith("positions.table")):
            init_normal(parameter, 0.02)
