"""Of what a checkpoint says, nothing is run, and nothing outside the run's folder is removed."""

import shutil

import pytest
from mmengine.hooks import CheckpointHook

from mimseg.engine.resuming import resume

BEST = "best_acc_iter_1.pth"


@pytest.fixture
def infos_after(toy, changed, build_all, monkeypatch):
    """Resume with a best checkpoint, validate better than ever, and give what the hub knew between the two."""
    monkeypatch.setattr("mimseg.apis.run.train.check_best", lambda cfg: None)  # the test validates itself

    def run(folder, best):
        infos = {"best_ckpt": str(best), "best_score": 0.5, "last_ckpt": str(best)}
        path = changed(lambda checkpoint: checkpoint["message_hub"].update(runtime_info=infos))
        keeping = {"default_hooks.checkpoint.save_best": "acc", "default_hooks.checkpoint.rule": "greater"}
        folder.mkdir(exist_ok=True)
        own = shutil.copy(path, folder / "resumed.pth")
        runner = build_all(toy(folder, resume=True, load_from=str(own), **keeping))
        resume(runner, str(own))
        infos = dict(runner.message_hub.runtime_info)
        hook = next(hook for hook in runner.hooks if isinstance(hook, CheckpointHook))
        hook.before_train(runner)
        hook.after_val_epoch(runner, {"acc": 0.9})
        return infos

    return run


def test_the_config_in_a_checkpoint_is_not_run(toy, changed, tmp_path):
    code = f"open({str(tmp_path / 'ran')!r}, 'w').close()"
    path = changed(lambda checkpoint: checkpoint["meta"].update(config=code))
    runner = toy(resume=True, load_from=str(path))
    runner.train()
    assert runner.iter == 18
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_a_checkpoint_names_outside_the_runs_folder_is_not_removed(infos_after, tmp_path, kind):
    victim = tmp_path / "elsewhere" / BEST
    victim.parent.mkdir()
    if kind == "folder":
        victim.mkdir()
        (victim / "inside").touch()
    else:
        victim.touch()
    infos = infos_after(tmp_path / "run", victim)
    assert victim.exists()
    assert not {"best_ckpt", "best_score", "last_ckpt"} & infos.keys()


@pytest.mark.parametrize("best", [BEST, "iter_9.pth", "notes.pth", "..", f"{BEST}\0", f"best_{'x' * 5000}_iter_1.pth"])
def test_only_a_best_checkpoint_of_the_runs_folder_is_removed(infos_after, tmp_path, best):
    folder = tmp_path / "run"
    folder.mkdir()
    names = (BEST, "iter_9.pth", "notes.pth")
    for name in names:
        (folder / name).touch()
    infos = infos_after(folder, folder / best)
    assert infos.get("best_ckpt") == (str(folder / best) if best == BEST else None)
    assert [name for name in names if not (folder / name).exists()] == [BEST]  # the one that was the best


def test_a_folder_in_place_of_a_checkpoint_is_not_among_those_to_remove(toy, changed, build_all, tmp_path):
    folder = tmp_path / "run"
    (folder / "iter_3.pth").mkdir(parents=True)
    (folder / "iter_6.pth").touch()
    path = changed(lambda checkpoint: checkpoint["message_hub"]["runtime_info"].update(keep_ckpt_ids=[3, 6]))
    own = shutil.copy(path, folder / "resumed.pth")
    options = {"resume": True, "load_from": str(own), "default_hooks.checkpoint.max_keep_ckpts": 1}
    runner = build_all(toy(folder, interval=9, **options))
    resume(runner, str(own))
    assert runner.message_hub.get_info("keep_ckpt_ids") == [6]


def test_a_copied_folder_leaves_the_original_as_it_is(infos_after, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    (first / BEST).touch()
    shutil.copytree(first, second)
    infos = infos_after(second, first / BEST)
    assert (infos["best_ckpt"], infos["best_score"]) == (str(second / BEST), 0.5)
    assert (first / BEST).exists() and not (second / BEST).exists()
