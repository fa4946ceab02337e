"""Which checkpoints there are, at every moment of a run."""

from types import SimpleNamespace

import pytest
import torch

from mimseg.engine import CheckpointHook
from mimseg.registry import HOOKS


def names(folder):
    return sorted(path.name for path in folder.glob("*.pth"))


def checkpoints(toy, epochs, interval=1, max_keep_ckpts=2, keep_every=3, **changes):
    hook = dict(by_epoch=True, interval=interval, max_keep_ckpts=max_keep_ckpts, keep_every=keep_every)
    return toy(epochs=epochs, **{f"default_hooks.checkpoint.{key}": value for key, value in hook.items()}, **changes)


def stopped(runner, epoch):
    step = runner.train_loop.run_iter

    def stop(index, batch):
        if runner.epoch == epoch:
            raise KeyboardInterrupt
        step(index, batch)

    runner.train_loop.run_iter = stop
    with pytest.raises(KeyboardInterrupt):
        runner.train()


def test_every_third_epoch_stays_beside_the_last_two(toy, tmp_path):
    checkpoints(toy, 8).train()
    assert names(tmp_path / "run") == ["epoch_3.pth", "epoch_6.pth", "epoch_7.pth", "epoch_8.pth"]


def test_they_stay_after_a_resume_too(toy, tmp_path):
    """Stopped at epoch 4 of 8, when 3 stays and 2 and 4 are the last two of the others."""
    stopped(checkpoints(toy, 8), 4)
    assert names(tmp_path / "run") == ["epoch_2.pth", "epoch_3.pth", "epoch_4.pth"]
    checkpoints(toy, 8, resume=True).train()
    assert names(tmp_path / "run") == ["epoch_3.pth", "epoch_6.pth", "epoch_7.pth", "epoch_8.pth"]


def test_impossible_settings_are_refused(toy):
    with pytest.raises(ValueError, match="keep_every=3 is no multiple of interval=2"):
        checkpoints(toy, 8, interval=2)
    for number in (0, -2):
        with pytest.raises(ValueError, match=f"max_keep_ckpts={number} would keep no checkpoint"):
            CheckpointHook(max_keep_ckpts=number)
    with pytest.raises(ValueError, match="filename_tmpl='../epoch_{}.pth' must be a file's name"):
        CheckpointHook(filename_tmpl="../epoch_{}.pth")


def test_the_only_checkpoint_stays_until_the_next_one_is_written(toy, tmp_path, monkeypatch):
    """A kill in the second write leaves the first; one after it leaves both, and the resume removes the old one."""
    runner = checkpoints(toy, 3, max_keep_ckpts=1, keep_every=None)
    seen, save = [], runner.save_checkpoint

    def watched(*args, **kwargs):
        seen.append(names(tmp_path / "run"))
        save(*args, **kwargs)
        if len(seen) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(runner, "save_checkpoint", watched)
    with pytest.raises(KeyboardInterrupt):
        runner.train()
    assert seen == [[], ["epoch_1.pth"]]
    assert names(tmp_path / "run") == ["epoch_1.pth", "epoch_2.pth"]
    checkpoints(toy, 3, max_keep_ckpts=1, keep_every=None, resume=True).train()
    assert names(tmp_path / "run") == ["epoch_3.pth"]
    assert (tmp_path / "run" / "last_checkpoint").read_text() == str(tmp_path / "run" / "epoch_3.pth")


class Hub(SimpleNamespace):
    def get_info(self, name):
        return self.runtime_info[name]

    def update_info(self, name, value):
        self.runtime_info[name] = value


@pytest.fixture
def best(tmp_path):
    """A hook that has begun in a folder, with a hub that says what it is told, and a runner whose files are empty."""

    def begin(*metrics, **info):
        hook = CheckpointHook(interval=1, save_best=list(metrics) or "acc", rule="greater")
        hub = Hub(runtime_info=info)
        folder = tmp_path / "run"
        folder.mkdir(exist_ok=True)
        logger = SimpleNamespace(info=lambda line: None, warning=lambda line: None)
        runner = SimpleNamespace(
            work_dir=str(folder), message_hub=hub, logger=logger, epoch=7, iter=70, resuming=bool(info),
            visualizer=SimpleNamespace(_vis_backends={}),
        )  # fmt: skip
        runner.save_checkpoint = lambda _, filename, *args, **kwargs: (folder / filename).write_text("new")
        hook.before_train(runner)
        return hook, runner, folder

    return begin


def test_one_best_checkpoint_a_metric_whatever_a_kill_left(best):
    hook, runner, folder = best("acc", "a/b")
    for name in ("best_acc_epoch_2.pth", "best_acc_epoch_3.pth", "best_a_b_epoch_2.pth", "best_acc_mine.pth"):
        (folder / name).write_text("old")
    (folder / "best_acc_epoch_4.pth").mkdir()
    hook.after_val_epoch(runner, {"acc": 1.0, "a/b": float("-inf")})
    found = {path.name for path in folder.glob("*best_*")}
    assert found == {"best_acc_epoch_7.pth", "best_a_b_epoch_2.pth", "best_acc_mine.pth", "best_acc_epoch_4.pth"}
    assert runner.message_hub.runtime_info["last_validation"] == 70


def test_paths_of_a_checkpoint_are_never_used(best, tmp_path):
    """A copied folder's original, and a hostile folder: both stay; the name counts, in the run's own folder."""
    original = tmp_path / "original" / "best_acc_epoch_2.pth"
    original.parent.mkdir()
    original.write_text("precious")
    hook, runner, folder = best(best_ckpt=str(original), best_score=0.5, keep_ckpt_ids=["../../original", 2**70, True])
    (folder / original.name).write_text("copy")
    assert runner.message_hub.runtime_info["best_ckpt"] == str(folder / original.name)
    hook.after_val_epoch(runner, {"acc": 1.0})
    assert original.read_text() == "precious" and names(folder) == ["best_acc_epoch_7.pth", "epoch_7.pth"]
    for path in (str(original.parent), 3, str(tmp_path / "epoch_1.pth")):
        hook, runner, folder = best(best_ckpt=path, best_score=0.5)
        assert hook.best_ckpt_path is None
        hook.after_val_epoch(runner, {"acc": 1.0})
        assert original.read_text() == "precious"


def test_a_misspelt_metric_is_one_line(best):
    hook, runner, _ = best("acc")
    with pytest.raises(ValueError, match="save_best='acc' is none of the validation's metrics: top1, top5"):
        hook.after_val_epoch(runner, {"top1": 1.0, "top5": 2.0})


def test_it_is_what_every_config_uses():
    assert HOOKS.get("CheckpointHook") is HOOKS.get("mimseg.CheckpointHook") is CheckpointHook


def test_leftovers_go_when_a_run_starts_and_curves_are_on_the_disk(toy, tmp_path):
    left = tmp_path / "run" / ".epoch_1.pth.0123456789abcdef.tmp"
    left.parent.mkdir()
    left.write_bytes(b"half")
    runner, flushed = checkpoints(toy, 3), []
    runner.visualizer._vis_backends["board"] = SimpleNamespace(
        _tensorboard=SimpleNamespace(flush=lambda: flushed.append(torch.is_grad_enabled())),
        add_scalars=lambda *args, **kwargs: None,
        add_scalar=lambda *args, **kwargs: None,
        close=lambda: None,
    )
    runner.train()
    assert not left.exists() and len(flushed) == 3


def test_checkpoints_lie_in_the_work_folder():
    """Elsewhere no other run would be kept out, and no resume would look."""
    with pytest.raises(ValueError, match="out_dir='elsewhere' would put checkpoints where"):
        CheckpointHook(out_dir="elsewhere")
