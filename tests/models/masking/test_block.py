"""Block-wise masks (BEiT, BootMAE)."""

import pytest
import torch

from mimseg.models import Draw, Step
from mimseg.models.masking.policies.block import BlockPolicy
from mimseg.ops.rectangles import cover_by_rectangles
from mimseg.registry import MODELS


def noise(policy, rows=16, length=196, seed=0):
    return torch.rand(rows, policy.noise_per_image(length), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("settings", "masked", "covered_at_most"),
    [(dict(), 75, 75), (dict(min_area=15), 78, 78), (dict(max_area=60, share=120 / 147), 147, 120)],
    ids=["BEiT", "MaskFeat", "BootMAE"],
)
def test_rectangles_are_masked_and_the_rest_goes_to_the_largest_noises(settings, masked, covered_at_most):
    policy = BlockPolicy(**settings)
    drawn = noise(policy)
    mask = policy(Draw(drawn, masked, 0.5, (14, 14)))
    draws = drawn[:, 196:].reshape(16, 16, 10, 4)
    areas = (settings.get("min_area", 16), settings.get("max_area"))
    covered = cover_by_rectangles(draws, covered_at_most, (14, 14), *areas).flatten(1)
    for row, rectangles, numbers in zip(mask, covered, drawn[:, :196], strict=True):
        inside = set(rectangles.nonzero().flatten().tolist())
        others = sorted(set(range(196)) - inside, key=lambda patch: numbers[patch].item())
        assert len(inside) <= covered_at_most
        assert set(row.nonzero().flatten().tolist()) == inside | set(others[196 - masked :])


def test_half_as_many_blocks_as_random_masks_have_borders():
    """Neighbours of which one is masked and one is not: blocks have far fewer of them than random masks."""

    def borders(mask):
        grid = mask.view(-1, 14, 14)
        return ((grid[:, 1:] != grid[:, :-1]).sum() + (grid[:, :, 1:] != grid[:, :, :-1]).sum()) / len(mask)

    policy = BlockPolicy()
    blocks = policy(Draw(noise(policy, 64), 98, 0.5, (14, 14)))
    at_random = torch.rand(64, 196).argsort(dim=1) < 98
    assert borders(blocks) < 0.5 * borders(at_random)


def test_different_numbers_in_each_image():
    policy, counts = BlockPolicy(share=0.8), torch.tensor([40, 75, 147, 170])
    drawn = noise(policy, 4)
    mask = policy(Draw(drawn, counts, 0.5, (14, 14)))
    assert mask.sum(dim=1).tolist() == counts.tolist()
    for count, numbers, row in zip(counts.tolist(), drawn, mask, strict=True):
        assert torch.equal(policy(Draw(numbers[None], count, 0.5, (14, 14)))[0], row)


def test_it_is_a_config():
    masking = dict(policy=dict(type="mimseg.BlockPolicy"), ratio=dict(type="mimseg.FixedRatio", ratio=0.5))
    generator = MODELS.build(dict(type="mimseg.MaskGenerator", **masking))
    step = Step(torch.zeros(4, 3, 112, 144), 16, (7, 9), 0.5)
    mask = generator(step, torch.Generator().manual_seed(0))
    assert mask.mask.sum(dim=1).tolist() == [32] * 4 and mask.visible.shape == (4, 31)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(min_area=0), "min_area"),
        (dict(min_area=20, max_area=10), "max_area, got 20 and 10"),
        (dict(min_aspect=1.5), "min_aspect"),
        (dict(share=0.0), "RandomPolicy"),
        (dict(rectangles=0), "rectangles"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        BlockPolicy(**settings)


def test_a_grid_without_room_for_a_rectangle_is_refused():
    policy = BlockPolicy()
    with pytest.raises(ValueError, match="min_area=16 is more than the 3x4 grid has; use min_area=1"):
        policy(Draw(noise(policy, length=12), 9, 0.5, (3, 4)))
