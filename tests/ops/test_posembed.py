import math

import pytest
import torch

from mimseg.ops.posembed import resize_grid, sincos_2d


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


def cubic(distance):
    """The cubic convolution kernel with a = -0.75."""
    d = abs(distance)
    if d <= 1:
        return 1.25 * d**3 - 2.25 * d**2 + 1
    return -0.75 * (d**3 - 5 * d**2 + 8 * d - 4) if d < 2 else 0.0


def test_a_learned_table_is_resized_bicubically_with_aligned_centres():
    generator = torch.Generator().manual_seed(0)
    table = torch.randn(8 * 6, 3, generator=generator)
    resized = resize_grid(table, (8, 6), (16, 9)).reshape(16, 9, 3)
    row, column = 7, 4  # new row 7 lies at 7.5 / 2 - 0.5 of the old rows, new column 4 at 4.5 * 6 / 9 - 0.5
    y, x = 3.25, 2.5
    expected = sum(table[i * 6 + j] * cubic(y - i) * cubic(x - j) for i in range(8) for j in range(6))
    torch.testing.assert_close(resized[row, column], expected)
    assert resize_grid(table, (8, 6), (8, 6)) is table
    with pytest.raises(ValueError, match="48 rows is not of a 7x7 patch grid"):
        resize_grid(table, (7, 7), (8, 8))
