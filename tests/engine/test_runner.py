"""What the runner says and refuses."""

import logging
import pickle

import pytest
import torch

from mimseg.checkpoints import MissingCheckpointError, UntrustedCheckpointError, read_checkpoint
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


def started_from(toy, tmp_path, state, **changes):
    torch.save({"state_dict": state}, tmp_path / "start.pth")
    runner = toy(load_from=str(tmp_path / "start.pth"), **changes)
    runner.load_or_resume()
    return runner


def test_a_start_from_weights_resets_the_teacher_unless_the_file_brings_one(toy, tmp_path):
    state = {name: torch.full_like(tensor, 3.0) for name, tensor in toy().bare_model.state_dict().items()}
    state["teachers.ema.weight"] += 1
    model = started_from(toy, tmp_path, state).bare_model
    assert (model.layer.weight == 3).all() and (model.teachers["ema"].weight == 4).all()
    model = started_from(toy, tmp_path, {name: state[name] for name in ("layer.weight", "layer.bias")}).bare_model
    assert (model.teachers["ema"].weight == 3).all()


def test_training_needs_the_share_of_load_options_and_testing_everything(toy, tmp_path):
    weight = {"layer.weight": torch.ones(2, 4)}  # 8 of 10 elements
    with pytest.raises(
        ValueError, match="has 80.0% of the weights of the model, at least 90% are needed; missing are layer.bias"
    ):
        started_from(toy, tmp_path, weight)
    started_from(toy, tmp_path, weight, load_options=dict(least=0.8))
    runner = toy(load_from=str(tmp_path / "start.pth"), load_options=dict(least=0.8))
    runner._train_dataloader = None
    with pytest.raises(ValueError, match="at least 100% are needed"):
        runner.load_or_resume()


def test_what_trains_from_scratch_takes_no_file(toy, tmp_path):
    weights = {"layer.weight": torch.ones(2, 4), "layer.bias": torch.ones(2)}
    with pytest.raises(
        ValueError, match=r"scratch=True trains from random weights, but load_from .* names .*start.pth"
    ):
        started_from(toy, tmp_path, weights, load_options=dict(scratch=True))
    started_from(toy, tmp_path, weights, load_options=dict(scratch=False))


def test_averages_of_the_weights_start_from_what_was_loaded(toy, tmp_path):
    ema = [dict(type="mmengine.EMAHook")]
    torch.save({"state_dict": {"layer.weight": torch.ones(2, 4), "layer.bias": torch.ones(2)}}, tmp_path / "start.pth")
    runner = toy(load_from=str(tmp_path / "start.pth"), custom_hooks=ema)
    runner.call_hook("before_run")
    runner.load_or_resume()
    average = next(hook for hook in runner.hooks if type(hook).__name__ == "EMAHook").ema_model
    assert (average.module.layer.weight == 1).all()


def test_a_missing_file_is_told_before_anything_is_built(toy, tmp_path):
    with pytest.raises(MissingCheckpointError, match="none.pth: check the path"):
        toy(load_from=str(tmp_path / "none.pth"))


def test_resuming_the_latest_starts_from_load_from_where_there_is_none(toy, tmp_path, capsys):
    state = {"layer.weight": torch.ones(2, 4), "layer.bias": torch.ones(2)}
    torch.save({"state_dict": state}, tmp_path / "start.pth")
    changes = dict(load_from=str(tmp_path / "start.pth"), resume="latest", epochs=1, interval=1)
    runner = toy(**changes)
    assert f"starting from {tmp_path / 'start.pth'}" in capsys.readouterr().out
    runner.load_or_resume()
    assert (runner.bare_model.layer.weight == 1).all() and runner.iter == 0
    runner.train()
    again = toy(**changes)
    again.load_or_resume()
    assert again._resume and not (again.bare_model.layer.weight == 1).all()


def test_checkpoints_describe_what_shapes_do_not_tell(toy, tmp_path):
    runner = toy(epochs=1, interval=1)
    runner.train()
    path = next((tmp_path / "run").glob("iter_*.pth"))
    assert read_checkpoint(path)["meta"]["mimseg"] == {}  # a toy has no encoder


def test_gloo_needs_a_launcher(monkeypatch):
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ValueError, match="RANK is not set; start with tools/dist_train.sh"):
        init_gloo("pytorch")
    with pytest.raises(ValueError, match="launcher 'mpi'"):
        init_gloo("mpi")
