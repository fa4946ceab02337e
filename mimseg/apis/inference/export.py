"""An encoder alone as a file that runs without this project: a program of torch.export, or ONNX."""

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from torch import Tensor, nn

from ...checkpoints import write_atomically
from ...models import FeatureExtractor, MaskedImageModel
from ...models.backbones.base import MaskedEncoder
from ...models.features import Pool, pooled
from ...registry import MODELS
from ...version import __version__
from ..run.config import load_config
from ..run.outputs import check_output
from ..run.rows import split_row
from ..run.transfer import is_dense
from .inference import evaluation_transform, load_model

Format = Literal["torch-export", "onnx"]
Output = Literal["tokens", "map", "pooled"]
Run = Callable[[Tensor], Tensor]
SUFFIXES: dict[str, str] = {"torch-export": ".pt2", "onnx": ".onnx"}
ONNX_PACKAGES = ("onnx", "onnxscript")
ONNX_LIMIT = 2**31
"""Bytes that a single ONNX file can hold."""
TOLERANCE = 1e-4
"""Largest difference between the file's and the encoder's output, as a share of the largest value."""
BATCHES = (1, 3)
BATCH = {"images": {0: torch.export.Dim("batch", min=1)}}


class ExportableEncoder(nn.Module):
    """What is exported: normalised images to one tensor.

    Args:
        encoder: in evaluation mode.
        output: 'tokens', all of them ``(B, prefix + T, D)``; 'map', those of patches as ``(B, D, h, w)``; 'pooled', one
            vector per image ``(B, D)``.
        pool: what 'pooled' takes, 'avg' (mean of the patch tokens) or 'cls' (class token).
    """

    def __init__(self, encoder: MaskedEncoder, output: Output, pool: Pool = "avg") -> None:
        super().__init__()
        self.encoder = encoder
        self.output: Output = output
        self.pool: Pool = pool

    def forward(self, images: Tensor) -> Tensor:
        """Normalised images ``(B, C, H, W)`` to the output."""
        if self.output == "pooled":
            return pooled(self.encoder, images, self.pool)
        latent = self.encoder(images)
        if self.output == "tokens":
            tokens: Tensor = latent.tokens
            return tokens
        h, w = (side // self.encoder.split for side in latent.grid)
        patches: Tensor = latent.patch_tokens
        return patches.transpose(1, 2).unflatten(2, (h, w))


@dataclass(frozen=True)
class Export:
    """What was written.

    Attributes:
        target: the program.
        facts: what lies beside it as JSON: what it takes and gives, and where it comes from.
        difference: largest difference to the encoder, as a share of the largest value; None if it could not be run.
    """

    target: Path
    facts: dict[str, Any]
    difference: float | None

    @property
    def facts_file(self) -> Path:
        """The JSON file."""
        return self.beside(self.target)

    @staticmethod
    def beside(target: Path) -> Path:
        """The JSON file of a program."""
        return target.with_name(f"{target.name}.json")

    def __str__(self) -> str:
        """A line for each: the file, what goes in, what comes out, and the check."""
        takes, gives = self.facts["input"], self.facts["output"]
        mean, std = (", ".join(f"{value:g}" for value in takes[key]) for key in ("mean", "std"))
        checked = "not run here: onnxruntime is not installed"
        if self.difference is not None:
            checked = f"batches of {' and '.join(map(str, BATCHES))} differ from the encoder's by {self.difference:.1e}"
        return "\n".join(
            [
                f"{self.facts['encoder']} of {self.facts['checkpoint']} -> {self.target} ({self.facts['format']})",
                f"  input    {takes['name']} {_shape(takes['shape'])} float32, {takes['channel_order']}, "
                f"(pixels - mean) / std with mean {mean} and std {std}",
                f"  output   {gives['name']} {_shape(gives['shape'])}",
                f"  check    {checked}",
                f"  all of this is in {self.facts_file}",
            ]
        )


def export_encoder(
    config: str | Path | Config,
    checkpoint: str | Path,
    target: str | Path,
    *,
    format: Format = "torch-export",
    image_size: tuple[int, int] | None = None,
    output: Output = "tokens",
    weights: Literal["student", "ema"] = "student",
    trust: bool = False,
    overwrite: bool = False,
    log: Callable[[str], Any] = print,
) -> Export:
    """Write a config's encoder, in evaluation mode, for images of one size in batches of any.

    The program takes normalised images; mean, deviation, channel order and crop are written beside it as JSON. It is
    run on two batch sizes and compared with the encoder before it is written.

    Args:
        config: config of a pre-training, of k-NN, or of a classifier: a file, or what :func:`load_config` gave.
        checkpoint: any file that :func:`mimseg.checkpoints.load_weights` reads.
        target: the file to write: '.pt2' for torch.export, '.onnx' for ONNX.
        format: 'torch-export', loaded by ``torch.export.load``; or 'onnx', which needs the extra ``export``.
        image_size: (H, W) in pixels; default: the size of the config's crop.
        output: 'tokens', 'map' or 'pooled', see :class:`ExportableEncoder`.
        weights: 'ema' takes the EMA teacher's encoder.
        trust: unpickle a checkpoint that holds more than plain data; it can run code.
        overwrite: whether existing files may be replaced; never those that are read.
        log: takes the table of what was loaded.

    Raises:
        FileNotFoundError: no such config.
        CheckpointError: the checkpoint is missing, damaged or not trusted.
        ValueError: the target or the JSON file beside it exists, another suffix, a missing package, an image size that
            the encoder does not take, a config without such an encoder, a checkpoint that does not fit, or a program
            that computes something else.
        AtomicWriteError: the target cannot be written.
    """
    target = Path(target)
    _check(target, format, output)
    cfg = config if isinstance(config, Config) else load_config(config)
    for file in (target, Export.beside(target)):
        check_output(file, [checkpoint, *([split_row(cfg.filename)[0]] if cfg.filename else [])], overwrite)
    cfg = _encoder_config(cfg)
    *_, crop = evaluation_transform(cfg, image_size)
    model: Any = load_model(cfg, checkpoint, device="cpu", weights=weights, trust=trust, log=log)
    pool: Pool = getattr(model, "pool", "avg")
    module = ExportableEncoder(model.encoder, output, pool).eval().requires_grad_(False)
    scale = crop["scale"]
    height, width = (scale, scale) if isinstance(scale, int) else scale
    with torch.no_grad():
        first = _try(module, torch.zeros(2, model.encoder.in_channels, height, width))
        data, run = _onnx(module, first) if format == "onnx" else _torch_export(module, first)
        difference = None if run is None else _difference(run, module, first.shape[1:])
        facts = {
            "format": format,
            "encoder": type(model.encoder).__name__,
            "config": cfg.filename and str(cfg.filename),
            "checkpoint": str(checkpoint),
            "weights": weights,
            "input": _input_facts(model, first, crop),
            "output": _output_facts(module, first),
            "versions": {"mimseg": __version__, "torch": torch.__version__},
        }
    export = Export(target, facts, difference)
    write_atomically(target, data)
    write_atomically(export.facts_file, (json.dumps(facts, indent=2) + "\n").encode())
    return export


def _check(target: Path, format: str, output: str) -> None:
    if format not in SUFFIXES:
        raise ValueError(f"--format {format}: known are {', '.join(SUFFIXES)}")
    if output not in get_args(Output):
        raise ValueError(f"--output {output}: known are {', '.join(get_args(Output))}")
    if target.suffix != SUFFIXES[format]:
        raise ValueError(f"{target}: a file of --format {format} ends in {SUFFIXES[format]}")
    missing = [name for name in ONNX_PACKAGES if format == "onnx" and find_spec(name) is None]
    if missing:
        raise ValueError(
            f"--format onnx needs {' and '.join(missing)}, not installed here: python -m pip install -e '.[export]', "
            "or use --format torch-export"
        )


def _encoder_config(cfg: Config) -> Config:
    """The config with a model that is an encoder and little more: no teacher or decoder of a pre-training is built.

    Raises:
        ValueError: it is of a detector or segmentor.
    """
    if is_dense(cfg):
        raise ValueError(
            f"config {cfg.filename}: the backbone of a detector or segmentor is not exported; give the config and "
            "checkpoint of its pre-training"
        )
    kind = MODELS.get(cfg.model.type) if cfg.get("model") else None
    if kind is None or not issubclass(kind, MaskedImageModel):
        return cfg
    cfg = cfg.copy()
    parts = {name: cfg.model[name] for name in ("data_preprocessor", "encoder")}
    cfg.pop("model")
    cfg.model = dict(type=FeatureExtractor.__name__, **parts)
    return cfg


def _try(module: ExportableEncoder, images: Tensor) -> Tensor:
    """Run once, so that tables which encoders keep for an image size are made; gives the images.

    Raises:
        ValueError: the network does not take this size.
    """
    try:
        module(images)
    except AssertionError as error:  # of timm and MMPreTrain
        size = "x".join(map(str, images.shape[2:]))
        raise ValueError(f"the encoder takes no images of {size} ({error}); set model.encoder.image_size") from error
    return images


def _torch_export(module: nn.Module, images: Tensor) -> tuple[bytes, Run | None]:
    """The file's bytes, and what they do."""
    file = io.BytesIO()
    torch.export.save(torch.export.export(module, (images,), dynamic_shapes=BATCH, strict=False), file)
    file.seek(0)
    return file.getvalue(), torch.export.load(file).module()


def _onnx(module: ExportableEncoder, images: Tensor) -> tuple[bytes, Run | None]:
    """As :func:`_torch_export`; nothing can be run where there is no onnxruntime.

    Raises:
        ValueError: the weights are larger than a file of ONNX.
    """
    if sum(tensor.nbytes for tensor in module.state_dict().values()) >= ONNX_LIMIT:
        raise ValueError("an ONNX file holds at most 2 GB, less than these weights; use --format torch-export")
    program: Any = torch.onnx.export(
        module, (images,), dynamo=True, dynamic_shapes=BATCH, input_names=["images"], output_names=[module.output]
    )
    data: bytes = program.model_proto.SerializeToString()
    if find_spec("onnxruntime") is None:
        return data, None
    import onnxruntime

    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    return data, lambda batch: torch.from_numpy(session.run(None, {"images": batch.numpy()})[0])


def _difference(run: Run, module: nn.Module, shape: Sequence[int]) -> float:
    """How much the program's output differs from the encoder's, as a share of its largest value.

    Raises:
        ValueError: more than :data:`TOLERANCE`.
    """
    generator = torch.Generator().manual_seed(0)
    worst = 0.0
    for batch in BATCHES:
        images = torch.randn(batch, *shape, generator=generator)
        expected = module(images)
        worst = max(worst, ((run(images) - expected).abs().max() / expected.abs().max().clamp(min=1e-12)).item())
    if not worst <= TOLERANCE:
        raise ValueError(
            f"the exported program differs from the encoder by {worst:.1e} of its largest value, more than "
            f"{TOLERANCE:.0e}: nothing was written"
        )
    return worst


def _input_facts(model: BaseModel, images: Tensor, crop: dict[str, Any]) -> dict[str, Any]:
    normalise: Any = model.data_preprocessor
    channels = images.shape[1]
    return {
        "name": "images",
        "shape": ["batch", *images.shape[1:]],
        "dtype": "float32",
        "channel_order": {1: "grey", 3: "RGB"}.get(channels, f"the files' {channels} channels"),
        "mean": normalise.mean.flatten().tolist(),
        "std": normalise.std.flatten().tolist(),
        "normalisation": "(pixels - mean) / std, pixels as in the files: 0 to 255 for 8 bits",
        "crop": f"central, {crop['crop_fraction']:g} of the largest of this aspect ratio, resized bicubically",
    }


def _output_facts(module: ExportableEncoder, images: Tensor) -> dict[str, Any]:
    encoder = module.encoder
    h, w = (side // encoder.split for side in encoder.grid_of(images))
    facts: dict[str, Any] = {"name": module.output, "shape": ["batch", *module(images).shape[1:]], "grid": [h, w]}
    if module.output == "tokens":
        facts["prefix_tokens"] = encoder.prefix
    if module.output == "pooled":
        facts["pool"] = module.pool
    return facts


def _shape(sides: Sequence[Any]) -> str:
    return f"({', '.join(map(str, sides))})"
