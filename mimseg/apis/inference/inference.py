"""Using a trained model from a notebook: load it, read images, reconstruct them, take their features."""

import copy
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.model import BaseModel
from mmengine.registry import init_default_scope
from torch import Tensor

from ...checkpoints import guarded, load_weights
from ...datasets import scan_images
from ...datasets.scanning import and_passed_over
from ...models import MaskedImageModel, Reconstruction, inspection
from ...registry import MODELS, TRANSFORMS
from ...visualization import Masks, evenly_spaced, name_score, use_visible_statistics
from ..run.config import load_config

CROPS = ("CenterResizedCrop", "RandomResizedCrop", "LoadResizedCrop")
LOADING = ("channels", "max_pixels", "mixed_depths")  # what a LoadResizedCrop hands to its LoadImage


def load_model(
    config: str | Path | Config,
    checkpoint: str | Path | None,
    *,
    device: str | torch.device | None = None,
    weights: Literal["student", "ema"] = "student",
    progress: float = 1.0,
    trust: bool = False,
    log: Callable[[str], Any] = print,
) -> BaseModel:
    """Build a config's model, load a checkpoint into it, and set it to evaluation.

    The config stays with the model as ``model.cfg``.

    Args:
        config: a config file, or what :func:`load_config` gave.
        checkpoint: any file that :func:`mimseg.checkpoints.load_weights` reads. It must hold the whole model; only
            teachers may be missing, which then are copies of the student. None leaves the weights as initialised.
        device: default: the GPU if there is one.
        weights: the trained weights, or, of the parts that the checkpoint's EMA teacher has (encoder, neck and loss
            predictor; not the reconstruction's decoder), their moving average.
        progress: share of training done, 0 to 1; masks that follow a schedule are drawn as at that time.
        trust: unpickle a checkpoint that holds more than plain data; it can run code.
        log: takes the table of what was loaded.

    Raises:
        FileNotFoundError: no such config.
        CheckpointError: the checkpoint is missing, damaged or not trusted.
        ValueError: the checkpoint does not fit the model, the config has no model, ``progress`` is out of range, or the
            device is not there.
    """
    if not 0 <= progress <= 1:
        raise ValueError(f"progress is {progress}; give the share of training done, from 0 to 1")
    device = _find_device(device)
    cfg = config if isinstance(config, Config) else load_config(config)
    model = build_model(cfg)
    if checkpoint is not None:
        load_weights(model, checkpoint, weights=weights, trust=trust, log=log)
    if isinstance(model, MaskedImageModel):
        model.set_progress(progress)
    model.cfg = cfg
    return model.to(device).eval()


def _find_device(name: str | torch.device | None) -> torch.device:
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f"device {name!r} is unknown; use cpu, cuda or cuda:<number>") from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ValueError(f"device {str(device)!r} is not in this machine, which has {torch.cuda.device_count()} GPUs")
    there = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    if device.type not in ("cpu", there.type if there else "cpu"):
        raise ValueError(f"device {str(device)!r} is not in this machine; use cpu, or leave --device out")
    return device


def build_model(cfg: Config) -> BaseModel:
    """A config's model with fresh weights, not compiled.

    Raises:
        ValueError: the config has no model.
    """
    if not cfg.get("model"):
        raise ValueError(f"config {cfg.filename} describes no model; give the config of a run, not one of its _base_")
    init_default_scope(cfg.get("default_scope") or "mimseg")
    settings = copy.deepcopy(cfg.model)
    settings.pop("compile", None)
    with guarded(bool(cfg.get("trust_checkpoint", False))):
        model: BaseModel = MODELS.build(settings)
    return model


def check_masked(cfg: Config) -> None:
    """Refuse a config whose model masks nothing.

    Raises:
        ValueError: it is no :class:`MaskedImageModel`.
    """
    kind = MODELS.get(cfg.model.type) if cfg.get("model") else None
    if kind is not None and not issubclass(kind, MaskedImageModel):
        raise ValueError(
            f"config {cfg.filename}: a {kind.__name__} masks and reconstructs nothing; give the config of the "
            "pre-training run (model.type MaskedImageModel) and its checkpoint"
        )


def find_images(paths: Iterable[str | Path], limit: int | None = None) -> list[str]:
    """Image files, and those in folders at any depth.

    Args:
        paths: files, taken as they are, and folders.
        limit: at most so many images of each folder, evenly spaced over it.

    Raises:
        FileNotFoundError: no such file or folder.
        ValueError: a folder without images, or a limit below 1.
    """
    if limit is not None and limit < 1:
        raise ValueError(f"limit is {limit}; take at least one image of a folder")
    found: list[str] = []
    for path in map(Path, paths):
        if not path.exists():
            raise FileNotFoundError(f"image {path} does not exist: check the path")
        if path.is_dir():
            passed_over: Counter[str] = Counter()
            inside = list(scan_images(str(path), passed_over=passed_over))
            if not inside:
                raise ValueError(f"folder {path} holds no image at any depth{and_passed_over(passed_over)}")
            found += [inside[index] for index in evenly_spaced(len(inside), limit or len(inside))]
        else:
            found.append(str(path))
    return found


def read_images(model: BaseModel, paths: Sequence[str | Path], size: tuple[int, int] | None = None) -> Tensor:
    """Read image files as the config of a loaded model does for evaluation: normalised ``(B, C, H, W)`` on its device.

    Files are loaded as in the config's pipeline and centrally cropped to the aspect ratio wanted: by its
    ``CenterResizedCrop`` if it has one, else the whole of the longer side is kept that fits.

    Args:
        model: what :func:`load_model` gave.
        paths: image files of any size.
        size: ``(H, W)`` in pixels, multiples of the patch size; default: that of the config's crop.

    Raises:
        UnreadableImageError: a file cannot be decoded, or has another number of channels; names it.
        ValueError: no paths, or the config's pipelines name no size.
    """
    return normalise(model, load_images(model.cfg, paths, size))


def load_images(cfg: Config, paths: Sequence[str | Path], size: tuple[int, int] | None = None) -> list[Tensor]:
    """The crops ``(C, H, W)`` that :func:`read_images` reads, not yet normalised."""
    if not paths:
        raise ValueError("no image to read: give at least one path")
    return list(map(image_reader(cfg, size), paths))


def image_reader(cfg: Config, size: tuple[int, int] | None = None) -> Callable[[str | Path], Tensor]:
    """Build the function that reads a file as a crop ``(C, H, W)``."""
    init_default_scope(cfg.get("default_scope") or "mimseg")
    transform = Compose([TRANSFORMS.build(step) for step in evaluation_transform(cfg, size)])
    return lambda path: torch.from_numpy(transform({"img_path": str(path)})["img"]).permute(2, 0, 1).float()


def normalise(model: BaseModel, images: Sequence[Tensor]) -> Tensor:
    """Crops ``(C, H, W)`` as a model wants them: normalised ``(B, C, H, W)`` on its device."""
    normalised: Tensor = model.data_preprocessor({"inputs": list(images)})["inputs"]
    return normalised


def evaluation_transform(cfg: Config, size: tuple[int, int] | None = None) -> list[dict[str, Any]]:
    """The transforms by which a config loads an image, and a central crop to ``size`` or the config's own.

    The test, validation and training pipelines are looked through in this order for a ``CenterResizedCrop`` or
    ``RandomResizedCrop``. Where images are used as they are, none has one, and ``size`` is needed.

    Raises:
        ValueError: no such crop and no ``size``, or no transform that loads an image.
    """
    pipelines = [_pipeline(cfg.get(f"{name}_dataloader") or {}) for name in ("test", "val", "train")]
    for pipeline in pipelines:
        for index, step in enumerate(pipeline):
            if _kind(step) in CROPS:
                fraction = step.get("crop_fraction", 0.875) if _kind(step) == "CenterResizedCrop" else 1.0
                loads = _kind(step) == "LoadResizedCrop"
                settings = {key: step[key] for key in LOADING if key in step}
                loading = [{"type": "LoadImage", **settings}] if loads else pipeline[:index]
                return [*loading, _central_crop(size or step["scale"], fraction)]
    if size is None:
        raise ValueError(
            f"config {cfg.filename}: no data pipeline has a {' or '.join(CROPS)}, so the size of its images is "
            "unknown; give it (size=(H, W), --image-size H W)"
        )
    for pipeline in pipelines:
        if loading := [step for step in pipeline if _kind(step).startswith("Load")]:
            return [*loading, _central_crop(size, 1.0)]
    raise ValueError(f"config {cfg.filename}: no data pipeline loads an image; give it a dict(type='LoadImage')")


def _central_crop(size: int | Sequence[int], fraction: float) -> dict[str, Any]:
    return dict(type="CenterResizedCrop", scale=size, crop_fraction=fraction)


def _kind(step: Mapping[str, Any]) -> str:
    return str(step["type"]).rpartition(".")[2]


def _pipeline(loader: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The transforms of a loader's dataset, or of the dataset inside it."""
    dataset = loader.get("dataset") or {}
    while "pipeline" not in dataset and "dataset" in dataset:
        dataset = dataset["dataset"]
    return list(dataset.get("pipeline", ()))


def reconstruct(
    model: BaseModel, images: Tensor, seed: int = 0, statistics: Literal["true", "visible"] = "true"
) -> Reconstruction:
    """Mask images as in training and let a loaded model fill in what is hidden.

    Args:
        model: a :class:`MaskedImageModel` in evaluation mode.
        images: normalised ``(B, C, H, W)``, see :func:`read_images`.
        seed: of the masks.
        statistics: what undoes a per-patch normalised target: 'true', the hidden patches' own mean and std, which the
            model does not know; or 'visible', those of the visible patches around them.

    Raises:
        ValueError: another kind of model; a side of the images that is no multiple of the patch size; unknown
            ``statistics``, or 'visible' where the target is not normalised.
    """
    model = _masked(model)
    if statistics not in ("true", "visible"):
        raise ValueError(f"statistics must be 'true' or 'visible', got {statistics!r}")
    seen = inspection.reconstruct_hidden(model, images, torch.Generator(images.device).manual_seed(seed))
    return use_visible_statistics(images, seen) if statistics == "visible" else seen


def draw_masks(model: BaseModel, images: Tensor, seed: int = 0) -> Masks:
    """Mask images as in training, without running more of a loaded model than its masks read.

    Args:
        model: a :class:`MaskedImageModel` in evaluation mode.
        images: normalised ``(B, C, H, W)``, see :func:`read_images`.
        seed: of the masks.

    Returns:
        Masks and the score that they follow, on the CPU, for :func:`mimseg.visualization.draw_strategies`.

    Raises:
        ValueError: another kind of model; a side of the images that is no multiple of the patch size or mask unit.
    """
    model = _masked(model)
    decision = inspection.decide_masks(model, images, torch.Generator(images.device).manual_seed(seed))
    return Masks.of_decision(decision, model.encoder.grid_of(images), name_score(model.masking))


def _masked(model: BaseModel) -> MaskedImageModel:
    if not isinstance(model, MaskedImageModel):
        raise ValueError(f"a {type(model).__name__} masks and reconstructs nothing; load a MaskedImageModel")
    return model
