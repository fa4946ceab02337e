"""Rectangles against a plain loop over images, rectangles and attempts."""

import math

import pytest
import torch

from mimseg.ops.rectangles import Rectangles, add_rectangle, cover_by_rectangles, draw_rectangles


def noise(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def cover_one_image(draws, count, grid, min_area, max_area, min_aspect):
    """BEiT's rules, one patch at a time, from the same random numbers."""
    h, w = grid
    covered = set()
    for attempts in draws:
        most = count - len(covered)
        if max_area is not None:
            most = min(most, max_area)
        for area, aspect, row, column in attempts:
            area = min_area + (most - min_area) * area
            aspect = math.exp(math.log(min_aspect) + aspect * (math.log(1 / min_aspect) - math.log(min_aspect)))
            height, width = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if height >= h or width >= w:
                continue
            top, left = int(row * (h - height + 1)), int(column * (w - width + 1))
            new = {(i, j) for i in range(top, top + height) for j in range(left, left + width)} - covered
            if 0 < len(new) <= most:
                covered |= new
                break
    return covered


@pytest.mark.parametrize(
    ("grid", "count", "min_area", "max_area", "min_aspect"),
    [
        ((14, 14), 75, 16, None, 0.3),
        ((14, 14), 147, 16, None, 0.3),
        ((14, 14), 120, 16, 60, 0.3),
        ((6, 9), 40, 4, None, 0.5),
        ((9, 6), 12, 20, None, 0.3),  # less to cover than the smallest rectangle
    ],
)
def test_the_same_noise_gives_the_masks_of_a_plain_loop(grid, count, min_area, max_area, min_aspect):
    draws = noise(24, 8, 5, 4)
    covered = cover_by_rectangles(draws, count, grid, min_area, max_area, min_aspect)
    for image, mask in zip(draws.tolist(), covered, strict=True):
        expected = cover_one_image(image, count, grid, min_area, max_area, min_aspect)
        assert set(map(tuple, mask.nonzero().tolist())) == expected
    assert covered.sum(dim=(1, 2)).float().mean() > count / 2


def test_images_may_have_different_numbers():
    draws, counts = noise(12, 8, 5, 4), torch.arange(30, 150, 10)
    covered = cover_by_rectangles(draws, counts, (14, 14))
    for image, count, mask in zip(draws, counts.tolist(), covered, strict=True):
        assert torch.equal(mask, cover_by_rectangles(image[None], count, (14, 14))[0])


@pytest.mark.parametrize(("count", "max_area"), [(75, None), (98, None), (120, 60), (147, None)])
def test_sixteen_rectangles_cover_nearly_all_and_never_too_much(count, max_area):
    covered = cover_by_rectangles(noise(256, 16, 10, 4), count, (14, 14), max_area=max_area).sum(dim=(1, 2))
    print(f"{count} of 196: {covered.float().mean() / count:.2%} covered, {covered.min() / count:.2%} at worst")
    assert covered.max() <= count
    assert covered.float().mean() >= 0.97 * count


def test_one_rectangle_is_a_rectangle():
    for mask in cover_by_rectangles(noise(32, 1, 10, 4), 75, (14, 14)):
        rows, columns = mask.any(dim=1), mask.any(dim=0)
        assert torch.equal(mask, rows[:, None] & columns) and 12 <= mask.sum() <= 75
        for line in (rows, columns):  # no gaps
            covered = line.nonzero()
            assert covered.max() - covered.min() + 1 == len(covered)


def test_shapes_and_places_by_hand():
    """Aspect ratio exp(log 0.3 * (1 - 2u)): 0.3 at u = 0, 1 at u = 0.5, 1 / 0.3 nearly at u = 1."""
    one = 1 - 2**-24
    draws = torch.tensor([[[0.5, 0.5, 0.0, 0.0], [0.0, 0.0, one, one], [one, one, 0.5, 0.5]]])
    attempts = draw_rectangles(draws, 30, torch.tensor([[70.0]]), 0.3, (14, 14))
    assert attempts.height.tolist() == [[7, 3, 15]]  # sqrt(50), sqrt(30 * 0.3), sqrt(70 / 0.3): too high
    assert attempts.width.tolist() == [[7, 10, 5]]
    assert attempts.top.tolist() == [[0, 11, 0]]
    assert attempts.left.tolist() == [[0, 4, 5]]


def test_areas_are_uniform_and_every_place_is_as_likely():
    attempts = draw_rectangles(noise(1, 40000, 4), 16, torch.tensor([[75.0]]), 0.999, (14, 14))
    squares = attempts.height == attempts.width
    assert squares.float().mean() > 0.99
    # areas 16 to 75 round to sides 4 to 9: a side of 6 is an area of 5.5^2 to 6.5^2
    torch.testing.assert_close((attempts.height == 6).float().mean().item(), 12 / 59, atol=0.01, rtol=0)
    six = attempts.top[(attempts.height == 6) & squares]
    share = torch.stack([(six == top).float().mean() for top in range(9)])
    torch.testing.assert_close(share, torch.full((9,), 1 / 9), atol=0.015, rtol=0)


def test_half_precision_counts_no_patch_wrong():
    """17 x 25 patches are 425, which bfloat16 would round to 424."""
    attempt = Rectangles(*(torch.tensor([[value]]) for value in (17.0, 25.0, 0.0, 0.0)))
    for most in (424, 425):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            covered = add_rectangle(torch.zeros(1, 28, 28, dtype=torch.bool), attempt, torch.tensor([[most]]))
        assert covered.sum() == (425 if most == 425 else 0)
