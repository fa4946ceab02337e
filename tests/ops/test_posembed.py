import math

import pytest
import torch

from mimseg.ops.posembed import sincos_2d


def test_sincos_against_the_formula():
    table = sincos_2d((2, 3), 8)
    assert table.shape == (6, 8)
    for row in range(2):
        for column in range(3):
            # two frequencies, 10000 ** 0 and 10000 ** -0.5; columns first, then rows; sines, then cosines
            expected = [
                f(axis * frequency) for axis in (column, row) for f in (math.sin, math.cos) for frequency in (1, 0.01)
            ]
            assert table[row * 3 + column].tolist() == pytest.approx(expected, abs=1e-6)


def test_width_must_be_a_multiple_of_four():
    with pytest.raises(ValueError, match="divisible by 4, got 6"):
        sincos_2d((2, 2), 6)


def test_rows_are_distinct():
    table = sincos_2d((14, 14), 768)
    assert torch.cdist(table, table).add(torch.eye(196) * 9).min() > 0.1
