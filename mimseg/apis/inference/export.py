"""An encoder alone as a file that runs without this project: a program of torch.export, or ONNX."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from torch import Tensor

from ...checkpoints import write_atomically
from ...choices import one_of
from ...models import FeatureExtractor, MaskedImageModel
from ...models.features import Pool
from ...places import check_output
from ...registry import MODELS
from ...version import __version__
from ..run.config import load_config
from ..run.rows import split_row
from ..run.transfer import is_transfer
from .inference import evaluation_transform, load_model
from .programs import BATCHES, ExportableEncoder, Output, difference_of, onnx, torch_export, warm_up

Format = Literal["torch-export", "onnx"]
SUFFIXES: dict[str, str] = {"torch-export": ".pt2", "onnx": ".onnx"}
ONNX_PACKAGES = ("onnx", "onnxscript")


@dataclass(frozen=True)
class Export:
    """The files that an export wrote.

    Attributes:
        out: the file of the program.
        facts: what lies beside it as JSON: what it takes and gives, and where it comes from.
        difference: largest difference to the encoder, as a share of the largest value; None if it could not be run.
    """

    out: Path
    facts: dict[str, Any]
    difference: float | None

    @property
    def facts_file(self) -> Path:
        """The JSON file."""
        return self.beside(self.out)

    @staticmethod
    def beside(out: Path) -> Path:
        """The JSON file of a program."""
        return out.with_name(f"{out.name}.json")

    def __str__(self) -> str:
        """A line for each: the file, what goes in, what comes out, and the check."""
        takes, gives = self.facts["input"], self.facts["output"]
        mean, std = (", ".join(f"{value:g}" for value in takes[key]) for key in ("mean", "std"))
        checked = "not run here: onnxruntime is not installed"
        if self.difference is not None:
            checked = f"batches of {' and '.join(map(str, BATCHES))} differ from the encoder's by {self.difference:.1e}"
        return "\n".join(
            [
                f"{self.facts['encoder']} of {self.facts['checkpoint']} -> {self.out} ({self.facts['format']})",
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
    out: str | Path,
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
        out: the file to write: '.pt2' for torch.export, '.onnx' for ONNX.
        format: 'torch-export', loaded by ``torch.export.load``; or 'onnx', which needs the extra ``export``.
        image_size: (H, W) in pixels; default: the size of the config's crop.
        output: 'tokens', 'map' or 'pooled', see :class:`~mimseg.apis.inference.programs.ExportableEncoder`.
        weights: 'ema' takes the EMA teacher's encoder.
        trust: unpickle a checkpoint that holds more than plain data; it can run code.
        overwrite: whether existing files may be replaced; never those that are read.
        log: takes the table of what was loaded.

    Raises:
        FileNotFoundError: no such config.
        CheckpointError: the checkpoint is missing, damaged or not trusted.
        ValueError: ``out`` or the JSON file beside it exists, another suffix, a missing package, an image size that
            the encoder does not take, a config without such an encoder, a checkpoint that does not fit, or a program
            that computes something else.
        AtomicWriteError: ``out`` cannot be written.
    """
    out = Path(out)
    _check(out, format, output)
    cfg = config if isinstance(config, Config) else load_config(config)
    for file in (out, Export.beside(out)):
        check_output(file, [checkpoint, *([split_row(cfg.filename)[0]] if cfg.filename else [])], overwrite)
    cfg = _encoder_config(cfg)
    *_, crop = evaluation_transform(cfg, image_size)
    model: Any = load_model(cfg, checkpoint, device="cpu", weights=weights, trust=trust, log=log)
    pool: Pool = getattr(model, "pool", "avg")
    module = ExportableEncoder(model.encoder, output, pool).eval().requires_grad_(False)
    scale = crop["scale"]
    height, width = (scale, scale) if isinstance(scale, int) else scale
    with torch.no_grad():
        first = warm_up(module, torch.zeros(2, model.encoder.in_channels, height, width))
        data, run = onnx(module, first) if format == "onnx" else torch_export(module, first)
        difference = None if run is None else difference_of(run, module, first.shape[1:])
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
    export = Export(out, facts, difference)
    write_atomically(out, data)
    write_atomically(export.facts_file, (json.dumps(facts, indent=2) + "\n").encode())
    return export


def _check(out: Path, format: str, output: str) -> None:
    if format not in SUFFIXES:
        raise ValueError(f"--format {format}: known are {', '.join(SUFFIXES)}")
    one_of("--output", output, Output)
    if out.suffix != SUFFIXES[format]:
        raise ValueError(f"{out}: a file of --format {format} ends in {SUFFIXES[format]}")
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
    if is_transfer(cfg):
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
