"""A pre-trained timm model as teacher."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast

import timm
import torch
from timm.models.vision_transformer import checkpoint_filter_fn
from torch import Tensor, nn

from ...checkpoints import CheckpointError, UntrustedCheckpointError
from ...checkpoints.sound import UNFIT, check_finite, check_fractional, check_kinds, misshapen
from ...checkpoints.source import read_file
from ...checkpoints.wrapping import prefixes, under, unwrap
from ...registry import MODELS
from ..backbones.base import MaskedEncoder
from ..step import TeacherView, Want
from ..timm_options import check_timm
from .base import Student, Teacher


@MODELS.register_module()
class FrozenTeacher(Teacher):
    """Patch features of a frozen timm model: DINO, CLIP or any other with token output (HPM, Table 1).

    Args:
        model: timm name, e.g. ``vit_base_patch16_224.dino``.
        checkpoint: local file with its weights, in timm's names or those of its authors (DINO's, OpenAI's CLIP as they
            publish it). Needed: nothing is downloaded.
        project: apply the model's head to every token (CLIP's projection to the joint space).
        input_stats: 'student' shows the teacher the very crop that the student is normalised for (HPM's public code),
            'own' re-normalises it with the teacher's statistics.
        options: further arguments of ``timm.create_model``, which load nothing.

    Raises:
        FileNotFoundError: ``checkpoint`` does not exist.
        ValueError: no ``checkpoint`` is named, or it does not fit the model; ``options`` would load weights;
            ``input_stats`` is unknown, or the model's activation is another than that of its weights. A teacher is
            never left at random weights.
    """

    provides = frozenset({"features"})

    network: Any  # a timm model
    scale: Tensor
    shift: Tensor

    def __init__(
        self,
        model: str,
        checkpoint: str | None = None,
        project: bool = False,
        input_stats: Literal["student", "own"] = "student",
        options: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        if input_stats not in ("student", "own"):
            raise ValueError(f"input_stats must be 'student' or 'own', got {input_stats!r}")
        self.project, self.input_stats = project, input_stats
        options = dict(options or {})
        if not project:
            options.setdefault("num_classes", 0)
        self.network = load_timm(model, checkpoint, options).eval().requires_grad_(False)
        self.register_state_dict_post_hook(leave_network_out)
        self.register_load_state_dict_post_hook(miss_no_network)

    def feature_dim(self, encoder: MaskedEncoder) -> int:
        """Width after the projection, if there is one."""
        return int(self.network.num_classes if self.project else self.network.num_features)

    def setup(self, student: Student, wanted: frozenset[Want]) -> None:
        """Remember how to go from the student's normalisation to the teacher's."""
        own = self.network.pretrained_cfg
        channels = student.preprocessor.channels
        if self.input_stats == "own" and len(own["mean"]) != channels:
            raise ValueError(
                f"teacher {own['architecture']} takes {len(own['mean'])} channels, the images have {channels}"
            )
        theirs = [torch.tensor(own[key]).view(-1, 1, 1) * 255 for key in ("mean", "std")]
        mean, std = student.preprocessor.mean, student.preprocessor.std
        self.register_buffer("scale", std / theirs[1], persistent=False)
        self.register_buffer("shift", (mean - theirs[0]) / theirs[1], persistent=False)

    @torch.no_grad()
    def look(self, images: Tensor, wanted: frozenset[Want]) -> TeacherView:
        """Features ``(B, L, D)`` after the final norm (and projection), prefix tokens dropped."""
        if self.input_stats == "own":
            images = images * self.scale + self.shift
        tokens = self.network.forward_features(images)
        if tokens.ndim != 3:
            raise ValueError(f"teacher features have shape {tuple(tokens.shape)}, need tokens (B, N, D)")
        tokens = tokens[:, self.network.num_prefix_tokens :]
        return TeacherView(features=self.network.head(tokens) if self.project else tokens)


def leave_network_out(module: nn.Module, state: dict[str, Any], prefix: str, metadata: Any) -> None:
    """Keep frozen weights, which have their own file, out of every checkpoint."""
    for key in [key for key in state if key.startswith(f"{prefix}network.")]:
        del state[key]


def miss_no_network(module: nn.Module, incompatible: Any) -> None:
    """What was left out of a checkpoint is not missing from it."""
    own = {f"network.{name}" for name in cast(nn.Module, module.network).state_dict()}
    missing = incompatible.missing_keys
    missing[:] = [key for key in missing if key[key.find("network.") :] not in own]


def load_timm(name: str, checkpoint: str | None, options: dict[str, Any]) -> nn.Module:
    """A timm model with the weights of a local file; see :class:`FrozenTeacher` for the errors."""
    key = f"{Teacher.key}.checkpoint"
    check_timm(name, options, Teacher.key, f"set {key}=FILE")
    check_activation(name)
    if checkpoint is None:
        raise ValueError(
            f"{key} is not set, and nothing is downloaded: get the weights of timm's {name} once "
            f"(https://huggingface.co/timm/{name}, model.safetensors; or its authors' file) and set {key}=FILE"
        )
    if not Path(checkpoint).expanduser().is_file():
        raise FileNotFoundError(f"teacher checkpoint {checkpoint!r} does not exist; set {key}=FILE")
    network: nn.Module = timm.create_model(name, pretrained=False, **options)
    weights = read_timm(checkpoint, network)
    try:
        result = network.load_state_dict(weights, strict=False)
    except RuntimeError as error:
        raise ValueError(
            f"teacher checkpoint {checkpoint!r} does not fit timm's {name}: {str(error).splitlines()[-1].strip()}"
        ) from error
    extra = [key for key in result.unexpected_keys if not key.startswith(("head.", "fc.", "fc_norm."))]
    if result.missing_keys or extra:
        raise ValueError(
            f"teacher checkpoint {checkpoint!r} does not fit timm's {name}: {len(result.missing_keys)} weights missing "
            f"{result.missing_keys[:3]}, {len(extra)} unknown {extra[:3]}"
        )
    return network


def read_timm(checkpoint: str, network: nn.Module) -> Mapping[str, Tensor]:
    """The weights of a file under timm's names.

    Raises:
        ValueError: the file holds more than tensors, is damaged, or its tensors are no weights.
    """
    try:
        tensors = unwrap(read_file(checkpoint)).tensors
    except UntrustedCheckpointError as error:
        raise ValueError(
            f"teacher checkpoint {checkpoint!r} was not loaded: it holds more than tensors and could run code; save "
            "its state_dict alone"
        ) from error
    except CheckpointError as error:
        raise ValueError(f"teacher checkpoint {error}") from error
    try:
        check_kinds(tensors)
        weights = rename_for_timm(tensors, network)
        target = network.state_dict()
        known = {name: tensor for name, tensor in weights.items() if name in target}
        check_fractional(known, target)
        check_finite(known)
    except ValueError as error:
        raise ValueError(f"teacher checkpoint {checkpoint!r}: {error}") from error
    except UNFIT as error:
        raise ValueError(f"teacher checkpoint {checkpoint!r}: {misshapen(tensors, error)}") from error
    return weights


def rename_for_timm(tensors: Mapping[str, Tensor], network: nn.Module) -> Mapping[str, Tensor]:
    """A file's tensors without their prefix, OpenAI's and OpenCLIP's by timm's names."""
    parts = [under(tensors, prefix) for prefix in prefixes(tensors)]
    if clip := next((part for part in parts if "visual.class_embedding" in part), None):
        renamed: Mapping[str, Tensor] = checkpoint_filter_fn(clip, network)
        return renamed
    names = network.state_dict().keys()
    return max(parts, key=lambda part: len(names & part.keys()))


def check_activation(name: str) -> None:
    """Refuse a CLIP of OpenAI with GELU: its weights are of QuickGELU, ``x * sigmoid(1.702 x)``.

    Raises:
        ValueError: names timm's model that computes it.
    """
    model, _, tag = name.partition(".")
    if tag.startswith("openai") and "_clip_" in model and "_quickgelu_" not in model:
        fitting = f"{model.replace('_clip_', '_clip_quickgelu_')}.{tag}"
        raise ValueError(
            f"teacher model {name!r} computes GELU, but OpenAI's weights were trained with QuickGELU; "
            f"set model={fitting!r}"
        )
