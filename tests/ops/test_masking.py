import pytest
import torch

from mimseg.ops.masking import PatchMask, mask_hard_then_random, mask_largest, number_masked, uniform_noise


@pytest.mark.parametrize(("ratio", "masked"), [(0.75, 147), (0.6, 118), (0.65, 128), (0.9, 177), (0.5, 98)])
def test_number_masked_of_196_patches(ratio, masked):
    # kept: floor(196 * (1 - r)) = 49, 78, 68, 19, 98
    assert number_masked(196, ratio) == masked


@pytest.mark.parametrize(
    ("length", "ratio", "masked"),
    [(196, 0.75, 147), (196, 0.6, 117), (196, 0.65, 127), (196, 0.9, 176), (49, 0.6, 29), (10, 0.7, 7), (100, 0.9, 90)],
)
def test_visible_patches_rounded_up(length, ratio, masked):
    """SBAM's K = ceil(L (1 - ratio)): 49, 79, 69, 20, 20; and 3 of 10, 10 of 100, whatever rounding makes of 1 - r."""
    assert number_masked(length, ratio, "ceil") == masked


def test_an_unknown_rounding_is_refused():
    with pytest.raises(ValueError, match="count_rounding must be 'floor' or 'ceil', got 'round'"):
        number_masked(196, 0.75, "round")


@pytest.mark.parametrize(("length", "ratio"), [(2, 0.9), (4, 0.0)])
def test_ratios_that_leave_nothing_are_refused(length, ratio):
    with pytest.raises(ValueError, match="at least one must be masked and one visible"):
        number_masked(length, ratio)


@pytest.mark.parametrize("hard", [0, 1, 36, 73, 147])
def test_hard_patches_are_masked_and_the_count_is_exact(hard):
    score, noise = torch.randn(64, 196), torch.rand(64, 196)
    mask = mask_hard_then_random(score, noise, 147, hard)
    assert mask.dtype == torch.bool and (mask.sum(1) == 147).all()
    hardest = score.argsort(dim=1, descending=True)[:, :hard]
    assert mask.gather(1, hardest).all()


def test_no_hard_patches_means_the_score_is_irrelevant():
    noise = torch.rand(8, 196)
    expected = mask_largest(noise, 147)
    assert torch.equal(mask_hard_then_random(torch.randn(8, 196), noise, 147, 0), expected)


def test_the_rest_is_uniform_over_the_other_patches():
    score = torch.arange(20.0).expand(20000, 20)
    mask = mask_hard_then_random(score, torch.rand(20000, 20, generator=torch.Generator().manual_seed(0)), 10, 5)
    share = mask.float().mean(0)
    assert (share[15:] == 1).all()
    # 5 of the other 15 are masked: 1/3 each; three standard deviations of a Bernoulli mean are 0.01
    torch.testing.assert_close(share[:15], torch.full((15,), 1 / 3), atol=0.013, rtol=0)


def test_masks_follow_their_sample_when_the_batch_is_permuted():
    score, noise, order = torch.randn(8, 64), torch.rand(8, 64), torch.randperm(8)
    mask = mask_hard_then_random(score, noise, 48, 10)
    assert torch.equal(mask_hard_then_random(score[order], noise[order], 48, 10), mask[order])


def test_half_precision_scores_are_ranked_without_losing_the_count():
    score = torch.zeros(4, 196, dtype=torch.bfloat16)  # all tied
    assert (mask_hard_then_random(score, torch.rand(4, 196), 147, 70).sum(1) == 147).all()


def test_patch_mask_lists_are_in_raster_order():
    mask = torch.tensor([[True, False, True, False], [False, False, True, True]])
    patch_mask = PatchMask.from_bool(mask, 2)
    assert patch_mask.masked.tolist() == [[0, 2], [2, 3]]
    assert patch_mask.visible.tolist() == [[1, 3], [0, 1]]


def test_ranks_draw_the_rows_of_one_global_batch():
    def draw(batch, rank, world):
        return uniform_noise(batch, 16, torch.device("cpu"), torch.Generator().manual_seed(3), rank, world)

    whole = draw(8, 0, 1)
    assert torch.equal(torch.stack([draw(4, 0, 2), draw(4, 1, 2)], dim=1).flatten(0, 1), whole)
    assert not torch.equal(draw(4, 0, 2), draw(4, 1, 2))
