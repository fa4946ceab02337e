"""A start that is killed before it is accepted: what it moved aside comes back, and nothing of it stays."""

import json
import os
from pathlib import Path

import pytest

import mimseg.engine.aside
import mimseg.engine.run_folder
from mimseg.checkpoints import find_latest
from mimseg.checkpoints.run_file import RUN_FILE, read_run_file
from mimseg.checkpoints.run_lock import LOCK_FILE
from mimseg.engine.aside import MARKER, bring_back

EVERY_2 = dict(interval=2, epochs=2)  # 12 iterations, a checkpoint after every second
METRICS = {"val": {"epoch_1": {"a": 1.0}, "epoch_2": {"a": 2.0}}}


@pytest.fixture
def trained(toy, tmp_path):
    """A finished run's folder."""
    toy(**EVERY_2).train()
    (tmp_path / "run" / "metrics.json").write_text(json.dumps(METRICS))
    (tmp_path / "run" / "pictures").mkdir()
    (tmp_path / "run" / "pictures" / "epoch_2.png").write_text("")
    return tmp_path / "run"


def contents(folder: Path) -> dict[str, bytes]:
    """All but the logs of starts, which are named by their time."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != LOCK_FILE)
    found = {str(path.relative_to(folder)): path.read_bytes() for path in files}
    return {name: data for name, data in found.items() if not (name[0].isdigit() and "/" in name)}


def killed(build, where, monkeypatch) -> None:
    """Start a run in a child that is killed before, or after, a function of a module is called for the n-th time."""
    module, name, number, after = where
    function, calls = getattr(module, name), []

    def kill(*arguments, **options):
        calls.append(name)
        if len(calls) < number:
            return function(*arguments, **options)
        if after:
            function(*arguments, **options)
        os._exit(77)

    child = os.fork()
    if child == 0:
        try:
            monkeypatch.setattr(module, name, kill)
            build().train()
        finally:
            os._exit(99)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 77


WRITES_NOTHING_NEW = [
    (Path, "rename", 1, False),
    (Path, "rename", 3, True),
    (mimseg.engine.aside, "write_atomically", 1, False),
    (mimseg.engine.aside, "write_atomically", 1, True),
    (mimseg.engine.run_folder, "write_run_file", 1, False),
]


@pytest.mark.parametrize("where", WRITES_NOTHING_NEW)
def test_an_overwriting_start_that_is_killed_has_taken_nothing(toy, trained, monkeypatch, where):
    before = contents(trained)
    killed(lambda: toy(**EVERY_2, overwrite=True), where, monkeypatch)
    assert contents(trained) != before or where[2:] == (1, False)
    bring_back(trained)
    assert contents(trained) == before
    toy(**EVERY_2, overwrite=True).train()
    assert not list(trained.glob("overwritten_*")) and not (trained / "metrics.json").exists()


@pytest.mark.parametrize(
    "where", [(mimseg.engine.run_folder, "write_run_file", 1, True), (mimseg.engine.aside, "_delete", 1, False)]
)
def test_one_that_was_accepted_ends_what_it_began(toy, trained, monkeypatch, where):
    old = read_run_file(trained)
    killed(lambda: toy(**EVERY_2, overwrite=True), where, monkeypatch)
    assert list(trained.glob("overwritten_*/iter_12.pth"))
    bring_back(trained)
    assert not list(trained.glob("overwritten_*")) and not list(trained.glob("*.pth"))
    assert read_run_file(trained).id != old.id


def test_a_deletion_that_is_killed_is_gone_on_with(toy, trained, monkeypatch):
    killed(lambda: toy(**EVERY_2, overwrite=True), (Path, "unlink", 4, True), monkeypatch)
    bring_back(trained)
    assert not list(trained.glob("overwritten_*"))
    assert not list(trained.glob("*.pth")) or len(list(trained.glob("*.pth"))) == 6


@pytest.mark.parametrize("where", [*WRITES_NOTHING_NEW, (mimseg.engine.run_folder, "write_atomically", 1, True)])
def test_a_return_that_is_killed_leaves_the_branch_where_it_was(toy, trained, monkeypatch, where):
    before = contents(trained)
    options = dict(resume=True, load_from=str(trained / "iter_8.pth"))
    killed(lambda: toy(**EVERY_2, **options), where, monkeypatch)
    bring_back(trained)
    assert contents(trained) == before
    toy(**EVERY_2, **options).train()
    aside = next(trained.glob("abandoned_*"))
    assert json.loads((aside / "old_metrics.json").read_text()) == METRICS and not (aside / MARKER).exists()
    bring_back(trained)
    assert aside.is_dir()


def test_a_start_with_nothing_to_resume_is_begun_again_without_traces(toy, tmp_path, monkeypatch):
    """It writes metrics before its first step: those are no results, and go when the next start begins."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "metrics.json").write_text('{"val": {"start": {"a": 1.0}}}')
    killed(lambda: toy(**EVERY_2), (mimseg.engine.run_folder, "write_run_file", 1, False), monkeypatch)
    assert list(folder.glob("overwritten_*/old_metrics.json"))
    toy(**EVERY_2).train()
    assert not list(folder.glob("overwritten_*")) and find_latest(folder).name == "iter_12.pth"


def test_what_lies_there_from_before_stays(trained):
    """A folder without a mark is nobody's to bring back."""
    (trained / "overwritten_20240101_000000").mkdir()
    (trained / "overwritten_20240101_000000" / "iter_99.pth").write_text("")
    (trained / "abandoned_things").mkdir()
    before = contents(trained)
    bring_back(trained)
    assert contents(trained) == before and (trained / "abandoned_things").is_dir() and (trained / RUN_FILE).is_file()
