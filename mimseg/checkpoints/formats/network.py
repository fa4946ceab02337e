"""A file with the very names of the network that a DenseBackbone wraps: of timm, mmpretrain or another library."""

from collections.abc import Collection, Mapping
from typing import Any

from torch import Tensor

from .weights import BACKBONE, ENCODER, FINAL_NORM, Weights, rename, with_ema

LABEL = "the backbone's own names"
OF_FILE, OF_NETWORK = 0.5, 0.25
"""Shares of a file's names, and of a network's, that must be common to both."""
NORMS = {"norm.": FINAL_NORM, "fc_norm.": "norm."}
NORM_OF_HEAD = "head.norm."
HEADS = {"head.fc.": "head.", "head.": "head.", "fc.": "head.", "classifier.": "head."}


class Network:
    """The format of files for one network.

    Args:
        own_names: names of a model's tensors.
    """

    LABEL = LABEL

    def __init__(self, own_names: Collection[str]) -> None:
        self.inner = {name.removeprefix(BACKBONE) for name in own_names if name.startswith(BACKBONE)}

    def fits(self, names: Collection[str]) -> bool:
        """Whether these names are, but for a head and the like, the network's; truncated ones have fewer blocks."""
        common = len(self.inner.intersection(names))
        return bool(self.inner) and common >= max(OF_FILE * len(names), OF_NETWORK * len(self.inner))

    def read(
        self, tensors: dict[str, Tensor], facts: Mapping[str, Any], ema: dict[str, Tensor] | None = None
    ) -> Weights:
        """Read the network, its final norm, and a classifier; ``ema`` is a copy with the same names.

        A norm in the head follows the pooling where a classifier follows the norm, as ours does then.
        """
        return with_ema(Weights(LABEL, self._read(tensors)), None if ema is None else self._read(ema))

    def _read(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        pools = "head.fc.weight" in tensors or "head.weight" in tensors
        outer = {**NORMS, NORM_OF_HEAD: "norm." if pools else FINAL_NORM, **HEADS}
        return {
            BACKBONE + name if name in self.inner else rename(name, outer) or BACKBONE + name: tensor
            for name, tensor in tensors.items()
        }

    def host(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """An encoder's tensors under the names that they have in the network of a DenseBackbone."""
        return {self._hosted(name): tensor for name, tensor in state.items()}

    def _hosted(self, name: str) -> str:
        inside = name.startswith(ENCODER) and not name.startswith((FINAL_NORM, BACKBONE, "encoder.mask_token"))
        return BACKBONE + name.removeprefix(ENCODER) if inside else name
