"""Signals, killed processes and mistakes in runs of two processes: one line, one exit code, nothing lost."""

import pytest
import torch

SIGNAL_HOOK = '''
import os
import signal

from mmengine.hooks import Hook

from mimseg.registry import HOOKS


@HOOKS.register_module(force=True)
class SignalHook(Hook):
    """Send one process a signal at the start of an iteration."""

    def __init__(self, name, iteration, rank):
        self.number, self.iteration, self.rank = getattr(signal, name), iteration, rank

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.iteration and runner.rank == self.rank:
            os.kill(os.getpid(), self.number)
'''
CONFIG = """
_base_ = "{base}"
custom_imports = dict(imports=["signal_hook"])
train_dataloader = dict(batch_size=4)
default_hooks = dict(checkpoint=dict(by_epoch=True, interval=1))
env_cfg = dict(dist_cfg=dict(timeout=60))
"""


@pytest.fixture
def config(micro_config, tmp_path):
    """Two times 4 images a step, 8 steps an epoch, 3 epochs."""
    (micro_config.parent / "signal_hook.py").write_text(SIGNAL_HOOK)
    path = tmp_path / "two.py"
    path.write_text(CONFIG.format(base=micro_config))
    return path


def write(config, tmp_path, name, iteration, rank):
    path = tmp_path / f"{name}.py"
    path.write_text(
        f'_base_ = "{config}"\n'
        f'custom_hooks = [dict(type="SignalHook", name="{name}", iteration={iteration}, rank={rank})]\n'
    )
    return path


def errors_of(done) -> list[str]:
    """What stands on stderr, without the warnings of torch and the like."""
    return [line for line in done.stderr.splitlines() if line.startswith(("error", "stopped", "Traceback"))]


def test_a_mistake_is_told_once(run_script, config, tmp_path):
    done = run_script("dist_train.sh", config, 2, "--work-dir", tmp_path / "run", "--cfg-options", "modle=1")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: config key modle is read by nothing")


@pytest.mark.slow
def test_a_signal_to_one_process_stops_both_after_the_same_step(run_script, config, tmp_path):
    straight = run_script("dist_train.sh", config, 2, "--work-dir", tmp_path / "straight")
    assert straight.returncode == 0, straight.stderr[-3000:]
    signalled = write(config, tmp_path, "SIGTERM", iteration=10, rank=1)
    run = tmp_path / "run"
    done = run_script("dist_train.sh", signalled, 2, "--work-dir", run)
    assert done.returncode == 143, done.stderr[-3000:]
    file = run / "iter_12.pth"  # known to both one step later
    assert errors_of(done) == [f"stopped by SIGTERM: the same command with --resume goes on from {file}"]
    assert file.is_file()
    done = run_script("dist_train.sh", config, 2, "--work-dir", run, "--resume")
    assert done.returncode == 0, done.stderr[-3000:]
    ours, theirs = (torch.load(tmp_path / name / "epoch_3.pth", weights_only=False) for name in ("run", "straight"))
    assert all(torch.equal(ours["state_dict"][key], value) for key, value in theirs["state_dict"].items())
    assert not file.exists()


@pytest.mark.slow
def test_a_killed_process_takes_the_other_along_and_is_named(run_script, config, tmp_path):
    killed = write(config, tmp_path, "SIGKILL", iteration=10, rank=1)
    done = run_script("dist_train.sh", killed, 2, "--work-dir", tmp_path / "run")
    assert done.returncode == 137, done.stderr[-3000:]
    (line,) = errors_of(done)
    assert line.startswith("error: process 1 was ended by SIGKILL (was the memory full?")


@pytest.mark.slow
def test_a_stopped_process_is_waited_for_as_long_as_the_config_says(run_script, config, tmp_path):
    stopped = write(config, tmp_path, "SIGSTOP", iteration=10, rank=1)
    options = ("--cfg-options", "env_cfg.dist_cfg.timeout=15")
    done = run_script("dist_train.sh", stopped, 2, "--work-dir", tmp_path / "run", *options)
    assert done.returncode == 2, done.stderr[-3000:]
    (line,) = errors_of(done)
    assert line.startswith("error: another process of this run ended or hangs (env_cfg.dist_cfg.timeout says")
