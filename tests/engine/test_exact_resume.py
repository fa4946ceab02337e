"""A resumed run repeats the uninterrupted one bit for bit."""

import random

import numpy as np
import pytest
import torch

from mimseg.engine.randomness import get_rng_state, set_rng_state


def weights(runner) -> dict[str, torch.Tensor]:
    state = {name: value.clone() for name, value in runner.bare_model.state_dict().items()}
    for index, values in runner.optim_wrapper.optimizer.state_dict()["state"].items():
        state |= {f"{index}.{name}": value.clone() for name, value in values.items()}
    return state


def assert_same(a, b) -> None:
    assert a.keys() == b.keys()
    assert all(torch.equal(a[name], b[name]) for name in a)


class StopHere(Exception):
    pass


def kill_at(runner, iteration: int) -> None:
    """Train until the iteration has run, and end there as a killed process does: no hook runs any more."""
    step = runner.train_loop.run_iter

    def run_iter(index, batch):
        step(index, batch)
        if runner.iter == iteration:
            raise StopHere

    runner.train_loop.run_iter = run_iter
    with pytest.raises(StopHere):
        runner.train()


@pytest.mark.parametrize("killed_at", [1, 4, 6, 7, 12, 17])
def test_resume_from_any_iteration_is_exact(toy, tmp_path, killed_at):
    """6 iterations an epoch: within epochs, at their last iteration, and after."""
    straight = toy(tmp_path / "straight", interval=1)
    straight.train()
    kill_at(toy(tmp_path / "killed", interval=1), killed_at)
    torch.rand(7), np.random.rand(), random.random()  # another process has other random states
    resumed = toy(tmp_path / "killed", interval=1, resume=True)
    resumed.train()
    assert resumed.iter == straight.iter == 18
    assert resumed.bare_model.seen == straight.bare_model.seen[4 * killed_at :]
    assert resumed.bare_model.teacher_epochs == straight.bare_model.teacher_epochs[killed_at:]
    assert_same(weights(resumed), weights(straight))


def test_resume_at_an_epochs_end_is_exact(toy, tmp_path):
    by_epoch = {"default_hooks.checkpoint.by_epoch": True, "default_hooks.checkpoint.interval": 1}
    straight = toy(tmp_path / "straight", **by_epoch)
    straight.train()
    kill_at(toy(tmp_path / "killed", **by_epoch), 8)
    resumed = toy(tmp_path / "killed", resume=True, **by_epoch)
    resumed.train()
    assert resumed.bare_model.progress == [2 / 3, 1.0]
    assert_same(weights(resumed), weights(straight))


def test_resume_with_accumulation_and_workers_is_exact(toy, tmp_path):
    options = {"accumulate": 2, "interval": 2, "train_dataloader.num_workers": 1}
    straight = toy(tmp_path / "straight", **options)
    straight.train()
    assert len(straight.bare_model.teacher_epochs) == 9  # one per optimizer step, not per batch
    kill_at(toy(tmp_path / "killed", **options), 9)
    resumed = toy(tmp_path / "killed", resume=True, **options)
    resumed.train()
    assert_same(weights(resumed), weights(straight))


def test_history_in_the_log_is_complete_after_a_resume(toy, tmp_path):
    straight = toy(tmp_path / "straight", interval=1)
    straight.train()
    kill_at(toy(tmp_path / "killed", interval=1), 9)
    resumed = toy(tmp_path / "killed", interval=1, resume=True)
    resumed.train()
    for name in ("train/loss", "train/lr", "train/grad_norm"):
        assert list(resumed.message_hub.get_scalar(name)._log_history) == list(
            straight.message_hub.get_scalar(name)._log_history
        )


def test_loading_weights_only_neither_resumes_nor_restores_random_states(toy, tmp_path):
    first = toy(tmp_path / "first", interval=3)
    first.train()
    second = toy(tmp_path / "second", load_from=str(tmp_path / "first" / "iter_3.pth"))
    second.load_or_resume()
    assert second.iter == 0
    hook = next(hook for hook in second.hooks if type(hook).__name__ == "RNGStateHook")
    assert hook._to_restore is None


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"seed": 1}, "was written with seed 0, this run has 1; resume with --seed 0"),
        ({"batch_size": 2}, "1 accumulation = batch 4, this run has 1 process x 2 images x 1 accumulation = batch 2"),
        ({"accumulate": 2}, "= batch 4, this run has 1 process x 4 images x 2 accumulation = batch 8"),
        ({"length": 25}, "was written with 24 training images, now there are 25"),
    ],
)
def test_a_resume_that_cannot_be_exact_is_refused(toy, tmp_path, change, complaint):
    toy(tmp_path / "run", interval=4).train()
    with pytest.raises(ValueError) as error:
        toy(tmp_path / "run", resume=True, **change).train()
    assert complaint in str(error.value)


def test_weights_without_a_run_cannot_be_resumed(toy, tmp_path):
    runner = toy()
    torch.save({"state_dict": runner.bare_model.state_dict()}, tmp_path / "weights.pth")
    with pytest.raises(ValueError, match="holds weights only: it cannot be resumed"):
        toy(resume=True, load_from=str(tmp_path / "weights.pth")).train()


def test_weights_of_something_else_are_refused(toy, tmp_path):
    torch.save({"state_dict": {"other.weight": torch.zeros(2)}}, tmp_path / "other.pth")
    with pytest.raises(ValueError, match="its tensors are named as in no known format: other.weight"):
        toy(load_from=str(tmp_path / "other.pth")).train()


def test_weights_without_a_teacher_start_the_teacher_from_themselves(toy, tmp_path):
    state = {"layer.weight": torch.full((2, 4), 3.0), "layer.bias": torch.zeros(2)}
    torch.save({"state_dict": state}, tmp_path / "student.pth")
    runner = toy(load_from=str(tmp_path / "student.pth"))
    runner.load_or_resume()
    assert torch.equal(runner.bare_model.teachers["ema"].weight, state["layer.weight"])


def test_random_states_survive_the_safe_reader(tmp_path):
    model = torch.nn.Linear(1, 1)
    torch.save(get_rng_state(model), tmp_path / "state.pth")
    drawn = torch.rand(3), np.random.rand(3), random.random(), np.random.randn()
    set_rng_state(torch.load(tmp_path / "state.pth", weights_only=True), model)
    again = torch.rand(3), np.random.rand(3), random.random(), np.random.randn()
    assert torch.equal(drawn[0], again[0])
    assert np.array_equal(drawn[1], again[1])
    assert drawn[2:] == again[2:]
