"""One training step, whole or with a meter at every part."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any, Literal

import torch
from torch import Tensor

from .subject import PARTS, Method, Subject

Precision = Literal["fp32", "bf16"]
Read = Callable[[], float]
"""Reads something that only grows, such as a clock."""


def forward(subject: Subject, images: Tensor, precision: Precision) -> Tensor:
    """The scalar loss, in fp32 or under bf16 autocast."""
    with torch.autocast(images.device.type, torch.bfloat16, enabled=precision == "bf16"):
        return subject.loss(images)


def step(subject: Subject, images: Tensor, precision: Precision) -> None:
    """Forward, backward, optimizer, teachers."""
    forward(subject, images, precision).backward()
    subject.optimizer.step()
    subject.optimizer.zero_grad(set_to_none=True)
    if subject.after_step is not None:
        subject.after_step()


def step_by_part(subject: Subject, images: Tensor, precision: Precision, read: Read) -> dict[str, float]:
    """As :func:`step`; what each of :data:`PARTS` added to ``read()``, of those that the subject has."""
    spent: dict[str, float] = defaultdict(float)
    running: list[str] = []
    start = read()
    with ExitStack() as stack:
        for part, methods in subject.parts.items():
            for method in methods:
                stack.enter_context(_metered(method, part, spent, read, running))
        loss = forward(subject, images, precision)
    spent["loss"] = read() - start - sum(spent.values())
    with _adding(spent, "backward", read):
        loss.backward()
    with _adding(spent, "optimizer", read):
        subject.optimizer.step()
        subject.optimizer.zero_grad(set_to_none=True)
    if subject.after_step is not None:
        with _adding(spent, "teacher", read):
            subject.after_step()
    return {part: spent[part] for part in PARTS if part in spent}


@contextmanager
def _adding(spent: dict[str, float], part: str, read: Read) -> Iterator[None]:
    start = read()
    yield
    spent[part] += read() - start


@contextmanager
def _metered(method: Method, part: str, spent: dict[str, float], read: Read, running: list[str]) -> Iterator[None]:
    """Within the block, calls of the method count as ``part``, unless they are inside a part that is ``running``."""
    owner, name = method
    inner = getattr(owner, name)

    @wraps(inner)
    def outer(*args: Any, **kwargs: Any) -> Any:
        if running:
            return inner(*args, **kwargs)
        running.append(part)
        try:
            with _adding(spent, part, read):
                return inner(*args, **kwargs)
        finally:
            running.pop()

    setattr(owner, name, outer)
    try:
        yield
    finally:
        delattr(owner, name)
