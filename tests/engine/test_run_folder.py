"""A work folder holds one run, and what is refused leaves it as it was."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.hooks import Hook

from mimseg.checkpoints import read_checkpoint
from mimseg.checkpoints.run_file import RUN_FILE, read_run_file
from mimseg.checkpoints.run_lock import LOCK_FILE
from mimseg.engine.refused import remove_refused_logs
from mimseg.engine.run_folder import WorkFolderError
from mimseg.registry import HOOKS

EVERY_2 = dict(interval=2, epochs=2)  # 12 iterations, a checkpoint after every second


@HOOKS.register_module(force=True)
class Refusing(Hook):
    def before_train(self, runner):
        raise ValueError("no such data")


@HOOKS.register_module(force=True)
class StopAt(Hook):
    def __init__(self, iteration):
        self.iteration = iteration

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter + 1 == self.iteration:
            raise KeyboardInterrupt


def contents(folder: Path) -> dict[str, bytes]:
    remove_refused_logs()
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.pth"))


def refusal(build) -> str:
    with pytest.raises(WorkFolderError) as error:
        build().train()
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture
def trained(toy, tmp_path):
    """A finished run's folder."""
    toy(**EVERY_2).train()
    return tmp_path / "run"


def test_a_run_has_one_id_in_its_folder_its_checkpoints_and_its_starts(toy, trained):
    run = read_run_file(trained)
    assert len(run.id) == 32 and run.seed == 0 and run.kind == "train" and run.parent is None
    assert read_checkpoint(trained / "iter_4.pth")["meta"]["run"] == run.id
    (trained / "iter_12.pth").unlink()
    toy(**EVERY_2, resume="latest").train()
    assert read_run_file(trained) == run
    assert read_checkpoint(trained / "iter_12.pth")["meta"]["run"] == run.id
    assert not (trained / LOCK_FILE).exists()


def test_a_second_run_is_refused_and_changes_nothing(toy, trained):
    before = contents(trained)
    line = refusal(lambda: toy(**EVERY_2))
    assert f"begun {read_run_file(trained).begun} (last checkpoint iter_12.pth)" in line
    for way_out in ("--resume", "--work-dir", "--overwrite"):
        assert way_out in line
    assert contents(trained) == before


def test_a_run_of_unknown_origin_is_refused_unless_resumed(toy, trained):
    """A folder from before runs had ids."""
    (trained / RUN_FILE).unlink()
    assert "a run of unknown origin (last checkpoint iter_12.pth)" in refusal(lambda: toy(**EVERY_2))
    origin = read_checkpoint(trained / "iter_12.pth")["meta"]["run"]
    toy(**EVERY_2, resume="latest").train()
    assert read_run_file(trained).id == origin


def test_where_two_unknown_runs_shared_a_folder_the_later_file_is_named(toy, trained, capsys):
    (trained / RUN_FILE).unlink()
    os.utime(trained / "iter_4.pth")
    toy(**EVERY_2, resume="latest")
    assert "iter_4.pth was written after iter_12.pth, which is resumed: if two runs" in capsys.readouterr().out


def test_overwrite_removes_the_runs_files_and_no_others(toy, trained):
    old = read_run_file(trained)
    kept = ["notes.txt", "pictures/mine.png", "my_model.pth", "epoch_final.pth", "2024/photo.png"]
    gone = ["best_accuracy_top1_epoch_1.pth", "pictures/epoch_2.png", "selection/round_01.npz", "unreadable.txt",
            "metrics.json"]  # fmt: skip
    for name in [*kept, *gone]:
        (trained / name).parent.mkdir(exist_ok=True)
        (trained / name).write_text('{"val": {"epoch_1": {}}}')
    starts = [path for path in trained.glob("2*_*") if path.is_dir()]
    assert starts
    runner = toy(interval=6, epochs=2, overwrite=True)
    assert "overwrite" not in runner.cfg
    assert (trained / "iter_2.pth").exists(), "until the new run is accepted"
    runner.train()
    assert names(trained) == ["epoch_final.pth", "iter_12.pth", "iter_6.pth", "my_model.pth"]
    assert all((trained / name).is_file() for name in kept)
    assert not any((trained / name).exists() for name in gone)
    assert read_run_file(trained).id != old.id
    assert not list(trained.glob("overwritten_*"))
    assert not any(start.exists() for start in starts) and Path(runner.log_dir).is_dir()


def test_an_overwriting_run_that_is_refused_brings_all_back(toy, trained):
    before = contents(trained)
    with pytest.raises(ValueError, match="no such data"):
        toy(**EVERY_2, overwrite=True, custom_hooks=[dict(type="Refusing")], default_hooks=needed()).train()
    assert contents(trained) == before


def needed() -> dict:
    return {
        "progress": dict(type="ProgressHook"),
        "teacher": dict(type="TeacherHook"),
        "checkpoint": dict(type="CheckpointHook", by_epoch=False, interval=2),
    }


def test_overwrite_never_removes_what_the_new_run_begins_with(toy, trained):
    before = contents(trained)
    line = refusal(lambda: toy(**EVERY_2, overwrite=True, load_from=str(trained / "iter_4.pth")))
    assert "--overwrite would remove" in line and "iter_4.pth" in line
    with pytest.raises(ValueError, match="give one of the two"):
        toy(**EVERY_2, overwrite=True, resume="latest")
    assert contents(trained) == before


def test_a_start_that_failed_before_its_first_checkpoint_may_be_repeated(toy, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        stopped(toy, 1)
    folder = tmp_path / "run"
    (folder / "metrics.json").write_text('{"knn": {"start": {"top1": 9.0}}}')
    first = read_run_file(folder)
    toy(**EVERY_2).train()
    assert read_run_file(folder).id != first.id
    assert not (folder / "metrics.json").exists(), "of other weights"


def stopped(toy, iteration, **options):
    hooks = needed() | {"stop": None}
    hooks.pop("stop")
    runner = toy(**EVERY_2, default_hooks=hooks, custom_hooks=[dict(type="StopAt", iteration=iteration)], **options)
    runner.train()


def test_results_without_a_checkpoint_are_not_overwritten(toy, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "metrics.json").write_text('{"test": {"accuracy/top1": 9.0}}')
    assert "holds results (no checkpoint to resume)" in refusal(lambda: toy(**EVERY_2))


def test_going_back_moves_the_abandoned_branch_aside(toy, trained):
    (trained / "pictures").mkdir()
    for name in ("best_loss_epoch_2.pth", "best_loss_epoch_1.pth", "pictures/epoch_1.png", "pictures/epoch_2.png"):
        (trained / name).write_text("")
    metrics = {
        "val": {"epoch_1": {"a": 1.0}, "epoch_2": {"a": 2.0}, "end": {"a": 2.0}},
        "knn": {"end": {"b": 1.0}},
        "test": {"checkpoint": "elsewhere/iter_12.pth", "a": 2.0},
    }
    (trained / "metrics.json").write_text(json.dumps(metrics))
    with pytest.raises(KeyboardInterrupt):
        stopped(toy, 11, resume=True, load_from=str(trained / "iter_8.pth"))
    assert names(trained) == ["best_loss_epoch_1.pth", *(f"iter_{n}.pth" for n in (10, 2, 4, 6, 8))]
    aside = next(trained.glob("abandoned_*"))
    assert names(aside) == ["best_loss_epoch_2.pth", "iter_10.pth", "iter_12.pth"]
    assert [path.name for path in (aside / "pictures").iterdir()] == ["epoch_2.png"]
    assert json.loads((aside / "old_metrics.json").read_text()) == metrics
    assert json.loads((trained / "metrics.json").read_text()) == {"val": {"epoch_1": {"a": 1.0}}}
    runner = toy(**EVERY_2, resume="latest")
    assert Path(runner._load_from).name == "iter_10.pth"


def test_going_on_moves_nothing(toy, trained):
    """Also where a validation came after the latest checkpoint."""
    (trained / "iter_12.pth").unlink()
    (trained / "metrics.json").write_text('{"val": {"epoch_2": {}}}')
    toy(**EVERY_2, resume="latest").train()
    assert (
        not list(trained.glob("abandoned_*")) and (trained / "metrics.json").read_text() == '{"val": {"epoch_2": {}}}'
    )


def test_a_refused_return_moves_nothing(toy, trained):
    before = contents(trained)
    with pytest.raises(ValueError, match="seed"):
        toy(**EVERY_2, resume=True, load_from=str(trained / "iter_6.pth"), seed=3).train()
    assert contents(trained) == before


def test_another_runs_checkpoint_makes_a_new_run_that_names_its_parent(toy, trained, tmp_path):
    source = trained / "iter_6.pth"
    toy(**EVERY_2, work_dir=tmp_path / "other", resume=True, load_from=str(source)).train()
    parent, run = read_run_file(trained), read_run_file(tmp_path / "other")
    assert run.id != parent.id and (run.parent, run.parent_checkpoint) == (parent.id, str(source))
    assert read_checkpoint(tmp_path / "other" / "iter_12.pth")["meta"]["run"] == run.id
    before = contents(tmp_path / "other")
    line = refusal(lambda: toy(**EVERY_2, work_dir=tmp_path / "other", resume=True, load_from=str(source)))
    assert "iter_6.pth is of another run than" in line
    (tmp_path / "other" / "iter_6.pth").write_bytes(source.read_bytes())
    line = refusal(lambda: toy(**EVERY_2, work_dir=tmp_path / "other", resume=True,
                               load_from=str(tmp_path / "other" / "iter_6.pth")))  # fmt: skip
    assert "iter_6.pth is of another run than" in line
    (tmp_path / "other" / "iter_6.pth").unlink()
    assert contents(tmp_path / "other") == before


def test_a_folder_that_another_process_writes_is_refused(toy, trained):
    before = contents(trained)
    code = (  # as run_lock does, without what takes seconds to import
        "import fcntl, json, os, sys\n"
        "file = open(sys.argv[1], 'w'); fcntl.lockf(file, fcntl.LOCK_EX)\n"
        "json.dump({'pid': os.getpid(), 'host': 'there', 'since': 'noon'}, file); file.flush()\n"
        "print('held', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(trained / LOCK_FILE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout.readline() == "held\n"
        line = refusal(lambda: toy(**EVERY_2, resume="latest"))
        assert f"is being written by process {other.pid} on there since noon" in line and "--work-dir" in line
    finally:
        other.kill()
        other.communicate()
    (trained / LOCK_FILE).unlink()
    assert contents(trained) == before
    (trained / "iter_12.pth").unlink()
    toy(**EVERY_2, resume="latest").train()


def test_two_runners_of_one_process(toy, trained, tmp_path):
    """As in a notebook: one that was built and left alone does not keep others out, one that trains does."""
    idle = toy(**EVERY_2, work_dir=tmp_path / "new")
    toy(**EVERY_2, work_dir=tmp_path / "new").train()
    assert "last checkpoint iter_12.pth" in refusal(lambda: idle)

    class Nested(Hook):
        def before_train_iter(self, runner, batch_idx, data_batch=None):
            if batch_idx == 0:
                refused.append(refusal(lambda: toy(**EVERY_2, work_dir=tmp_path / "third")))

    refused: list[str] = []
    runner = toy(**EVERY_2, work_dir=tmp_path / "third")
    runner.register_hook(Nested())
    runner.train()
    assert "is being written by this process" in refused[0]
    assert "last checkpoint" in refusal(lambda: toy(**EVERY_2, work_dir=tmp_path / "third")), "and is free again"


def test_a_refused_start_leaves_neither_log_nor_folder(toy, tmp_path):
    with pytest.raises(ValueError, match="no such data"):
        toy(**EVERY_2, custom_hooks=[dict(type="Refusing")], default_hooks=needed()).train()
    remove_refused_logs()
    assert not (tmp_path / "run").exists()


def test_the_log_of_a_start_that_failed_on_a_bug_stays(toy, tmp_path):
    runner = toy(**EVERY_2, custom_hooks=[dict(type="Refusing")], default_hooks=needed(), log_level="ERROR")
    with pytest.raises(ValueError):
        runner.train()
    runner.logger.error("Traceback (most recent call last): ...")
    remove_refused_logs()
    assert list((tmp_path / "run").glob("*/*.log"))


def test_a_start_whose_folder_was_removed_ends_before_the_first_step(toy, tmp_path):
    class Remove(Hook):
        def before_train(self, runner):
            (tmp_path / "run" / LOCK_FILE).unlink()

    run = toy(**EVERY_2)
    run.register_hook(Remove())
    with pytest.raises(WorkFolderError, match="was removed, or its .mimseg.lock, while this run started"):
        run.train()
    assert not list((tmp_path / "run").glob("*.pth"))
