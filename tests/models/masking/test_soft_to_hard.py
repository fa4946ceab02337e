"""GPA's soft-to-hard masks: how many by sorting, by sampling and at random, and with which probabilities."""

import itertools

import pytest
import torch

from mimseg.models import Draw
from mimseg.models.masking.policies.soft_to_hard import SoftToHardPolicy
from mimseg.ops.masking import mask_largest, race

EPOCHS = [0, 50, 100, 150, 199]


def noise(rows, columns, seed=0):
    return torch.rand(rows, columns, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [(0, 73, 74), (18, 55, 74), (36, 36, 75), (55, 18, 74), (73, 0, 74)]),
        (dict(soft_start=0.3), [(0, 44, 103), (18, 33, 96), (36, 22, 89), (55, 11, 81), (73, 0, 74)]),
        (dict(soft_start=0.3, soft_end=0.3), [(0, 44, 103), (18, 44, 85), (36, 44, 67), (55, 44, 48), (73, 44, 30)]),
    ],
)
def test_counts_of_147_masked_patches_in_200_epochs(settings, expected):
    """Of the paper, of the public commands, and of the public model with attention as feature; progress e / E."""
    policy = SoftToHardPolicy(**settings)
    counts = [policy.counts(147, epoch / 200) for epoch in EPOCHS]
    assert [(hard, soft, 147 - hard - soft) for hard, soft in counts] == expected
    each = [policy.counts(torch.tensor([147, 100]), epoch / 200) for epoch in EPOCHS]
    assert [(hard[0], soft[0]) for hard, soft in each] == counts
    assert [(hard[1], soft[1]) for hard, soft in each] == [policy.counts(100, epoch / 200) for epoch in EPOCHS]


def test_sampling_yields_to_sorting():
    policy = SoftToHardPolicy(hard_start=0.0, hard_end=1.0, soft_start=1.0, soft_end=1.0)
    assert [policy.counts(8, progress) for progress in (0.0, 0.25, 1.0)] == [(0, 8), (2, 6), (8, 0)]


def test_the_number_masked_is_exact_and_the_highest_are_among_them():
    scores = noise(64, 196, seed=1)
    for epoch in EPOCHS:
        hard, _ = SoftToHardPolicy().counts(147, epoch / 200)
        mask = SoftToHardPolicy()(Draw(noise(64, 392, seed=epoch), 147, epoch / 200, (14, 14), scores))
        assert mask.dtype == torch.bool and (mask.sum(dim=1) == 147).all()
        assert (mask & mask_largest(scores, hard)).sum() == 64 * hard


def test_a_different_number_in_each_image():
    scores, drawn = noise(3, 24, seed=1), noise(3, 48)
    numbers = torch.tensor([6, 12, 18])
    mask = SoftToHardPolicy()(Draw(drawn, numbers, 0.5, (4, 6), scores))
    assert mask.sum(dim=1).tolist() == [6, 12, 18]
    for row, number in enumerate((6, 12, 18)):
        alone = SoftToHardPolicy()(Draw(drawn[row : row + 1], number, 0.5, (4, 6), scores[row : row + 1]))
        assert torch.equal(mask[row], alone[0])


def inclusion(weights, draws):
    """Probability of each item to be among ``draws`` draws without replacement, by enumerating all orders."""
    total, chance = sum(weights), [0.0] * len(weights)
    for order in itertools.permutations(range(len(weights)), draws):
        probability, left = 1.0, total
        for item in order:
            probability *= weights[item] / left
            left -= weights[item]
        for item in order:
            chance[item] += probability
    return chance


@pytest.mark.parametrize(("sampling", "weights"), [("minmax", [1.0, 0.0, 0.3]), ("softmax", [7.389, 0.3679, 0.9048])])
def test_sampling_has_exactly_the_probabilities_of_drawing_without_replacement(sampling, weights):
    """One patch of three by sampling, then, with a fourth of weight 0, two of four."""
    scores = torch.tensor([2.0, -1.0, -0.1])
    policy = SoftToHardPolicy(soft_start=1.0, soft_end=1.0, hard_end=0.0, sampling=sampling)
    rows = 40000
    mask = policy(Draw(noise(rows, 6), 1, 0.0, (1, 3), scores.expand(rows, 3)))
    expected = torch.tensor(inclusion(weights, 1))
    torch.testing.assert_close(mask.float().mean(0), expected, rtol=0, atol=0.01)
    if sampling == "minmax":
        scores = torch.tensor([2.0, -1.0, -0.1, 1.1])
        mask = policy(Draw(noise(rows, 8), 2, 0.0, (2, 2), scores.expand(rows, 4)))
        expected = torch.tensor(inclusion([1.0, 0.0, 0.3, 0.7], 2))
        torch.testing.assert_close(mask.float().mean(0), expected, rtol=0, atol=0.01)


def test_sampling_has_the_frequencies_of_torch_multinomial():
    weights = noise(1, 30, seed=2).squeeze(0) ** 2
    rows = 20000
    ours = mask_largest(race(weights.log().expand(rows, 30), noise(rows, 30)), 12).float().mean(0)
    index = torch.multinomial(weights.expand(rows, 30), 12, generator=torch.Generator().manual_seed(3))
    theirs = torch.zeros(rows, 30).scatter_(1, index, 1.0).mean(0)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=0.02)


def test_the_lowest_patch_is_drawn_only_when_no_other_is_left():
    scores = noise(2000, 6, seed=1)
    policy = SoftToHardPolicy(soft_start=1.0, soft_end=1.0, hard_end=0.0)
    mask = policy(Draw(noise(2000, 12), 5, 0.0, (2, 3), scores))
    assert torch.equal(~mask, torch.zeros_like(mask).scatter_(1, scores.argmin(1, keepdim=True), True))


def test_what_scores_have_above_the_lowest_draws_as_stretching_does():
    """Proportions know no factor: the two normalisations give one distribution, and with equal noise one mask."""
    scores, drawn = 40 * noise(50, 24, seed=1) - 20, noise(50, 48)
    masks = [
        SoftToHardPolicy(sampling=kind)(Draw(drawn, 18, 0.2, (4, 6), scores)) for kind in ("minmax", "shift", "softmax")
    ]
    assert torch.equal(masks[0], masks[1]) and not torch.equal(masks[0], masks[2])
    low = scores.amin(dim=1, keepdim=True)
    weights = SoftToHardPolicy(sampling="shift").log_weights(scores).exp()
    torch.testing.assert_close(weights, scores - low)


def test_equal_scores_are_drawn_uniformly():
    policy = SoftToHardPolicy(soft_start=1.0, soft_end=1.0)
    mask = policy(Draw(noise(20000, 12), 2, 0.0, (2, 3), torch.full((20000, 6), 3.0)))
    torch.testing.assert_close(mask.float().mean(0), torch.full((6,), 1 / 3), rtol=0, atol=0.015)


def test_patches_that_are_hard_anyway_are_drawn_too_unless_excluded():
    """Scores 5..0, one hard, one soft, one random of three: the hard patch wastes the draw with probability 5 / 15."""
    scores = torch.arange(5.0, -1, -1).expand(30000, 6)
    shares = dict(hard_start=1 / 3, hard_end=1 / 3, soft_start=1 / 3, soft_end=1 / 3)
    drawn = noise(30000, 12)
    overlapping = SoftToHardPolicy(**shares)(Draw(drawn, 3, 0.0, (2, 3), scores)).float().mean(0)
    apart = SoftToHardPolicy(**shares, exclude_hard=True)(Draw(drawn, 3, 0.0, (2, 3), scores)).float().mean(0)
    for mask in (overlapping, apart):
        assert mask[0] == 1 and mask.sum() == pytest.approx(3, abs=1e-4)
    # the lowest patch is never drawn: masked by one of two chances among five, or by one among the four left
    torch.testing.assert_close(overlapping[5].item(), 5 / 15 * 2 / 5 + 10 / 15 / 4, rtol=0, atol=0.01)
    torch.testing.assert_close(apart[5].item(), 1 / 4, rtol=0, atol=0.01)


def test_random_patches_do_not_follow_the_draw():
    """The two halves of the noise are independent: with equal first halves, different second ones change the mask."""
    scores, drawn = noise(4, 24, seed=1), noise(4, 48)
    policy = SoftToHardPolicy()
    changed = torch.cat([drawn[:, :24], noise(4, 24, seed=5)], dim=1)
    first, second = (policy(Draw(each, 18, 0.0, (4, 6), scores)) for each in (drawn, changed))
    soft = mask_largest(race(policy.log_weights(scores), drawn[:, :24]), 9)
    assert not torch.equal(first, second)
    assert (first & soft).sum() == (second & soft).sum() == 4 * 9


def test_the_score_is_read_only_where_the_schedule_uses_it():
    policy = SoftToHardPolicy(soft_start=0.0, soft_end=0.0)
    assert not policy.needs_score_at(147, 0.0) and policy.needs_score_at(147, 0.5)
    assert SoftToHardPolicy().needs_score_at(147, 0.0)
    assert policy.noise_per_image(196) == 392
    drawn = noise(2, 48)
    assert torch.equal(policy(Draw(drawn, 18, 0.0, (4, 6))), mask_largest(drawn[:, 24:], 18))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(hard_end=1.5), r"hard_end=1.5 must lie in \[0, 1\]"),
        (dict(soft_start=-0.1), r"soft_start=-0.1 must lie"),
        (dict(sampling="rank"), r"sampling must be 'minmax', 'softmax' or 'shift', got 'rank'"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        SoftToHardPolicy(**settings)
