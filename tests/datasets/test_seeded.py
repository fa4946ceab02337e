"""The sampler's order and seeds, the wrapper's isolation of randomness, and unreadable images."""

import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.dataset import DefaultSampler
from torch.utils.data import DataLoader

from mimseg.datasets import SeededDataset, SeededSampler, UnlabelledFolder
from mimseg.datasets import sampler as sampler_module

PIPELINE = [
    {"type": "LoadImage"},
    {"type": "RandomResizedCrop", "scale": 16},
    {"type": "mmpretrain.PackInputs"},
]


def _on_rank(monkeypatch, rank, world, size, **arguments):
    monkeypatch.setattr("mmengine.dataset.sampler.get_dist_info", lambda: (rank, world))
    return SeededSampler(range(size), seed=7, **arguments)


def test_order_is_the_default_samplers_and_seeds_are_distinct():
    sampler = SeededSampler(range(50), seed=7)
    sampler.set_epoch(2)
    peer = DefaultSampler(range(50), seed=7)
    peer.set_epoch(2)
    pairs = list(sampler)
    assert [index for index, _ in pairs] == list(peer) and len(sampler) == 50
    seeds = [seed for _, seed in pairs]
    assert len(set(seeds)) == 50 and all(0 <= seed < 2**63 for seed in seeds)
    assert pairs == list(sampler)
    assert pairs != list(SeededSampler(range(50), seed=8))


def test_epochs_differ_in_order_and_in_each_samples_seed():
    sampler = SeededSampler(range(30), seed=0)
    first = list(sampler)
    sampler.set_epoch(1)
    second = list(sampler)
    assert [i for i, _ in first] != [i for i, _ in second]
    assert all(dict(first)[index] != dict(second)[index] for index in range(30))


def test_seeds_are_mixed_well():
    """Neighbouring (seed, epoch, index) share no pattern: bits are fair and uncorrelated."""
    bits = []
    for seed in range(4):
        for epoch in range(4):
            state = sampler_module.mix_seed(sampler_module.mix_seed(0, seed), epoch)
            bits += [[(sampler_module.mix_seed(state, i) >> b) & 1 for b in range(1, 64)] for i in range(250)]
    bits = np.array(bits)
    assert len({tuple(row) for row in bits.tolist()}) == 4000
    np.testing.assert_allclose(bits.mean(axis=0), 0.5, atol=0.04)
    np.testing.assert_allclose((bits[1:] == bits[:-1]).mean(axis=0), 0.5, atol=0.04)


@pytest.mark.parametrize("size", [64, 71])
def test_two_ranks_batches_are_one_process_batches(monkeypatch, size):
    ranks = [list(_on_rank(monkeypatch, rank, 2, size, multiple_of=4)) for rank in range(2)]
    alone = list(_on_rank(monkeypatch, 0, 1, size, multiple_of=8))
    assert len(ranks[0]) == len(ranks[1]) == len(alone) // 2 == 32
    assert [pair for both in zip(*ranks, strict=True) for pair in both] == alone
    for batch in range(8):
        both = ranks[0][4 * batch : 4 * batch + 4] + ranks[1][4 * batch : 4 * batch + 4]
        assert sorted(both) == sorted(alone[8 * batch : 8 * batch + 8])


def test_round_up_without_multiple(monkeypatch):
    ranks = [list(_on_rank(monkeypatch, rank, 2, 7)) for rank in range(2)]
    assert [len(pairs) for pairs in ranks] == [4, 4]
    ranks = [list(_on_rank(monkeypatch, rank, 2, 7, round_up=False)) for rank in range(2)]
    assert [len(pairs) for pairs in ranks] == [4, 3]


def test_skip_applies_once():
    sampler = SeededSampler(range(40), seed=1, multiple_of=8)
    whole = list(sampler)
    sampler.skip(24)
    assert list(sampler) == whole[24:]
    assert list(sampler) == whole
    sampler.skip(40)
    assert list(sampler) == []
    for number in (-1, 41):
        with pytest.raises(ValueError, match=f"cannot skip {number} "):
            sampler.skip(number)


def test_truncation_leaves_out_other_samples_every_epoch():
    sampler = SeededSampler(range(10), seed=0, multiple_of=8)
    left_out = set()
    for epoch in range(12):
        sampler.set_epoch(epoch)
        indices = {index for index, _ in sampler}
        assert len(indices) == len(sampler) == 8
        left_out |= set(range(10)) - indices
    assert len(left_out) > 5


def test_too_small_a_dataset_is_named(monkeypatch):
    with pytest.raises(ValueError, match=r"dataset of 31 images .* 2 process.* 32 are needed"):
        _on_rank(monkeypatch, 0, 2, 31, multiple_of=16)
    with pytest.raises(ValueError, match="multiple_of=0"):
        SeededSampler(range(4), seed=0, multiple_of=0)


class _Draws(torch.utils.data.Dataset):
    """Items that show the state of all three random generators."""

    def __len__(self):
        return 12

    def __getitem__(self, index):
        return np.array([index, random.random(), np.random.rand(), torch.rand(()).item()])


def _draws(num_workers, skip=0, **arguments):
    sampler = SeededSampler(range(12), seed=3)
    sampler.skip(skip)
    loader = DataLoader(SeededDataset(_Draws()), 3, sampler=sampler, num_workers=num_workers, **arguments)
    return torch.cat(list(loader)).numpy()


def test_augmentation_depends_neither_on_workers_nor_on_resume():
    alone = _draws(0)
    assert len(np.unique(alone[:, 1:])) == 36
    np.testing.assert_array_equal(_draws(2), alone)
    np.testing.assert_array_equal(_draws(0, skip=6), alone[6:])
    random.seed(9), np.random.seed(9), torch.manual_seed(9)
    np.testing.assert_array_equal(_draws(0), alone)


def test_random_states_of_the_process_are_untouched():
    def states():
        return random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()

    dataset = SeededDataset(_Draws())
    before = states()
    item = dataset[(4, 99)]
    assert states() == before
    np.testing.assert_array_equal(dataset[(4, 99)], item)
    plain = dataset[4]
    assert states() != before and not np.array_equal(plain, item)


def test_random_states_survive_an_error():
    class Broken(_Draws):
        def __getitem__(self, index):
            random.random(), np.random.rand(), torch.rand(())
            raise KeyError("a bug")

    before = torch.get_rng_state(), random.getstate()
    with pytest.raises(KeyError, match="a bug"):
        SeededDataset(Broken())[(0, 1)]
    assert torch.equal(before[0], torch.get_rng_state()) and before[1] == random.getstate()


def _damage(folder):
    """Make 3 of the 20 pictures unreadable; returns their paths."""
    truncated, empty, text = (folder / f"{number:02d}.jpg" for number in (4, 5, 19))
    truncated.write_bytes(truncated.read_bytes()[:300])
    empty.write_bytes(b"")
    text.write_text("I am no picture")
    return [str(path) for path in (truncated, empty, text)]


def _folder(folder, **arguments):
    return SeededDataset({"type": "UnlabelledFolder", "data_root": str(folder), "pipeline": PIPELINE}, **arguments)


def _name(item):
    return item["data_samples"].img_path[-6:]


def test_unreadable_images_are_replaced_counted_and_logged_once(picture_folder, monkeypatch):
    damaged = _damage(picture_folder)
    lines = []
    monkeypatch.setattr("mimseg.datasets.seeded.print_log", lambda line, **_: lines.append(line))
    dataset = _folder(picture_folder, max_unreadable=0.2)
    assert [_name(dataset[(index, 5)]) for index in (3, 4, 5, 19, 4)] == [
        "03.jpg",
        "06.jpg",
        "06.jpg",
        "00.jpg",
        "06.jpg",
    ]
    assert torch.equal(dataset[(4, 5)]["inputs"], dataset[(6, 5)]["inputs"])
    assert _name(dataset[19]) == "00.jpg"
    assert dataset.unreadable_files() == damaged
    assert len(lines) == 3
    for path, line in zip(damaged, lines, strict=True):
        assert path in line and "\n" not in line


def test_too_many_unreadable_images_stop_the_run(picture_folder):
    damaged = _damage(picture_folder)
    dataset = _folder(picture_folder, max_unreadable=0.1)
    dataset[(4, 0)]
    with pytest.raises(RuntimeError, match=r"3 of 20 images .*15\.0%.*max_unreadable=0\.1 .*04\.jpg.*repair") as caught:
        dataset[(19, 0)]
    assert "\n" not in str(caught.value) and all(path in str(caught.value) for path in damaged)


@pytest.mark.parametrize("context", ["fork", pytest.param("spawn", marks=pytest.mark.slow)])
def test_workers_share_the_count(picture_folder, context):
    damaged = _damage(picture_folder)
    dataset = _folder(picture_folder, max_unreadable=0.2)
    options = {"num_workers": 2, "multiprocessing_context": context, "collate_fn": list}
    names = [_name(item) for batch in DataLoader(dataset, 2, **options) for item in batch]
    assert len(names) == 20 and not {"04.jpg", "05.jpg", "19.jpg"} & set(names)
    assert dataset.unreadable_files() == damaged


def test_the_limit_holds_across_workers(picture_folder):
    _damage(picture_folder)
    loader = DataLoader(_folder(picture_folder, max_unreadable=0.1), 2, num_workers=2, collate_fn=list)
    batches = iter(loader)
    with pytest.raises(RuntimeError, match="3 of 20 images are unreadable"):
        list(batches)
    batches._shutdown_workers()  # else garbage collection waits 10 s for them in a later test


def test_one_bad_file_is_let_pass_in_a_tiny_set(picture_folder):
    for path in sorted(picture_folder.iterdir())[4:]:
        path.unlink()
    (picture_folder / "01.jpg").write_bytes(b"")
    assert _name(_folder(picture_folder)[(1, 0)]) == "02.jpg"
    with pytest.raises(RuntimeError, match="1 of 4 images"):
        _folder(picture_folder, max_unreadable=0)[(1, 0)]


def test_nothing_readable_ends_with_one_line(picture_folder):
    for path in picture_folder.iterdir():
        path.write_bytes(b"")
    with pytest.raises(RuntimeError, match="none of the 20 images can be read"):
        _folder(picture_folder, max_unreadable=1)[(0, 0)]


@pytest.mark.parametrize("bug", [TypeError, KeyError, AttributeError])
def test_bugs_are_not_swallowed(picture_folder, bug):
    def transform(results):
        raise bug("a bug")

    with pytest.raises(bug, match="a bug"):
        SeededDataset(UnlabelledFolder(str(picture_folder), pipeline=[transform]))[(0, 0)]


def test_arguments_are_checked(picture_folder):
    with pytest.raises(ValueError, match=r"max_unreadable=1\.5"):
        _folder(picture_folder, max_unreadable=1.5)
    with pytest.raises(ValueError, match="holds no sample"):
        SeededDataset([])
    with pytest.raises(TypeError):
        _folder(picture_folder, maximum=3)


def test_lazy_datasets_are_loaded():
    class Lazy(_Draws):
        loaded = False
        metainfo = SimpleNamespace(classes=("a",))

        def full_init(self):
            self.loaded = True

    dataset = SeededDataset(Lazy())
    assert dataset.dataset.loaded and dataset.metainfo.classes == ("a",) and len(dataset) == 12
