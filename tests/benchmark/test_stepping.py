import itertools

import pytest
import torch
from torch import nn

from mimseg.benchmark.stepping import step, step_by_part
from mimseg.benchmark.subject import Subject


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(4, 4)
        self.decoder = nn.Linear(4, 4)

    def look(self):
        return torch.zeros(())

    def forward(self, images):
        return self.decoder(self.encoder(images.flatten(1))).square().mean() + self.look()


@pytest.fixture
def make():
    def make_subject(**kwargs):
        torch.manual_seed(0)
        model = Model()
        parts = {
            "teacher": [(model, "look")],
            "encoder": [(model.encoder, "forward")],
            "decoders": [(model.decoder, "forward")],
        }
        subject = Subject("model", model, (1, 2, 2), model, parts, **kwargs)
        subject.optimizer.param_groups[0]["lr"] = 0.1
        return subject

    return make_subject


def test_metered_steps_train_exactly_like_others(make):
    images = torch.randn(3, 1, 2, 2)
    plain, metered = make(), make()
    for _ in range(3):
        step(plain, images, "fp32")
        step_by_part(metered, images, "fp32", itertools.count().__next__)
    assert not torch.equal(plain.model.encoder.weight, make().model.encoder.weight)
    for mine, other in zip(plain.model.parameters(), metered.model.parameters(), strict=True):
        assert torch.equal(mine, other)
    assert "forward" not in vars(metered.model.encoder)  # the meters are gone


def test_all_that_a_step_spends_is_somebodys(make):
    """With a clock that ticks at every reading, each part's time is its number of readings."""
    updates = []
    subject = make(after_step=lambda: updates.append(1))
    clock = itertools.count()
    spent = step_by_part(subject, torch.randn(3, 1, 2, 2), "fp32", lambda: float(next(clock)))
    # teacher: looks once, and follows once; loss: what is left of the forward pass, its readings between parts
    assert spent == {"teacher": 2, "encoder": 1, "decoders": 1, "loss": 4, "backward": 1, "optimizer": 1}
    assert updates == [1]


def test_a_part_inside_another_is_the_others(make):
    subject = make()
    subject.parts["masking"] = [(subject.model.encoder, "forward")]
    subject.parts["encoder"] = [(subject.model, "forward")]
    clock = itertools.count()
    spent = step_by_part(subject, torch.randn(3, 1, 2, 2), "fp32", lambda: float(next(clock)))
    # the whole model is the encoder now: two readings around it, no reading in between
    assert spent == {"encoder": 1, "loss": 2, "backward": 1, "optimizer": 1}


def test_a_model_that_fails_leaves_no_meter_behind(make):
    subject = make()
    with pytest.raises(RuntimeError):
        step_by_part(subject, torch.randn(3, 1, 3, 3), "fp32", itertools.count().__next__)
    assert "forward" not in vars(subject.model.encoder)
