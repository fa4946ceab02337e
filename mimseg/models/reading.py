"""What tasks read of an encoder: its own tokens, those behind one of its blocks, or what the neck makes of them."""

from dataclasses import replace
from functools import cached_property

import torch

from .backbones.base import Latent, MaskedEncoder
from .decoders import Neck
from .step import Step
from .tasks import Task


class Encoded:
    """What an encoder gave for a batch; the neck runs once, and only if a task reads it.

    Args:
        latent: the encoder's tokens.
        neck: the neck that tasks with ``reads='neck'`` share.
    """

    def __init__(self, latent: Latent, neck: Neck) -> None:
        self.latent = latent
        self.neck = neck

    @cached_property
    def necked(self) -> Latent:
        """What the neck makes of the encoder's tokens."""
        latent: Latent = self.neck(self.latent)
        return latent

    def read_by(self, task: Task) -> Latent:
        """The tokens that a task's decoder gets."""
        if task.reads == "neck":
            return self.necked
        return self.latent if task.reads == "encoder" else self.latent.behind(task.reads)

    def unmasked(self, encoder: MaskedEncoder, step: Step, task: Task) -> Latent:
        """Encode the full images of a step, for a task that reads the masked patches; without gradient if detached."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and not task.detach):
            latent: Latent = self.neck(encoder(step.images))
        return replace(latent, mask=step.mask)
