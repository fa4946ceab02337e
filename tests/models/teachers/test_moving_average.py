"""HPM's teacher against a plain moving average, parameter by parameter, over steps and epochs."""

import pytest
import torch

from mimseg.models import EMATeacher


def plain_decay(epoch: int) -> float:
    """HPM's public code: .999 + e / 100 (.9999 - .999) in the first 100 epochs, .9999 from then on."""
    return 0.999 + 0.0009 * min(epoch, 100) / 100


def test_the_decay_of_every_epoch():
    teacher = EMATeacher()
    epochs = [*range(201), 799]
    assert [teacher.decay(epoch) for epoch in epochs] == pytest.approx(list(map(plain_decay, epochs)), abs=1e-12)
    assert EMATeacher(start=0.99, end=0.998, ramp_epochs=0).decay(0) == 0.998


PARTS = {  # of the student -> of the teacher
    "encoder.": "teachers.ema.parts.encoder.",
    "neck.": "teachers.ema.parts.neck.",
    "tasks.predict_loss.decoder.": "teachers.ema.parts.predictor.",
}


def test_every_part_of_the_teacher_is_the_average_of_the_students_weights(build, images):
    """Encoder, neck and loss predictor: what scores patches. Its own loop, over names of the model."""
    model = build("hpm")
    student = {
        name: parameter
        for name, parameter in model.named_parameters()
        if name.startswith(tuple(PARTS)) and not name.startswith("teachers.")
    }
    average = {name: parameter.detach().double() for name, parameter in student.items()}
    optimizer = torch.optim.AdamW(student.values(), lr=1e-2)
    for epoch in (0, 0, 1, 50, 99, 100, 150, 799):
        optimizer.zero_grad()
        sum(model(images).values()).backward()
        optimizer.step()
        model.update_teachers(epoch)
        for name, parameter in student.items():
            average[name] = plain_decay(epoch) * average[name] + (1 - plain_decay(epoch)) * parameter.detach().double()
    teacher = {name: value for name, value in model.named_parameters() if name.startswith("teachers.")}
    assert len(teacher) == len(student)
    for name, wanted in average.items():
        prefix = next(part for part in PARTS if name.startswith(part))
        found = teacher[PARTS[prefix] + name.removeprefix(prefix)]
        torch.testing.assert_close(found.double(), wanted, rtol=0, atol=1e-6, msg=name)
        assert not torch.equal(found, student[name]), f"{name} of the student itself"
    moved = dict.fromkeys(PARTS, 0)
    first = dict(build("hpm").named_parameters())
    for name in average:
        prefix = next(part for part in PARTS if name.startswith(part))
        moved[prefix] += not torch.equal(teacher[PARTS[prefix] + name.removeprefix(prefix)], first[name])
    assert all(moved.values())
