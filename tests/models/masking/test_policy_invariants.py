"""What holds for every policy: exact numbers, nothing random but the noise, each image on its own, no waiting."""

import pytest
import torch

from mimseg.models import (
    AMTPolicy,
    AttMaskPolicy,
    BlockPolicy,
    Draw,
    EasyToHardPolicy,
    NoisyPolicy,
    Policy,
    RandomPolicy,
    SoftToHardPolicy,
    UniformPolicy,
)
from mimseg.registry import MODELS

POLICIES = {
    "random": RandomPolicy(),
    "easy to hard": EasyToHardPolicy(),
    "noisy": NoisyPolicy(),
    "block": BlockPolicy(),
    "block, some at random": BlockPolicy(max_area=30, share=0.8),
    "uniform": UniformPolicy(),
    "AttMask high": AttMaskPolicy("high"),
    "AttMask hint": AttMaskPolicy("hint"),
    "AttMask low": AttMaskPolicy("low"),
    "AMT": AMTPolicy(throw=0.2),
    "AMT without throwing": AMTPolicy(throw=0.0),
    "soft to hard": SoftToHardPolicy(),
    "soft to hard, softmax": SoftToHardPolicy(sampling="softmax", exclude_hard=True),
}
RAGGED = {name: policy for name, policy in POLICIES.items() if policy.ragged}
GRIDS = [(14, 14), (8, 8), (6, 9)]


def given(policy, grid, rows=6, seed=0):
    """Scores and noise as the mask generator hands them over."""
    source, length = torch.Generator().manual_seed(seed), grid[0] * grid[1]
    score = torch.rand(rows, length, generator=source)
    return (
        score if policy.needs_score else None,
        torch.rand(rows, policy.noise_per_image(length), generator=source),
    )


def usable(policy, grid):
    return not (isinstance(policy, UniformPolicy) and grid[1] % 2)


def test_every_registered_policy_is_tried():
    registered = {kind for kind in MODELS.module_dict.values() if isinstance(kind, type) and issubclass(kind, Policy)}
    assert registered == {type(policy) for policy in POLICIES.values()}


CASES = [(name, grid) for name, policy in POLICIES.items() for grid in GRIDS if usable(policy, grid)]


@pytest.mark.parametrize(("name", "grid"), CASES)
def test_every_image_has_the_exact_number_and_nothing_but_the_noise_is_random(name, grid):
    policy, length = POLICIES[name], grid[0] * grid[1]
    masked = length * 3 // 4
    score, noise = given(policy, grid)
    state = policy(Draw(noise, masked, 0.5, grid, score))
    if policy.throws:
        assert state.dtype == torch.uint8 and state.max() <= 2
        assert (state == 1).sum(dim=1).tolist() == [policy.thrown(length)] * 6
        assert (state == 2).sum(dim=1).tolist() == [masked] * 6
    else:
        assert state.dtype == torch.bool and policy.thrown(length) == 0
        assert state.sum(dim=1).tolist() == [masked] * 6
    assert state.shape == (6, length)
    assert torch.equal(policy(Draw(noise, masked, 0.5, grid, score)), state)
    order = torch.tensor([3, 1, 5, 0, 2, 4])
    permuted = policy(Draw(noise[order], masked, 0.5, grid, None if score is None else score[order]))
    assert torch.equal(permuted, state[order])


@pytest.mark.parametrize("name", [name for name in POLICIES if name not in ("AttMask high", "AttMask low")])
def test_other_noise_gives_other_masks(name):
    policy = POLICIES[name]
    score, noise = given(policy, (8, 8))
    assert not torch.equal(policy(Draw(noise, 48, 0.5, (8, 8), score)), policy(Draw(1 - noise, 48, 0.5, (8, 8), score)))


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("name", RAGGED)
def test_numbers_may_differ_between_images(name, grid):
    policy, length = RAGGED[name], grid[0] * grid[1]
    counts = torch.tensor([1, length // 4, length // 2, length * 3 // 4, length * 9 // 10, length - 1])
    score, noise = given(policy, grid)
    mask = policy(Draw(noise, counts, 0.5, grid, score))
    assert mask.sum(dim=1).tolist() == counts.tolist()
    for row, count in enumerate(counts.tolist()):
        one = policy(Draw(noise[row : row + 1], count, 0.5, grid, None if score is None else score[row : row + 1]))
        assert torch.equal(one[0], mask[row])


@pytest.mark.parametrize("name", POLICIES)
def test_nothing_waits_for_the_device(name):
    """Meta tensors hold no data: any .item(), bool() or data-dependent shape raises."""
    policy = POLICIES[name]
    score, noise = given(policy, (8, 8))
    score = None if score is None else score.to("meta")
    assert policy(Draw(noise.to("meta"), 48, 0.5, (8, 8), score)).shape == (6, 64)
    if policy.ragged:
        assert policy(Draw(noise.to("meta"), torch.full((6,), 48, device="meta"), 0.5, (8, 8), score)).shape == (6, 64)


def test_a_policy_of_an_earlier_version_is_told_what_to_write():
    with pytest.raises(TypeError, match=r"^Old\.forward\(score, noise, masked, .* is forward\(draw\) now, with draw"):

        class Old(Policy):
            def forward(self, score, noise, masked, progress, grid):
                return noise

    with pytest.raises(TypeError, match=r"^Older\.takes_score is needs_score now$"):

        class Older(Policy):
            takes_score = False


def test_a_score_that_was_not_computed_is_an_error_not_a_random_mask():
    with pytest.raises(RuntimeError, match="reads the score, which was not computed"):
        AttMaskPolicy()(Draw(torch.rand(2, 4), 2, 0.5, (2, 2)))
