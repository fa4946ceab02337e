"""Samplers that do not go with their data set or loop are refused before the first step."""

import pytest
from mmengine.dataset import BaseDataset, ConcatDataset
from torch.utils.data import Dataset

from mimseg.datasets import SeededDataset
from mimseg.engine.sampling import takes_seeds
from mimseg.registry import DATASETS


@DATASETS.register_module(force=True)
class PlainRows(BaseDataset):
    """Of MMEngine's kind, which takes plain positions."""

    def load_data_list(self):
        return [{"row": number} for number in range(24)]


class OwnRows(Dataset):
    """A user's, with a reader of its own."""

    def __getitem__(self, item):
        return item


def test_who_takes_a_seed():
    assert takes_seeds(SeededDataset(PlainRows(pipeline=[]))) and takes_seeds(OwnRows())
    assert not takes_seeds(PlainRows()) and not takes_seeds(ConcatDataset([PlainRows()]))


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"train_dataloader.dataset": dict(_delete_=True, type="PlainRows")},
            "train_dataloader.sampler=SeededSampler gives every sample a seed, which PlainRows cannot take: put it "
            "into train_dataloader.dataset=dict(type='SeededDataset', dataset=dict(type='PlainRows', ...)), or set "
            "train_dataloader.sampler=dict(type='DefaultSampler', shuffle=...)",
        ),
        (
            {"train_dataloader.sampler.type": "mmengine.InfiniteSampler"},
            "train_dataloader.sampler=InfiniteSampler has no end, so an epoch would have none: set "
            "train_dataloader.sampler.type='DefaultSampler', or count iterations (schedule.iterations)",
        ),
        (
            {"train_dataloader.sampler.type": "SeededInfiniteSampler"},
            "train_dataloader.sampler=SeededInfiniteSampler has no end, so an epoch would have none: set "
            "train_dataloader.sampler.type='SeededSampler', or count iterations (schedule.iterations)",
        ),
    ],
)
def test_a_run_that_could_not_read_or_end_is_refused_before_its_first_step(toy, changes, line):
    runner = toy(**changes)
    with pytest.raises(ValueError) as error:
        runner.train()
    assert str(error.value) == line
    assert not runner.bare_model.seen
