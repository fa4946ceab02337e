"""Recall of object patches among the patches that a map ranks highest."""

import pytest
import torch

from mimseg.apis.studies.attention_head import choose_head, recall_by_head


def counted(values, objects, k):
    """Recall of one map without ties, by sets."""
    highest = sorted(range(len(values)), key=lambda patch: values[patch], reverse=True)[:k]
    wanted = {patch for patch in range(len(objects)) if objects[patch]}
    return len(wanted & set(highest)) / len(wanted)


@pytest.mark.parametrize("per_image", [False, True])
def test_every_map_against_a_plain_loop(per_image):
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn(5, 3, 4, 30, generator=generator)
    objects = torch.rand(5, 30, generator=generator) < torch.tensor([0.1, 0.3, 0.5, 0.7, 0.9])[:, None]
    k = objects.sum(dim=1) if per_image else 7
    recall = recall_by_head(maps, objects, k)
    assert recall.shape == (5, 3, 4)
    for image in range(5):
        number = int(k[image]) if per_image else 7
        for block in range(3):
            for head in range(4):
                expected = counted(maps[image, block, head].tolist(), objects[image].tolist(), number)
                assert recall[image, block, head] == pytest.approx(expected)


def test_a_map_that_is_the_objects_finds_them_all_and_its_negative_none():
    objects = torch.tensor([[True, False, False, True, False, False]])
    maps = torch.stack([objects.float(), -objects.float()], dim=1)
    assert recall_by_head(maps, objects, 2).tolist() == [[1.0, 0.0]]
    assert recall_by_head(maps, objects, 6).tolist() == [[1.0, 1.0]]


def test_ties_share_the_places_that_are_left():
    objects = torch.tensor([[True, True, False, False, True]])
    maps = torch.tensor([[5.0, 1.0, 1.0, 1.0, 0.0]])
    # patch 0 is certain; the other of k = 2 places goes to one of patches 1, 2, 3 with probability 1/3: (1 + 1/3) / 3
    assert recall_by_head(maps, objects, 2).item() == pytest.approx(4 / 9)
    # a constant map chooses at random: k / L, wherever the objects are
    assert recall_by_head(torch.zeros(1, 5), objects, 2).item() == pytest.approx(2 / 5)


def test_the_best_head_is_that_of_the_largest_mean():
    recall = torch.zeros(2, 3, 4)
    recall[0, 0, 0] = 1.0  # best in one image, mean 0.5
    recall[:, 2, 1] = 0.6
    assert choose_head(recall) == (2, 1)
    assert choose_head(torch.ones(2, 3, 4)) == (0, 0)


def test_what_makes_no_sense_is_refused():
    maps, objects = torch.randn(2, 6), torch.ones(2, 6, dtype=torch.bool)
    with pytest.raises(ValueError, match="do not belong to objects"):
        recall_by_head(torch.randn(2, 5), objects, 2)
    for k in (0, 7, torch.tensor([3, 0])):
        with pytest.raises(ValueError, match="chooses 1 to 6 of 6 patches"):
            recall_by_head(maps, objects, k)
    with pytest.raises(ValueError, match="no object patch"):
        recall_by_head(maps, torch.tensor([[True] * 6, [False] * 6]), 2)
    with pytest.raises(ValueError, match="not finite"):
        recall_by_head(maps.index_fill(1, torch.tensor([3]), torch.nan), objects, 2)
