"""Processes mask alike, and draw by themselves what is random otherwise."""

import random

import numpy as np
import torch

from mimseg.engine.randomness import (
    get_rng_state,
    mask_generators,
    seed_process,
    set_mask_state,
    set_rng_state,
)
from mimseg.engine.undisturbed import undisturbed
from mimseg.registry import MODELS

MASKING = dict(
    type="mimseg.MaskGenerator",
    policy=dict(type="mimseg.RandomPolicy"),
    ratio=dict(type="mimseg.FixedRatio", ratio=0.5),
)


class Masked(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 2)
        self.masking = MODELS.build(MASKING)

    def draw(self):
        return torch.rand(4, generator=self.masking.generator)


def draws():
    return torch.rand(3).tolist(), np.random.rand(3).tolist(), random.random()


def test_masks_go_on_from_the_state_that_all_processes_share():
    """As they would in one process; what a process draws for itself does not move them."""
    drawn = []
    for rank in range(3):
        torch.manual_seed(5)
        model = Masked()
        expected = torch.Generator()
        expected.set_state(torch.get_rng_state())
        (generator,) = mask_generators(model)
        assert generator is model.masking.generator
        seed_process(5, rank)
        torch.rand(rank + 1)
        drawn.append(model.draw())
        assert torch.equal(drawn[-1], torch.rand(4, generator=expected))
    assert torch.equal(drawn[0], drawn[1]) and torch.equal(drawn[0], drawn[2])


def test_processes_and_neighbouring_seeds_draw_differently_and_again_the_same():
    seen = []
    for seed, rank in ((0, 0), (0, 1), (1, 0), (1, 1), (0, 0)):
        seed_process(seed, rank)
        seen.append(draws())
    assert seen[0] == seen[4]
    for part in range(3):
        assert len({str(values[part]) for values in seen[:4]}) == 4


def test_the_state_of_masks_is_saved_and_restored(tmp_path):
    model = Masked()
    seed_process(0, 0)
    mask_generators(model)
    torch.save(get_rng_state(model), tmp_path / "state.pth")
    before = model.draw(), draws()
    state = torch.load(tmp_path / "state.pth", weights_only=True)
    other = Masked()
    for target in (model, other):
        set_rng_state(state, target)
        assert torch.equal(target.draw(), before[0])
        set_rng_state(state, target)
        assert draws() == before[1]
    set_mask_state(state, other)
    assert torch.equal(other.draw(), before[0])


def test_a_checkpoint_of_an_earlier_version_has_the_masks_state_in_the_default_one():
    model = Masked()
    state = get_rng_state(model)
    del state["masks"]
    expected = torch.rand(4)
    set_rng_state(state, model)
    assert torch.equal(model.draw(), expected)


def test_looking_at_a_model_leaves_its_masks_as_they_were():
    model = Masked()
    mask_generators(model)
    ahead = torch.Generator()
    ahead.set_state(model.masking.generator.get_state())
    with undisturbed(model) as bare:
        bare.draw()
    assert torch.equal(model.draw(), torch.rand(4, generator=ahead))


def test_a_run_leaves_its_processes_apart(toy):
    """Whatever state the process had: after the start of a run it is that of seed and rank."""
    runner = toy(epochs=2, noise=0.0)
    states = []
    before = runner.call_hook

    def call_hook(name, **arguments):
        before(name, **arguments)
        if name == "before_train":
            states.append(torch.get_rng_state())

    runner.call_hook = call_hook
    runner.train()
    seed_process(0, 0)
    assert torch.equal(states[0], torch.get_rng_state())


def test_a_resume_with_another_number_of_processes_says_what_goes_on(toy, tmp_path, caplog):
    toy(tmp_path / "run", interval=6).train()
    path = tmp_path / "run" / "iter_12.pth"
    checkpoint = torch.load(path, weights_only=False)
    checkpoint["rng_states"] = checkpoint["rng_states"] * 2
    torch.save(checkpoint, path)
    (tmp_path / "run" / "iter_18.pth").unlink()
    runner = toy(tmp_path / "run", interval=6, resume=True, load_from=str(path))
    runner.logger.addHandler(caplog.handler)
    runner.train()
    assert "random states of 2 processes, this run has 1: masks go on as they would have" in caplog.text
