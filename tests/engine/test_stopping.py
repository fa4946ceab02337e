"""A signal ends a training with a checkpoint from which a resume repeats the uninterrupted run."""

import os
import signal
import traceback

import pytest
import torch
from mmengine.hooks import Hook
from torch.utils.data import Sampler

from mimseg.engine import RunStopped
from mimseg.engine.stopping import AT_ONCE
from mimseg.registry import DATA_SAMPLERS

pytestmark = pytest.mark.usefixtures("default_signals")

BY_EPOCH = {"default_hooks.checkpoint.by_epoch": True, "default_hooks.checkpoint.interval": 1}


@DATA_SAMPLERS.register_module(force=True)
class NoSkip(Sampler):
    """In order, and always from the first sample on."""

    def __init__(self, dataset, seed=None):
        self.size = len(dataset)

    def __len__(self):
        return self.size

    def __iter__(self):
        return ((index, 0) for index in range(self.size))


class Signal(Hook):
    """Sends this process a signal before an iteration, or before a checkpoint is written."""

    def __init__(self, number, iteration=None, in_checkpoint=None):
        self.number, self.iteration, self.in_checkpoint = number, iteration, in_checkpoint

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.iteration:
            os.kill(os.getpid(), self.number)

    def before_save_checkpoint(self, runner, checkpoint):
        if runner.iter == self.in_checkpoint:
            os.kill(os.getpid(), self.number)


def weights(runner) -> dict[str, torch.Tensor]:
    state = {name: value.clone() for name, value in runner.bare_model.state_dict().items()}
    for index, values in runner.optim_wrapper.optimizer.state_dict()["state"].items():
        state |= {f"{index}.{name}": value.clone() for name, value in values.items()}
    return state


def stop(runner, *signals) -> RunStopped:
    for options in signals:
        runner.register_hook(Signal(**options))
    with pytest.raises(RunStopped) as stopped:
        runner.train()
    return stopped.value


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_next_step_is_the_last_and_a_resume_is_exact(toy, tmp_path, number):
    """6 iterations an epoch: iteration 8 (counted from 0) is the third of the second epoch."""
    before = signal.getsignal(number)
    straight = toy(tmp_path / "straight", **BY_EPOCH)
    straight.train()
    stopped = stop(toy(tmp_path / "run", **BY_EPOCH), dict(number=number, iteration=8))
    assert stopped.code == 128 + number
    path = tmp_path / "run" / "iter_9.pth"
    assert str(stopped) == f"stopped by {number.name}: the same command with --resume goes on from {path}"
    assert path.is_file()
    assert signal.getsignal(number) is before
    resumed = toy(tmp_path / "run", resume=True, **BY_EPOCH)
    resumed.train()
    assert resumed.bare_model.seen == straight.bare_model.seen[4 * 9 :]
    assert resumed.bare_model.progress == straight.bare_model.progress[1:]
    ours, theirs = weights(resumed), weights(straight)
    assert ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert not path.exists() and (tmp_path / "run" / "epoch_2.pth").is_file()


def test_accumulated_gradients_are_waited_for(toy, tmp_path):
    straight = toy(tmp_path / "straight", accumulate=2)
    straight.train()
    stop(toy(tmp_path / "run", accumulate=2), dict(number=signal.SIGTERM, iteration=8))
    assert [path.name for path in (tmp_path / "run").glob("*.pth")] == ["iter_10.pth"]
    resumed = toy(tmp_path / "run", accumulate=2, resume=True)
    resumed.train()
    assert torch.equal(resumed.bare_model.layer.weight, straight.bare_model.layer.weight)


def test_inside_a_checkpoint_a_signal_waits_and_no_second_file_is_written(toy, tmp_path):
    run = toy(tmp_path / "run", **BY_EPOCH)
    line = str(stop(run, dict(number=signal.SIGINT, in_checkpoint=6)))
    assert line.endswith("goes on from " + str(tmp_path / "run" / "epoch_1.pth"))
    assert [path.name for path in (tmp_path / "run").glob("*.pth")] == ["epoch_1.pth"]
    assert torch.load(tmp_path / "run" / "epoch_1.pth", weights_only=False)["meta"]["iter"] == 6


def test_the_last_iteration_of_an_epoch_resumes_exactly(toy, tmp_path):
    straight = toy(tmp_path / "straight", **BY_EPOCH)
    straight.train()
    stop(toy(tmp_path / "run", **BY_EPOCH), dict(number=signal.SIGTERM, iteration=5))
    assert [path.name for path in (tmp_path / "run").glob("*.pth")] == ["iter_6.pth"]
    resumed = toy(tmp_path / "run", resume=True, **BY_EPOCH)
    resumed.train()
    assert torch.equal(resumed.bare_model.layer.weight, straight.bare_model.layer.weight)
    assert sorted(path.name for path in (tmp_path / "run").glob("*.pth")) == [f"epoch_{n}.pth" for n in (1, 2, 3)]


def test_a_checkpoint_that_the_run_keeps_is_not_taken_for_that_of_a_stop(toy, tmp_path):
    """By iterations, all files have such names."""
    stop(toy(tmp_path / "run", interval=4), dict(number=signal.SIGTERM, iteration=7))
    resumed = toy(tmp_path / "run", interval=4, resume=True)
    resumed.train()
    assert sorted(path.name for path in (tmp_path / "run").glob("*.pth")) == [
        f"iter_{n}.pth" for n in (12, 16, 18, 4, 8)
    ]


@pytest.mark.parametrize("iteration", [3, 8])
def test_where_an_epoch_cannot_be_taken_up_no_useless_file_is_written(toy, tmp_path, iteration):
    options = {"train_dataloader.sampler": dict(type="NoSkip", _delete_=True), **BY_EPOCH}
    line = str(stop(toy(tmp_path / "run", **options), dict(number=signal.SIGTERM, iteration=iteration)))
    assert "a NoSkip cannot go on within an epoch, so the steps since then are lost" in line
    kept = ["epoch_1.pth"] if iteration > 6 else []
    assert [path.name for path in (tmp_path / "run").glob("*.pth")] == kept
    assert ("epoch_1.pth" in line) == bool(kept)


def test_before_the_first_step_a_signal_ends_it_where_it_comes(toy, tmp_path):
    run = toy(tmp_path / "run", **BY_EPOCH)
    run.build_optim_wrapper = lambda config: os.kill(os.getpid(), signal.SIGTERM)
    assert str(stop(run)) == "stopped by SIGTERM before the first step: the same command starts again"


def test_at_the_end_nothing_is_left_to_do(toy, tmp_path):
    class Late(Hook):
        def after_train(self, runner):
            os.kill(os.getpid(), signal.SIGTERM)

    run = toy(tmp_path / "run", **BY_EPOCH)
    run.register_hook(Late())
    assert str(stop(run)).endswith(f"the training in {tmp_path / 'run'} is finished")


def test_ignored_signals_stay_ignored(toy, tmp_path):
    """nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        run = toy(tmp_path / "run", **BY_EPOCH)
        run.register_hook(Signal(signal.SIGHUP, iteration=2))
        run.train()
    finally:
        signal.signal(signal.SIGHUP, before)
    assert (tmp_path / "run" / "epoch_3.pth").is_file()


def test_a_second_interrupt_ends_at_once_without_half_a_file(toy, tmp_path):
    """In a child: it ends in the middle of a checkpoint."""
    run = toy(tmp_path / "run", **BY_EPOCH)
    for _ in range(2):
        run.register_hook(Signal(signal.SIGINT, in_checkpoint=12))
    report = tmp_path / "child.txt"
    child = os.fork()
    if child == 0:
        with report.open("w") as file:
            os.dup2(file.fileno(), 2)
        try:
            run.train()
        except BaseException:
            report.write_text(traceback.format_exc())
        finally:
            os._exit(99)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert (code, report.read_text()) == (130, AT_ONCE.decode())
    assert [path.name for path in (tmp_path / "run").glob("*.pth")] == ["epoch_1.pth"]


def test_an_evaluation_whose_checkpoint_exists_is_left_at_once(toy, tmp_path):
    """A validation, or a pass that scores the training set; without the checkpoint, it is finished first."""

    class Evaluate(Hook):
        priority = "LOWEST"
        batches = 0

        def after_train_epoch(self, runner):
            os.kill(os.getpid(), signal.SIGTERM)
            for _ in range(5):
                self.batches += 1
                runner._stop_hook.after_val_iter(runner, 0)
                runner.call_hook("after_scoring_iter")

    for interval, batches, file in ((1, 1, "epoch_1.pth"), (9, 5, "iter_7.pth")):
        run = toy(tmp_path / file, **{**BY_EPOCH, "default_hooks.checkpoint.interval": interval})
        run.register_hook(Evaluate())
        hook = run.hooks[-1]
        assert str(stop(run)).endswith(str(tmp_path / file / file))
        assert hook.batches == batches
