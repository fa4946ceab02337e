"""While a runner is built or running, libraries read data only."""

import os

import pytest
import torch
from hostile_making import Call
from mmengine.hooks import Hook

from mimseg.checkpoints import UntrustedCheckpointError


@pytest.mark.parametrize("trust", [False, True])
def test_a_part_that_loads_its_own_file_obeys_trust_checkpoint(toy, tmp_path, trust):
    """MMEngine would try again without care."""
    torch.save({"state_dict": {}, "x": Call(os.mkdir, str(tmp_path / "ran"))}, tmp_path / "bad.pth")
    runner = toy(epochs=1, trust_checkpoint=trust)
    runner.bare_model.init_cfg = dict(type="Pretrained", checkpoint=str(tmp_path / "bad.pth"))
    if trust:
        runner.train()
    else:
        with pytest.raises(UntrustedCheckpointError, match="bad.pth was not loaded: it names"):
            runner.train()
    assert (tmp_path / "ran").exists() == trust


def test_a_hook_in_a_step_reads_data_only_and_nobody_does_afterwards(toy, tmp_path):
    class Reading(Hook):
        def after_train_iter(self, runner, *_, **__):
            with pytest.raises(UntrustedCheckpointError):
                torch.load(tmp_path / "bad.pth", weights_only=False)
            self.seen = True

    torch.save(Call(os.mkdir, str(tmp_path / "ran")), tmp_path / "bad.pth")
    runner, hook, before = toy(epochs=1), Reading(), torch.load
    runner.register_hook(hook)
    runner.train()
    assert hook.seen and torch.load is before and not (tmp_path / "ran").exists()
