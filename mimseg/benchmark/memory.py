"""The memory that training by a config takes on a GPU, counted without one."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import Tensor, nn
from torchvision.transforms.v2 import Identity

from ..apis import import_library, is_transfer, without_values
from ..checkpoints import guarded
from ..models import Classifier, MaskedImageModel
from ..registry import MODELS, OPTIMIZERS
from .detectors import losses_of_detector
from .fake_gpu import LiveBytes, Precision, autocast, fake_gpu, run_backward, to_fake_gpu
from .moments import Moment, counts_known, moments_of
from .teachers import random_teachers

GIB = 2**30
GPU_SIZES = (16, 24, 32, 40, 80)
MARGIN = 0.1
"""Share of a GPU that is left to what is not counted: CUDA's context, workspaces of kernels, gaps of the allocator."""


@dataclass(frozen=True)
class MemoryCount:
    """Bytes of one process at the worst point of a step.

    Attributes:
        moment: what kind of step.
        weights: of the student, buffers included.
        gradients: of all trained weights. They fill up while activations go, so their sum is a little too much where
            an optimizer step has one batch.
        buckets: second copies of them, by which several processes average.
        optimizer: its state.
        teachers: weights of teachers, and of a moving average of the model.
        copies: of weights in the run's precision, kept from forward to backward.
        activations: what the forward pass leaves for the backward pass, the images included.
        temporaries: how much more is alive for a moment, in either pass.
    """

    moment: Moment
    weights: int
    gradients: int
    buckets: int
    optimizer: int
    teachers: int
    copies: int
    activations: int
    temporaries: int

    @property
    def fixed(self) -> int:
        """What does not grow with the batch."""
        return self.weights + self.gradients + self.buckets + self.optimizer + self.teachers + self.copies

    @property
    def total(self) -> int:
        """All of it."""
        return self.fixed + self.activations + self.temporaries

    def at_batch(self, batch_size: int) -> float:
        """Bytes in all with other batches: activations and temporaries grow in proportion."""
        share = batch_size / self.moment.batch_size
        return self.fixed + share * (self.activations + self.temporaries)


def fits_gpu(size: float, gpu: float) -> bool:
    """Whether so many bytes fit a GPU of ``gpu`` GB, :data:`MARGIN` left free."""
    return size <= (1 - MARGIN) * gpu * GIB


def worst(counts: Iterable[MemoryCount]) -> MemoryCount:
    """The count that is most."""
    return max(counts, key=lambda count: count.total)


def batch_that_fits(counts: Iterable[MemoryCount], gpu: float) -> Moment | None:
    """The worst kind of step with the largest batch, halved as often as needed, with which all kinds fit ``gpu`` GB.

    The images of an optimizer step stay as many. None where even single images do not fit, or halves are no whole
    numbers before.
    """
    counts = list(counts)
    divisor = 1
    while all(count.moment.batch_size % divisor == 0 for count in counts):
        sizes = [count.at_batch(count.moment.batch_size // divisor) for count in counts]
        if all(fits_gpu(size, gpu) for size in sizes):
            moment = counts[sizes.index(max(sizes))].moment
            return moment.with_batch(moment.batch_size // divisor)
        divisor *= 2
    return None


def count_memory(
    name: str,
    config: Config,
    batch_size: int | None = None,
    precision: Precision | None = None,
    processes: int = 8,
) -> list[MemoryCount]:
    """Count every kind of step of a run; :func:`worst` picks the one that a GPU must hold.

    Shapes alone are computed, by PyTorch's own operators, so the largest model takes seconds and no memory.

    Args:
        name: how messages call the config.
        config: of a pre-training, a classifier, a segmentor or a detector.
        batch_size: images a process; None takes the config's, which may change with its stages.
        precision: of the run; None takes the config's.
        processes: only whether there are several matters, see :attr:`MemoryCount.buckets`.

    Raises:
        ValueError: the config has no model, does not train or recomputes activations; a batch below 1; or what the
            model does not take.
    """
    if batch_size is not None and batch_size < 1:
        raise ValueError(f"--batch-size must be at least 1, got {batch_size}")
    if config.get("model") is None:
        raise ValueError(f"{name} has no model")
    model = _build(config)
    if any(getattr(part, "activation_checkpointing", False) for part in model.modules()):
        raise ValueError(f"{name}: what is recomputed cannot be counted; count with activation_checkpointing=False")
    moments = moments_of(name, config, model)
    if batch_size is not None:
        moments = list(dict.fromkeys(moment.with_batch(batch_size) for moment in moments))
    precision = precision or config.optim_wrapper.get("precision", "fp32")
    static = _static(config, model, processes)
    with fake_gpu():
        to_fake_gpu(model)
        model.train()
        return [MemoryCount(moment, **static, **_step(model, moment, precision)) for moment in moments]


def _build(config: Config) -> nn.Module:
    """The model without values; teachers whose files are not here as if they were."""
    import_library(config)
    init_default_scope(config.get("default_scope", "mimseg"))
    if is_transfer(config):
        with guarded(), without_values():
            detector: nn.Module = MODELS.build(config.model)
            return detector
    with guarded(), without_values(), random_teachers(config.model) as (settings, _):
        model: nn.Module = MODELS.build(settings)
        return model


def _static(config: Config, model: nn.Module, processes: int) -> dict[str, int]:
    """Bytes that are there in every step."""
    parts = [part for name in ("teachers", "judge") if (part := getattr(model, name, None)) is not None]
    teachers = _bytes_of(tensor for part in parts for tensor in (*part.parameters(), *part.buffers()))
    everything = _bytes_of([*model.parameters(), *model.buffers()])
    hooks = [*(config.get("default_hooks") or {}).values(), *(config.get("custom_hooks") or [])]
    if any(hook is not None and hook.type == "EMAHook" for hook in hooks):
        teachers += everything
        weights = everything
    else:
        weights = everything - teachers
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    gradients = _bytes_of(trained)
    states = sum(_states_of(config.optim_wrapper.optimizer) * parameter.numel() * 4 for parameter in trained)
    return {
        "weights": weights,
        "gradients": gradients,
        "buckets": gradients if processes > 1 else 0,
        "optimizer": states,
        "teachers": teachers,
    }


def _bytes_of(tensors: Iterable[Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _states_of(optimizer: dict[str, Any]) -> int:
    """Numbers that an optimizer keeps for every weight, found by one step of a small one."""
    weight = nn.Parameter(torch.ones(3, 5))
    built: Any = OPTIMIZERS.build({**optimizer, "params": [weight]})
    weight.grad = torch.ones_like(weight)
    built.step()
    kept = [value for value in built.state[weight].values() if isinstance(value, Tensor)]
    return sum(value.numel() for value in kept if value.numel() > 1) // weight.numel()


def _step(model: Any, moment: Moment, precision: Precision) -> dict[str, int]:
    """What the forward pass keeps, and how much more either pass needs."""
    moment.prepare(model)
    with LiveBytes([*model.parameters(), *model.buffers()]) as live:
        images = torch.empty(moment.batch_size, len(model.data_preprocessor.mean), *moment.size, device="cuda")
        with autocast(precision), counts_known(model):
            loss = _loss(model, images)
        kept, copies = live.now, live.copies
        run_backward(loss, live.leave_out)
        del images
    return {"copies": copies, "activations": kept - copies, "temporaries": live.peak - kept}


def _loss(model: Any, images: Tensor) -> Tensor:
    """The loss of a batch ``(B, C, H, W)``."""
    if isinstance(model, MaskedImageModel):
        losses = model.loss(images)
    elif hasattr(model, "roi_head"):
        losses = losses_of_detector(model, images)
    elif not isinstance(model, Classifier):
        losses = _losses_of_segmentor(model, images)
    else:
        if not isinstance(model.augment, Identity):
            model.augment = Mixed(model.num_classes)
        losses = model.loss(images, torch.empty(len(images), dtype=torch.long, device="cuda"))
    loss: Tensor = model.parse_losses(losses)[0]
    return loss


def _losses_of_segmentor(model: Any, images: Tensor) -> dict[str, Tensor]:
    """The losses of the heads of mmseg's EncoderDecoder; its accuracy beside them reads from the device."""
    features = model.extract_feat(images)
    auxiliary = getattr(model, "auxiliary_head", None) or []
    heads = [model.decode_head, *(auxiliary if isinstance(auxiliary, nn.ModuleList) else [auxiliary])]
    labels = torch.empty(len(images), *images.shape[2:], dtype=torch.long, device=images.device)
    losses = {}
    for index, head in enumerate(heads):
        logits = F.interpolate(head(features), images.shape[2:], mode="bilinear", align_corners=head.align_corners)
        losses[f"loss_{index}"] = head.loss_decode(logits, labels, ignore_index=head.ignore_index)
    return losses


class Mixed(nn.Module):
    """What mixup and CutMix leave in memory: other images, and a share of every class for each.

    Args:
        num_classes: number of classes.
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.num_classes = num_classes

    def forward(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Images ``(B, C, H, W)`` and shares ``(B, classes)`` for images and labels ``(B)``."""
        return images.clone(), images.new_empty(len(images), self.num_classes)
