"""What is measured: a model with its loss, its named parts, and what follows an optimizer step."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from mmengine.config import Config
from torch import Tensor, nn

from ..checkpoints import guarded
from ..models import MaskedImageModel
from ..registry import MODELS
from .teachers import random_teachers

Method = tuple[object, str]
"""An object and the name of one of its methods."""

PARTS = ("teacher", "masking", "encoder", "decoders", "targets", "loss", "backward", "optimizer")
"""The parts of a step, in order. 'loss' is what the forward pass does outside the parts before it."""


@dataclass
class Subject:
    """A model to measure.

    Attributes:
        name: how the tables call it.
        model: the model, in training mode.
        image_shape: ``(C, H, W)`` of its images.
        loss: normalised images ``(B, C, H, W)`` to the scalar to minimise.
        parts: the methods that make up a part of :data:`PARTS`; a call inside another part's counts as that part.
        after_step: what follows an optimizer step, counted as 'teacher'.
        config: its config, where it has one.
        random_teachers: names of the teachers that have random weights, because their file is not at hand.
    """

    name: str
    model: nn.Module
    image_shape: tuple[int, int, int]
    loss: Callable[[Tensor], Tensor]
    parts: dict[str, list[Method]]
    after_step: Callable[[], None] | None = None
    config: Config | None = None
    random_teachers: tuple[str, ...] = ()
    optimizer: torch.optim.Optimizer = field(init=False)

    def __post_init__(self) -> None:
        """Give every subject the same optimizer: fused AdamW over all trained parameters.

        Its learning rate is 0: the work is the same, and a mask that follows the student's weights stays as it is.
        """
        self.model.train()
        trained = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(trained, lr=0.0, weight_decay=0.05, fused=True)


def size_of(config: Config, name: str) -> tuple[int, int]:
    """The size ``(H, W)`` that a config crops its training images to.

    Raises:
        ValueError: it crops them to none.
    """
    pipeline = config.get("train_dataloader", {}).get("dataset", {}).get("dataset", {}).get("pipeline", [])
    scales = [transform["scale"] for transform in pipeline if "scale" in transform]
    if len(scales) != 1:
        raise ValueError(f"{name} does not tell the size of its training images; name one by --image-size")
    return (scales[0], scales[0]) if isinstance(scales[0], int) else tuple(scales[0])


def our_subject(name: str, config: Config, image_size: tuple[int, int], device: torch.device) -> Subject:
    """The model of one of our configs at the end of its schedule, when teachers work most.

    Raises:
        ValueError: the config is not one of pre-training, or its patch size does not divide the image size.
    """
    with guarded(), random_teachers(config.model) as (settings, unread):
        model = MODELS.build(settings)
    if not isinstance(model, MaskedImageModel):
        raise ValueError(f"{name} builds a {type(model).__name__}; the benchmark takes pre-training configs")
    model = model.to(device)
    model.cfg = config
    model.set_progress(1.0)
    shape = (model.data_preprocessor.channels, *image_size)
    grid = model.encoder.grid_of(torch.empty(1, *shape, device="meta"))
    model.masking.units(model.encoder.patch_size, grid)
    return Subject(
        name,
        model,
        shape,
        loss=lambda images: sum(value for name, value in model.loss(images).items() if name.startswith("loss_")),
        parts={
            "teacher": [(teacher, "look") for teacher in model.teachers.values()],
            # where a score reads the patch embedding, all patches are embedded before the encoder is called
            "masking": [(model.masking, "forward"), (model.encoder, "embed")],
            "encoder": [(model.encoder, "forward")],
            "decoders": [(model.neck, "forward"), *((task.decoder, "forward") for task in model.tasks.values())],
            "targets": [(task.target, "forward") for task in model.tasks.values()],
        },
        after_step=(lambda: model.update_teachers(0)) if len(model.teachers) else None,
        config=config,
        random_teachers=unread,
    )


def fixed_twin(subject: Subject, share: float, device: torch.device) -> Subject:
    """A subject's model under random masks that hide this share of every image, rounded to whole mask units.

    Teachers that only the score asks are left out.
    """
    assert subject.config is not None
    model = subject.model
    assert isinstance(model, MaskedImageModel)
    height, width = subject.image_shape[1:]
    size = model.masking.unit or model.encoder.patch_size
    units = (height // size) * (width // size)
    hidden = round(share * units)
    config = copy.deepcopy(subject.config)
    config.model.masking = dict(
        type="MaskGenerator",
        policy=dict(type="RandomPolicy"),
        ratio=dict(type="FixedRatio", ratio=(hidden - 0.5) / units),  # half a unit off the edge of rounding
        unit=model.masking.unit,
    )
    asked = {teacher for task in model.named_tasks.values() for teacher, _ in task.target.needs}
    config.model.teachers = {name: cfg for name, cfg in (config.model.get("teachers") or {}).items() if name in asked}
    return our_subject(f"{subject.name}, {hidden / units:.3f} at random", config, (height, width), device)
