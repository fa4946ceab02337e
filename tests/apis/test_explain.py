"""A user's mistake gets one line, a bug keeps its traceback."""

import errno

import pytest
from torch.utils.data import DataLoader, Dataset

from mimseg.apis import check_keys, explain
from mimseg.checkpoints import read_checkpoint
from mimseg.datasets import SeededDataset
from mimseg.registry import HOOKS, MODELS


def caught(function, *args):
    with pytest.raises(Exception) as error:
        function(*args)
    return error.value


def fail(error):
    raise error


class Unreadable(Dataset):
    metainfo: dict = {}

    def __len__(self):
        return 8

    def __getitem__(self, index):
        raise OSError("broken\nfile")

    def get_data_info(self, index):
        return {"img_path": f"{index}.png"}


class Buggy(Unreadable):
    def __getitem__(self, index):
        return {}["missing"]


def test_what_mimseg_raises_is_a_users_mistake(tmp_path):
    assert explain(caught(check_keys, {"modle": 1})).startswith("config key modle is read by nothing")
    assert "check the path" in explain(caught(read_checkpoint, tmp_path / "none.pth"))


@pytest.mark.parametrize("workers", [0, 1])
def test_what_mimseg_raises_in_a_worker_too(workers):
    loader = DataLoader(SeededDataset(Unreadable(), max_unreadable=0.2), num_workers=workers, batch_size=2)
    line = explain(caught(list, loader))
    assert "of 8 images are unreadable" in line
    assert "\n" not in line
    assert explain(caught(list, DataLoader(SeededDataset(Buggy()), num_workers=workers))) is None


def test_a_dict_that_came_as_text():
    line = explain(caught(MODELS.build, "{'type': 'MaskTokenNeck'}"))
    assert "a part of the model must be a dict; --cfg-options cannot give one" in line


def test_files_and_full_disks():
    assert explain(caught(open, "/no/such/file")) == "[Errno 2] No such file or directory: '/no/such/file'"
    full = caught(fail, OSError(errno.ENOSPC, "No space left on device", "out.pth"))
    assert "No space left on device" in explain(full)
    assert "--resume" in explain(full)


def test_config_entries_that_fit_no_class():
    unknown = explain(caught(MODELS.build, dict(type="SparseVit")))
    assert unknown == "config: SparseVit is not in the mimseg::model registry; check the spelling of the type"
    argument = explain(caught(MODELS.build, dict(type="SparseViT", patchsize=3)))
    assert argument == "config: SparseViT got an unexpected keyword argument 'patchsize'"
    nothing = explain(caught(HOOKS.build, dict(type="TeacherHook", interval=1)))
    assert nothing == "config: TeacherHook() takes no arguments"


@pytest.mark.parametrize("error", [ValueError("x"), TypeError("x"), KeyError("x"), RuntimeError("x"), AssertionError()])
def test_bugs_stay_bugs(error):
    assert explain(caught(fail, error)) is None


def test_an_accident_inside_mimseg_is_a_bug():
    assert explain(caught(check_keys, None)) is None
