"""A log line or a report that cannot be written costs a warning, not the run."""

import errno
import json
import logging
import os
import shutil
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from mmengine.hooks import Hook
from tensorboard.summary.writer.record_writer import RecordWriter

from mimseg.apis import explain
from mimseg.engine.hooks.provenance import Provenance
from mimseg.engine.log_failures import best_effort, tolerate_in_handlers

BOTH = [dict(type="LocalVisBackend"), dict(type="TensorboardVisBackend")]
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class FullDisk(Hook):
    """For iterations 4 to 7, nothing can be written to scalars.json or TensorBoard."""

    def __init__(self, monkeypatch):
        self.patch = monkeypatch

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        local = runner.visualizer.get_backend("LocalVisBackend")
        if runner.iter == 4:
            self.path, local._scalar_save_file = local._scalar_save_file, "/dev/full"
            self.write = RecordWriter.write
            self.patch.setattr(RecordWriter, "write", self._fail)
        if runner.iter == 8:
            local._scalar_save_file = self.path
            self.patch.setattr(RecordWriter, "write", self.write)

    @staticmethod
    def _fail(*args):
        raise FULL


def test_a_disk_that_is_full_for_a_moment_costs_the_entries_of_that_moment(toy, tmp_path, monkeypatch, capfd):
    run = toy(
        tmp_path / "run", visualizer=dict(type="Visualizer", vis_backends=BOTH), **{"default_hooks.logger.interval": 1}
    )
    run.register_hook(FullDisk(monkeypatch), priority="VERY_HIGH")
    run.train()
    assert run.iter == 18
    out, err = capfd.readouterr()
    assert out.count("LocalVisBackend: cannot write (OSError: [Errno 28] No space left on device)") == 1
    assert "TensorboardVisBackend: cannot write" in out  # its thread meets the full disk when it comes to it
    assert out.count("LocalVisBackend: writes again, 4 entries are missing") == 1
    assert "TensorboardVisBackend: writes again" in out
    assert "Traceback" not in out + err
    scalars = next((tmp_path / "run").glob("*/vis_data/scalars.json")).read_text().splitlines()
    assert {json.loads(line)["step"] for line in scalars} == {*range(1, 19)} - {5, 6, 7, 8}
    assert len(list((tmp_path / "run").glob("*/vis_data/events.out.tfevents.*"))) >= 1
    assert threading.excepthook is not threading.__excepthook__


def test_a_vanished_work_folder_ends_the_run_in_one_line(toy, tmp_path):
    class Remove(Hook):
        def before_train_iter(self, runner, batch_idx, data_batch=None):
            if runner.iter == 4:
                shutil.rmtree(tmp_path / "run")

    run = toy(tmp_path / "run", interval=3)
    run.register_hook(Remove())
    with pytest.raises(OSError) as error:
        run.train()
    assert explain(error.value).startswith(f"the work folder {tmp_path / 'run'} is gone, and its checkpoints with it")
    assert not (tmp_path / "run").exists()


def test_the_log_takes_any_name_and_a_full_disk(tmp_path, capsys):
    logger = logging.getLogger("test_the_log_takes_any_name")
    logger.propagate = False  # reports of tests take no such names
    path = tmp_path / "run.log"
    logger.handlers = [logging.FileHandler(path), logging.FileHandler("/dev/full")]
    tolerate_in_handlers(logger)
    for _ in range(3):
        logger.warning("unreadable: %s", os.fsdecode(b"a\xff.png"))
    assert path.read_text().splitlines() == [r"unreadable: a\udcff.png"] * 3
    assert capsys.readouterr().err == (
        "warning: /dev/full loses lines of the log (OSError: [Errno 28] No space left on device)\n"
    )


def test_a_report_that_fails_is_a_warning():
    told = []
    runner = SimpleNamespace(logger=SimpleNamespace(warning=told.append))
    with best_effort(runner, "the picture"):
        raise ZeroDivisionError("by\nzero")
    assert told == ["the picture could not be written (ZeroDivisionError: by zero); the run goes on"]
    with pytest.raises(KeyboardInterrupt), best_effort(runner, "the picture"):
        raise KeyboardInterrupt


def test_a_record_that_cannot_be_written_keeps_no_checkpoint_from_being(toy, tmp_path):
    def full(path, data):
        raise FULL

    run = toy(tmp_path / "run", interval=3)
    run.register_hook(Provenance())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mimseg.engine.hooks.provenance.write_atomically", full)
        run.train()
    assert Path(tmp_path / "run" / "iter_18.pth").is_file()
