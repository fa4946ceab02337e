"""Sequences of different lengths, end to end in one matrix, so that linear layers see no padding.

Shapes: B sequences of n_b rows, R = sum of n_b rows in all, N = the longest n_b.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Packing:
    """Where the rows of B sequences lie in a packed ``(R, D)`` and in a padded ``(B, N, D)`` tensor.

    Attributes:
        first: packed row at which each sequence begins ``(B)``.
        sequence: sequence of each packed row ``(R)``.
        place: row of each packed row in the flattened padded tensor ``(R)``.
        valid: bool ``(B, N)``, True where the padded tensor holds a row.
    """

    first: Tensor
    sequence: Tensor
    place: Tensor
    valid: Tensor

    @classmethod
    def of(cls, lengths: Tensor, rows: int, longest: int) -> "Packing":
        """Pack sequences of ``lengths (B)``; the caller knows their sum and the longest, so that nothing waits."""
        batch, device = len(lengths), lengths.device
        first = lengths.cumsum(0) - lengths
        sequence = torch.arange(batch, device=device).repeat_interleave(lengths, output_size=rows)
        within = torch.arange(rows, device=device) - first[sequence]
        valid = torch.arange(longest, device=device) < lengths.unsqueeze(1)
        return cls(first, sequence, sequence * longest + within, valid)

    def pad(self, rows: Tensor) -> Tensor:
        """Packed ``(R, D)`` to padded ``(B, N, D)``, zeros where there is no row."""
        padded: Tensor = rows.new_zeros(self.valid.numel(), rows.shape[-1]).index_copy(0, self.place, rows)
        return padded.view(*self.valid.shape, -1)

    def pack(self, padded: Tensor) -> Tensor:
        """Padded ``(B, N, D)`` to packed ``(R, D)``."""
        return padded.flatten(0, 1).index_select(0, self.place)

    def join(self, heads: Tensor, rest: Tensor) -> Tensor:
        """Sequences of one head row each ``(B, D)`` and the rest ``(R - B, D)``, packed ``(R, D)``."""
        rows = heads.new_empty(len(self.sequence), heads.shape[-1]).index_copy(0, self.first, heads)
        return rows.index_copy(0, self.after_first, rest.to(rows.dtype))

    def split(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Inverse of :meth:`join`."""
        return rows.index_select(0, self.first), rows.index_select(0, self.after_first)

    @property
    def after_first(self) -> Tensor:
        """The packed rows that do not begin a sequence ``(R - B)``."""
        rows = torch.arange(len(self.sequence) - len(self.first), device=self.first.device)
        # row i of the rest lies behind as many first rows as sequences have begun by then
        return rows + torch.searchsorted(
            self.first - torch.arange(len(self.first), device=rows.device), rows, right=True
        )
