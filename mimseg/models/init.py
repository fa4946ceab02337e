"""Initialisation shared by encoders and decoders."""

from torch import nn


def init_transformer(module: nn.Module) -> None:
    """MAE's initialisation: xavier-uniform linears with zero bias, normal(0, 0.02) tokens (3-D parameters)."""
    for part in module.modules():
        if isinstance(part, nn.Linear):
            nn.init.xavier_uniform_(part.weight)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
    for parameter in module.parameters():
        if parameter.ndim == 3:
            nn.init.normal_(parameter, std=0.02)
