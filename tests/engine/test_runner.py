"""What the runner says and refuses."""

import logging
import pickle

import pytest
import torch

from mimseg.checkpoints import UntrustedCheckpointError
from mimseg.engine.distributed import describe_run, init_gloo


def test_learning_rate_follows_the_real_batch_in_one_line(toy, caplog):
    runner = toy(accumulate=3, epochs=1)
    runner.logger.setLevel(logging.INFO)
    runner.logger.addHandler(caplog.handler)
    runner.train()
    lines = [record.getMessage() for record in caplog.records if record.getMessage().startswith("learning rate")]
    assert lines == ["learning rate: 1 process x 4 images x 3 accumulation = batch 12 -> 1.0e+00 x 12/256 = 4.69e-02"]
    assert {group["initial_lr"] for group in runner.optim_wrapper.optimizer.param_groups} == {12 / 256}


def test_scaling_can_be_switched_off(toy):
    runner = toy(epochs=1, **{"auto_scale_lr.enable": False})
    runner.train()
    assert {group["initial_lr"] for group in runner.optim_wrapper.optimizer.param_groups} == {1.0}


def test_first_line_names_processes_device_and_work_dir(toy, tmp_path):
    runner = toy(log_level="INFO")
    line = next((tmp_path / "run").rglob("*.log")).read_text().splitlines()[0]
    assert line.endswith(describe_run(1, runner.work_dir))
    assert "1 process on" in line


def test_processes_are_counted():
    assert describe_run(8, "out").startswith("8 processes on")


def test_epoch_is_a_whole_number_of_steps(toy):
    runner = toy(length=23, batch_size=4, accumulate=2)
    assert len(runner.train_dataloader) == 4  # 5 batches fit, 4 make whole steps


def test_too_few_images_for_a_batch(toy):
    with pytest.raises(ValueError, match="too small"):
        toy(length=3).train_loop  # noqa: B018 (built on access)


def test_a_checkpoint_between_optimizer_steps_is_refused(toy):
    with pytest.raises(ValueError, match="interval=3 iterations is no multiple of .*accumulative_counts=2.*use 4"):
        toy(accumulate=2, interval=3)


class Payload:
    def __reduce__(self):
        return print, ("payload ran",)


@pytest.mark.parametrize("resume", [True, False])
def test_a_hostile_checkpoint_is_refused_and_its_payload_does_not_run(toy, tmp_path, capsys, resume):
    path = tmp_path / "hostile.pth"
    torch.save({"state_dict": {}, "payload": Payload()}, path)
    with pytest.raises(UntrustedCheckpointError, match="--trust-checkpoint"):
        toy(resume=resume, load_from=str(path)).train()
    assert "payload ran" not in capsys.readouterr().out
    with open(path, "wb") as file:
        pickle.dump(Payload(), file)
    with pytest.raises(Exception):  # noqa: B017 (a bare pickle: refused or damaged)
        toy(resume=resume, load_from=str(path)).train()
    assert "payload ran" not in capsys.readouterr().out


def test_trust_is_the_only_way_round(toy, tmp_path):
    path = tmp_path / "strange.pth"
    torch.save({"state_dict": toy().bare_model.state_dict(), "extra": slice(1, 2)}, path)
    with pytest.raises(UntrustedCheckpointError):
        toy(load_from=str(path)).load_or_resume()
    toy(load_from=str(path), trust_checkpoint=True).load_or_resume()


def test_gloo_needs_a_launcher(monkeypatch):
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ValueError, match="RANK is not set; start with tools/dist_train.sh"):
        init_gloo("pytorch")
    with pytest.raises(ValueError, match="launcher 'mpi'"):
        init_gloo("mpi")
