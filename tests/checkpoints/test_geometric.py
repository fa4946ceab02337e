"""Geometric resizing of tables of relative positions, against scipy's surface splines and by what it promises."""

import math

import numpy as np
import pytest
import torch
from scipy.interpolate import RectBivariateSpline

from mimseg.checkpoints.geometric import distances, resize_geometric


def progression(old, new):
    """-d_n .. 0 .. d_n with d_i = 1 + q + ... + q^(i - 1) and d_n = new // 2, q as the real root of that polynomial."""
    terms = old // 2
    roots = np.roots([1.0] * (terms - 1) + [1.0 - new // 2])
    q = next(root.real for root in roots if abs(root.imag) < 1e-9 and root.real > 0)
    positive = [sum(q**j for j in range(i + 1)) for i in range(terms)]
    return np.array([-d for d in reversed(positive)] + [0.0] + positive)


def as_table(image):
    """(heads, h, w) as (h * w, heads)."""
    return torch.as_tensor(image).flatten(1).t().contiguous()


def as_image(table, size):
    return table.t().reshape(-1, *size)


def test_from_windows_of_4_to_7_by_hand():
    """1 + q + q^2 = 6 has q = (sqrt(21) - 1) / 2."""
    q = (math.sqrt(21) - 1) / 2
    np.testing.assert_allclose(distances(7, 13), [-6, -1 - q, -1, 0, 1, 1 + q, 6], rtol=1e-12)
    np.testing.assert_allclose(distances(11, 13), progression(11, 13), rtol=1e-9)  # SimMIM: 6 to 7
    np.testing.assert_allclose(distances(13, 7), progression(13, 7), rtol=1e-9)  # smaller windows: q < 1


@pytest.mark.parametrize(("old", "new"), [(7, 13), (11, 13), (13, 7), (15, 27)])
def test_it_is_the_bicubic_spline_through_the_old_entries(old, new):
    image = np.random.default_rng(0).normal(size=(3, old, old))
    at, wanted = progression(old, new), np.arange(new) - new // 2
    expected = np.stack([RectBivariateSpline(at, at, head, kx=3, ky=3, s=0)(wanted, wanted) for head in image])
    resized = resize_geometric(as_table(image), (old, old), (new, new))
    np.testing.assert_allclose(as_image(resized, (new, new)), expected, rtol=0, atol=1e-8)


def test_sides_are_resized_on_their_own():
    image = np.random.default_rng(1).normal(size=(2, 7, 11))
    rows, columns = progression(7, 13), progression(11, 15)
    expected = np.stack(
        [RectBivariateSpline(rows, columns, head, s=0)(np.arange(13) - 6, np.arange(15) - 7) for head in image]
    )
    resized = resize_geometric(as_table(image), (7, 11), (13, 15))
    np.testing.assert_allclose(as_image(resized, (13, 15)), expected, rtol=0, atol=1e-8)


def test_what_is_linear_in_the_distance_stays_so():
    at = torch.as_tensor(progression(7, 13))
    plane = 2 * at[:, None] - 3 * at + 5
    wanted = torch.arange(-6.0, 7.0, dtype=torch.float64)
    expected = 2 * wanted[:, None] - 3 * wanted + 5
    resized = resize_geometric(as_table(plane[None]), (7, 7), (13, 13))
    torch.testing.assert_close(as_image(resized, (13, 13))[0], expected)


def test_near_distances_keep_their_numbers_and_symmetry_stays():
    image = torch.randn(2, 7, 7, generator=torch.Generator().manual_seed(0))
    image = image + image.flip(1, 2)
    resized = as_image(resize_geometric(as_table(image), (7, 7), (13, 13)), (13, 13))
    torch.testing.assert_close(resized, resized.flip(1, 2), rtol=0, atol=1e-5)
    torch.testing.assert_close(resized[:, 5:8, 5:8], image[:, 2:5, 2:5], rtol=0, atol=1e-5)
    torch.testing.assert_close(resized[:, 0, 12], image[:, 0, 6], rtol=0, atol=1e-5)


def test_the_same_size_is_the_same_table():
    table = torch.randn(49, 2)
    assert resize_geometric(table, (7, 7), (7, 7)) is table


def test_three_entries_are_bilinear_and_the_outermost_reach_on():
    """A window of 2 knows distances up to 1, whatever the ratio."""
    image = torch.tensor([[[1.0, 2, 4], [3, 5, 6], [7, 8, 9]]])
    resized = as_image(resize_geometric(as_table(image), (3, 3), (7, 7)), (7, 7))[0]
    assert torch.equal(resized[2:5, 2:5], image[0])
    assert torch.equal(resized[0], torch.tensor([1.0, 1, 1, 2, 4, 4, 4]))
    assert torch.equal(resized[:, 6], torch.tensor([4.0, 4, 4, 6, 9, 9, 9]))


def test_a_single_entry_is_for_all_distances():
    assert torch.equal(resize_geometric(torch.tensor([[2.0, 3.0]]), (1, 1), (3, 3)), torch.tensor([[2.0, 3.0]] * 9))


def test_half_precision_stays():
    assert resize_geometric(torch.randn(49, 2).half(), (7, 7), (13, 13)).dtype == torch.float16
