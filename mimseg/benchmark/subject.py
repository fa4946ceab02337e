"""What is measured: a model with its loss, its named parts, and what follows an optimizer step."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from mmengine.config import Config
from torch import Tensor, nn

from mimseg.models import MaskedImageModel
from mimseg.registry import MODELS

Method = tuple[object, str]
"""An object and the name of one of its methods."""

PARTS = ("teacher", "masking", "encoder", "decoders", "loss", "backward", "optimizer")
"""The parts of a step, in order. 'loss' is what the forward pass does outside the parts before it."""


@dataclass
class Subject:
    """A model to measure.

    Attributes:
        name: how the tables call it.
        model: the model, in training mode.
        image_shape: ``(C, H, W)`` of its images.
        loss: normalised images ``(B, C, H, W)`` to the scalar to minimise.
        parts: the methods that make up a part of :data:`PARTS`; calls of them must not nest.
        after_step: what follows an optimizer step, counted as 'teacher'.
        config: its config, where it has one.
    """

    name: str
    model: nn.Module
    image_shape: tuple[int, int, int]
    loss: Callable[[Tensor], Tensor]
    parts: dict[str, list[Method]]
    after_step: Callable[[], None] | None = None
    config: Config | None = None
    optimizer: torch.optim.Optimizer = field(init=False)

    def __post_init__(self) -> None:
        """Give every subject the same optimizer: fused AdamW over all trained parameters."""
        self.model.train()
        trained = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(trained, lr=1e-4, weight_decay=0.05, fused=True)


def our_subject(name: str, config: Config, image_size: tuple[int, int], device: torch.device) -> Subject:
    """The model of one of our configs at the end of its schedule, when teachers work most.

    Raises:
        ValueError: the config is not one of pre-training, or its patch size does not divide the image size.
    """
    model = MODELS.build(config.model)
    if not isinstance(model, MaskedImageModel):
        raise ValueError(f"{name} builds a {type(model).__name__}; the benchmark takes pre-training configs")
    model = model.to(device)
    model.set_progress(1.0)
    shape = (model.data_preprocessor.channels, *image_size)
    model.encoder.grid_of(torch.empty(1, *shape, device="meta"))
    return Subject(
        name,
        model,
        shape,
        loss=lambda images: sum(model.loss(images).values(), images.new_zeros(())),
        parts={
            "teacher": [(teacher, "look") for teacher in model.teachers.values()],
            "masking": [(model.masking, "forward")],
            "encoder": [(model.encoder, "forward")],
            "decoders": [(model.neck, "forward"), *((task.decoder, "forward") for task in model.tasks.values())],
        },
        after_step=(lambda: model.update_teachers(0)) if len(model.teachers) else None,
        config=config,
    )
