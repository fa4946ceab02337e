"""The list of unreadable files takes any name, ends no run, and is there when such files end one."""

import os

import pytest

from mimseg.apis import explain
from mimseg.engine import UnreadableSummary
from mimseg.registry import DATASETS

from .conftest import ToyData

ODD = os.fsdecode(b"a\xff\nb.png")


@DATASETS.register_module(force=True)
class PartlyReadable(ToyData):
    """Rows 3 and 5 cannot be read, and have names that are no text."""

    def __getitem__(self, item):
        if isinstance(item, int) and item in (3, 5):
            raise OSError("broken")
        return super().__getitem__((item, 0))

    def get_data_info(self, index):
        return {"img_path": f"/data/{index}_{ODD}"}


def config(**options):
    dataset = dict(type="SeededDataset", dataset=dict(type="PartlyReadable"), _delete_=True, **options)
    return {"train_dataloader.dataset": dataset}


def test_any_name_is_listed_in_a_line_of_its_own(toy, tmp_path):
    run = toy(tmp_path / "run", **config())
    run.register_hook(UnreadableSummary())
    run.train()
    names = (tmp_path / "run" / "unreadable.txt").read_text(encoding="utf-8").splitlines()
    assert names == [rf"/data/{index}_a\udcff\nb.png" for index in (3, 5)]


def test_the_list_is_there_when_such_files_end_the_run(toy, tmp_path):
    run = toy(tmp_path / "run", **config(max_unreadable=0.05))
    run.register_hook(UnreadableSummary())
    with pytest.raises(RuntimeError) as error:
        run.train()
    assert "2 of 24 images are unreadable" in explain(error.value)
    assert len((tmp_path / "run" / "unreadable.txt").read_text(encoding="utf-8").splitlines()) == 2


def test_a_list_that_cannot_be_written_ends_no_run(toy, tmp_path):
    run = toy(tmp_path / "run", interval=6, **config())
    run.register_hook(UnreadableSummary())
    (tmp_path / "run" / "unreadable.txt").mkdir(parents=True)
    run.train()
    assert (tmp_path / "run" / "iter_18.pth").is_file()
