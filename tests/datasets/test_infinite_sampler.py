"""Samples for loops that count iterations."""

from itertools import islice

import pytest

from mimseg.datasets import SeededInfiniteSampler, SeededSampler


def epochs(number: int, rank: int, world: int, monkeypatch) -> list[tuple[int, int]]:
    monkeypatch.setattr("mmengine.dataset.sampler.get_dist_info", lambda: (rank, world))
    sampler, pairs = SeededSampler(range(10), seed=3), []
    for epoch in range(number):
        sampler.set_epoch(epoch)
        pairs += list(sampler)
    return pairs


@pytest.mark.parametrize(("rank", "world"), [(0, 1), (2, 3)])
def test_it_is_the_epochs_one_after_the_other(monkeypatch, rank, world):
    expected = epochs(3, rank, world, monkeypatch)
    sampler = SeededInfiniteSampler(range(10), seed=3)
    sampler.set_epoch(7)  # as DistSamplerSeedHook does
    assert list(islice(sampler, len(expected))) == expected
    assert len(sampler) == len(expected) // 3


@pytest.mark.parametrize("done", [0, 4, 10, 23])
def test_a_skip_counts_from_the_start_of_the_run(monkeypatch, done):
    expected = epochs(4, 0, 1, monkeypatch)
    sampler = SeededInfiniteSampler(range(10), seed=3)
    sampler.skip(done)
    assert list(islice(sampler, 40 - done)) == expected[done:]


def test_a_negative_skip_is_refused():
    with pytest.raises(ValueError, match="cannot skip -1 samples: give 0 or more"):
        SeededInfiniteSampler(range(10), seed=3).skip(-1)
