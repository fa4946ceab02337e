"""Epochs of a subset, and epochs that are cut short."""

import pytest
import torch

from mimseg.datasets import SeededSampler


def on_rank(monkeypatch, rank, world, size, **arguments):
    monkeypatch.setattr("mmengine.dataset.sampler.get_dist_info", lambda: (rank, world))
    return SeededSampler(range(size), seed=7, **arguments)


def test_ranks_share_a_subset_among_them(monkeypatch):
    """11 of 30 images, 2 ranks in steps of 2: 8 are drawn, 4 for each rank, other ones every epoch."""
    subset = torch.arange(1, 12) * 2
    samplers = [on_rank(monkeypatch, rank, 2, 30, multiple_of=2) for rank in range(2)]
    drawn = []
    for epoch in range(3):
        for sampler in samplers:
            sampler.set_subset(subset)
            sampler.set_epoch(epoch)
        first, second = ([index for index, _ in sampler] for sampler in samplers)
        assert len(first) == len(second) == len(samplers[0]) == 4
        drawn.append({*first, *second})
        assert len(drawn[-1]) == 8 and drawn[-1] <= set(subset.tolist())
    assert drawn[0] != drawn[1]
    for sampler in samplers:
        sampler.set_subset(None)
    assert [len(sampler) for sampler in samplers] == [14, 14]


def test_a_samples_seed_does_not_depend_on_the_subset():
    sampler = SeededSampler(range(10), seed=3)
    whole = dict(sampler)
    sampler.set_subset(torch.tensor([2, 5, 9]))
    assert dict(sampler) == {index: whole[index] for index in (2, 5, 9)}


def test_a_subset_is_cut_and_skipped_like_the_whole(monkeypatch):
    sampler = SeededSampler(range(20), seed=3, multiple_of=2)
    sampler.set_subset(torch.arange(10, 20))
    whole = list(sampler)
    sampler.skip(4)
    assert list(sampler) == whole[4:] and list(sampler) == whole
    sampler.set_limit(6)
    assert len(sampler) == 6 and list(sampler) == whole[:6]
    sampler.skip(4)
    assert list(sampler) == whole[4:6]
    with pytest.raises(ValueError, match="cannot skip 8 samples of an epoch that holds 6"):
        sampler.skip(8)
    sampler.set_limit(100)
    assert list(sampler) == whole
    sampler.set_limit(None)
    assert list(sampler) == whole


@pytest.mark.parametrize(("round_up", "lengths"), [(True, [4, 4, 4]), (False, [4, 3, 3])])
def test_samples_without_whole_steps(monkeypatch, round_up, lengths):
    samplers = [on_rank(monkeypatch, rank, 3, 25, round_up=round_up, shuffle=False) for rank in range(3)]
    for sampler in samplers:
        sampler.set_subset(torch.arange(10))
    assert [len(sampler) for sampler in samplers] == [sampler.samples_of(10) for sampler in samplers] == lengths
    drawn = [index for sampler in samplers for index, _ in sampler]
    assert set(drawn) == set(range(10)) and len(drawn) == sum(lengths)


def test_bad_subsets_are_refused():
    sampler = SeededSampler(range(10), multiple_of=4)
    with pytest.raises(ValueError, match="a subset of 3 images is too small for 1 process"):
        sampler.set_subset(torch.arange(3))
    with pytest.raises(ValueError, match="a subset of 0 images is too small"):
        sampler.set_subset(torch.arange(0))
    with pytest.raises(ValueError, match="positions 3 to 10, but the dataset has 10 images"):
        sampler.set_subset(torch.arange(3, 11))
    assert len(sampler) == 8 and sampler.subset is None
