"""The hook that looks at labels before a run."""

import logging
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from mimseg.datasets import LabelError, LabelMaps, SeededDataset
from mimseg.evaluation import LabelCheck
from mimseg.evaluation import label_check as module


@pytest.fixture
def loader(tmp_path):
    for name in ("images", "maps"):
        (tmp_path / name).mkdir()
    for number in range(3):
        Image.fromarray(np.zeros((6, 8, 3), np.uint8)).save(tmp_path / "images" / f"{number}.jpg")
        Image.fromarray(np.full((6, 8), number, np.uint8)).save(tmp_path / "maps" / f"{number}.png")
    dataset = LabelMaps(
        dict(img_path="images", seg_map_path="maps"),
        data_root=str(tmp_path),
        metainfo=dict(classes=("a", "b", "c")),
        pipeline=[],
    )
    return SimpleNamespace(dataset=SeededDataset(dataset))


def run_of(loader):
    return SimpleNamespace(
        train_dataloader=loader,
        val_dataloader=loader,
        test_dataloader=loader,
        val_loop=object(),
        bare_model=object(),
        logger=logging.getLogger("mimseg-test"),
    )


def test_data_that_fits_is_said_to_have_been_looked_at(loader, caplog):
    caplog.set_level(logging.INFO)
    hook, run = LabelCheck(), run_of(loader)
    hook.before_train(run)
    hook.before_test(run)
    assert [record.message for record in caplog.records] == [
        f"looked at 3 {name} images and their labels" for name in ("training", "validation", "test")
    ]


def test_labels_that_do_not_fit_end_the_run_before_it_begins(loader, tmp_path):
    Image.fromarray(np.full((6, 8), 7, np.uint8)).save(tmp_path / "maps/1.png")
    for start in (LabelCheck().before_train, LabelCheck().before_test):
        with pytest.raises(
            LabelError, match="1 of 3 .* the first: label map .*1.png has the label 7 beyond the 3 classes"
        ):
            start(run_of(loader))


def test_large_sets_are_looked_at_when_asked_for(loader, tmp_path, caplog, monkeypatch):
    caplog.set_level(logging.INFO)
    Image.fromarray(np.full((6, 8), 7, np.uint8)).save(tmp_path / "maps/1.png")
    monkeypatch.setitem(module.SMALL, LabelMaps, 2)
    LabelCheck().before_test(run_of(loader))
    assert "3 test images are not looked at before the run; --check-data does" in caplog.text
    with pytest.raises(LabelError, match="the label 7"):
        LabelCheck(every=True).before_test(run_of(loader))


def test_other_data_is_none_of_its_business():
    LabelCheck(every=True).before_test(run_of(SimpleNamespace(dataset=[1, 2])))
