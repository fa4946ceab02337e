"""Checkpoints that stay while others make room."""

import pytest


def names(folder):
    return sorted(path.name for path in folder.glob("epoch_*.pth"))


def checkpoints(toy, epochs, interval=1, **changes):
    hook = dict(type="CheckpointHook", by_epoch=True, interval=interval, max_keep_ckpts=2, keep_every=3)
    return toy(epochs=epochs, **{f"default_hooks.checkpoint.{key}": value for key, value in hook.items()}, **changes)


def test_every_third_epoch_stays_beside_the_last_two(toy, tmp_path):
    checkpoints(toy, 8).train()
    assert names(tmp_path / "run") == ["epoch_3.pth", "epoch_6.pth", "epoch_7.pth", "epoch_8.pth"]


def test_they_stay_after_a_resume_too(toy, tmp_path):
    """Stopped at epoch 4 of 8, when 3 stays and 2 and 4 are the last two of the others."""
    runner = checkpoints(toy, 8)
    step = runner.train_loop.run_iter

    def stop(index, batch):
        if runner.epoch == 4:
            raise KeyboardInterrupt
        step(index, batch)

    runner.train_loop.run_iter = stop
    with pytest.raises(KeyboardInterrupt):
        runner.train()
    assert names(tmp_path / "run") == ["epoch_2.pth", "epoch_3.pth", "epoch_4.pth"]
    checkpoints(toy, 8, resume=True).train()
    assert names(tmp_path / "run") == ["epoch_3.pth", "epoch_6.pth", "epoch_7.pth", "epoch_8.pth"]


def test_what_stays_must_be_saved_at_all(toy):
    with pytest.raises(ValueError, match="keep_every=3 is no multiple of interval=2"):
        checkpoints(toy, 8, interval=2)
