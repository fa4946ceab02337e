"""A user's mistake gets one line, a bug keeps its traceback."""

import errno

import pytest
import torch
from mmengine.config import Config
from torch.utils.data import DataLoader, Dataset

from mimseg.apis import check_keys, explain, report_bug
from mimseg.checkpoints import read_checkpoint
from mimseg.datasets import SeededDataset
from mimseg.registry import HOOKS, MODELS, OPTIMIZERS


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
    assert "a part of the model must be a dict, got " in line
    assert "--cfg-options takes one as" in line


def test_files_and_full_disks():
    assert explain(caught(open, "/no/such/file")) == "[Errno 2] No such file or directory: '/no/such/file'"
    full = caught(fail, OSError(errno.ENOSPC, "No space left on device", "out.pth"))
    assert "No space left on device" in explain(full)
    assert "--resume" in explain(full)


def test_config_entries_that_fit_no_class():
    unknown = explain(caught(MODELS.build, dict(type="SparseVit")))
    assert unknown == "config: SparseVit is not in the mimseg::model registry; did you mean SparseViT?"
    argument = explain(caught(MODELS.build, dict(type="SparseViT", patchsize=3)))
    assert argument == "config: SparseViT takes no patchsize; did you mean patch_size?"
    nothing = explain(caught(HOOKS.build, dict(type="TeacherHook", interval=1)))
    assert nothing.startswith("config: TeacherHook cannot be built from interval=1: TypeError: ")
    missing = explain(caught(MODELS.build, dict(type="Task")))
    assert missing.startswith("config: Task needs 'decoder', 'target', and 'loss', which the config does not give")
    missing_in_parent = explain(caught(OPTIMIZERS.build, dict(type="AdamWW")))
    assert missing_in_parent.endswith("did you mean AdamW?")


def test_the_dotted_key_of_the_part_is_named():
    cfg = Config(dict(other=dict(type="SparseViT"), model=dict(encoder=dict(type="SparseViT", arch="micro", foo=3))))

    def build(cfg):
        MODELS.build(cfg.model.encoder)

    assert explain(caught(build, cfg)) == (
        "config key model.encoder: SparseViT takes no foo; it takes arch, patch_size, in_channels, drop_path, "
        "positions, image_size, init"
    )


def test_a_misspelt_argument_is_compared_with_those_of_the_bases():
    class Base:
        def __init__(self, num_classes=1):
            pass

    class Head(Base):
        def __init__(self, width=1, **kwargs):
            super().__init__(**kwargs)

    HOOKS.register_module(name="Head_", module=Head, force=True)
    try:
        line = explain(caught(HOOKS.build, dict(type="Head_", num_class=3)))
    finally:
        HOOKS.module_dict.pop("Head_")
    assert line == "config: Head_ takes no num_class; did you mean num_classes?"


def test_an_argument_that_a_part_hands_on_is_told_by_the_part_in_the_config():
    class Outer:
        def __init__(self, width=1, **kwargs):
            HOOKS.build(dict(type="Inner_", **kwargs))

    class Inner:
        def __init__(self, metric=1):
            pass

    def build(cfg):
        HOOKS.build(cfg.val_evaluator)

    HOOKS.register_module(name="Outer_", module=Outer, force=True)
    HOOKS.register_module(name="Inner_", module=Inner, force=True)
    try:
        line = explain(caught(build, Config(dict(val_evaluator=dict(type="Outer_", metrik=3)))))
    finally:
        HOOKS.module_dict.pop("Outer_")
        HOOKS.module_dict.pop("Inner_")
    assert line == "config key val_evaluator: Outer_ takes no metrik; did you mean metric?"


def test_whatever_arises_while_building_is_a_config_mistake():
    line = explain(caught(OPTIMIZERS.build, dict(type="AdamW", params=[torch.nn.Parameter(torch.ones(1))], lr=-1.0)))
    assert line.startswith("config: AdamW cannot be built from params=")
    assert "Invalid learning rate: -1.0" in line


@pytest.mark.parametrize(
    ("key", "fix"),
    [("train_dataloader", "train_dataloader.dataset.data_root=PATH"), ("default_hooks.knn", "data.watch=[]")],
)
def test_a_missing_file_is_told_by_the_key_that_names_it(tmp_path, key, fix):
    dataset = dict(dataset=dict(data_root=str(tmp_path / "none")))
    cfg = Config({"default_hooks": {"knn": {"test": dataset}}} if "." in key else {key: dataset})

    def read(cfg):
        (tmp_path / "none" / "a.png").read_bytes()

    line = explain(caught(read, cfg))
    assert f"config key {key}" in line
    assert str(tmp_path / "none") in line
    assert fix in line


def test_a_bug_keeps_its_traceback_in_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("mimseg.apis.run.errors._log_of_the_run", lambda: None)
    line = report_bug(caught(fail, RuntimeError("a\nbug")))
    (file,) = tmp_path.iterdir()
    assert line == f"RuntimeError: a bug: this looks like a bug; its traceback is in {file}"
    assert "in fail" in file.read_text()


def test_a_package_that_is_not_installed():
    missing = caught(__import__, "no_such_package_")
    assert "the package no_such_package_ is needed here" in explain(missing)
    assert "pip install no_such_package_" in explain(missing)


@pytest.mark.parametrize("error", [ValueError("x"), TypeError("x"), KeyError("x"), RuntimeError("x"), AssertionError()])
def test_bugs_stay_bugs(error):
    assert explain(caught(fail, error)) is None


def test_an_accident_inside_mimseg_is_a_bug():
    assert explain(caught(check_keys, None)) is None
