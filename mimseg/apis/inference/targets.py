"""What models with different targets predict of the same images; also ``tools/analysis/draw_targets.py``."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from matplotlib.figure import Figure
from torch import Tensor

from ...models import MaskedImageModel
from ...visualization import Gradients, Masks, Prediction, draw_predictions
from .inference import load_images, load_model, normalise, reconstruct
from .strategies import config_label, naming, read_configs


def draw_targets(
    sources: Sequence[tuple[str | Path, str | Path]],
    paths: Sequence[str | Path],
    *,
    size: tuple[int, int] | None = None,
    seed: int = 0,
    options: Sequence[str] = (),
    device: str | torch.device | None = None,
    weights: Literal["student", "ema"] = "student",
    progress: float = 1.0,
    trust: bool = False,
    log: Callable[[str], Any] = print,
) -> Figure:
    """Mask the same crops of images by each model in turn and draw what it predicts (FastMIM, figure 10).

    The first config says how images are loaded and cropped. All models get noise of the same seed, so that the same
    masking settings hide the same patches from all.

    Args:
        sources: configs, each with a checkpoint; the first task of each must predict pixels or HOG.
        paths: image files, see :func:`mimseg.apis.find_images`.
        size: ``(H, W)`` in pixels; default: that of the first config's crop.
        seed: of the masks.
        options: ``key=value`` overrides, see :func:`mimseg.apis.run.config.options_for`.
        device: as in :func:`load_model`, like ``weights``, ``progress``, ``trust`` and ``log``.

    Raises:
        FileNotFoundError: a config or checkpoint is missing.
        ValueError: no sources, or one of them cannot be built, loaded or used with these images, or predicts something
            else; names it.
    """
    if not sources:
        raise ValueError("no model to draw: give at least one CONFIG=CHECKPOINT")
    for _, checkpoint in sources:
        if not Path(checkpoint).exists():
            raise FileNotFoundError(f"no checkpoint at {checkpoint}: check the path")
    configs = read_configs([path for path, _ in sources], options)
    crops = load_images(configs[0], paths, size)
    predictions: list[Prediction] = []
    for (path, checkpoint), cfg in zip(sources, configs, strict=True):
        with naming(path):
            model = load_model(cfg, checkpoint, device=device, weights=weights, progress=progress, trust=trust, log=log)
            images = normalise(model, crops)
            predictions.append(predict(model, images, config_label(path), "/".join(Path(checkpoint).parts[-2:]), seed))
        if len(predictions) == 1:
            shown, mean, std = images.cpu(), model.data_preprocessor.mean.cpu(), model.data_preprocessor.std.cpu()
    height, width = shown.shape[-2:]
    title = "   ·   ".join(["predictions", f"masks of seed {seed}", f"{height}x{width} pixels"])
    return draw_predictions(shown, predictions, mean, std, title, [Path(image).name for image in paths])


def predict(model: MaskedImageModel, images: Tensor, label: str, origin: str, seed: int = 0) -> Prediction:
    """What the first task of a model predicts of normalised images ``(B, C, H, W)``.

    Raises:
        ValueError: that is neither pixels nor HOG.
    """
    seen = reconstruct(model, images, seed)
    masks = Masks.of_reconstruction(seen, "")
    if seen.pixels is not None:
        return Prediction(label, origin, masks, pixels=seen.pixels.cpu(), note=seen.note)
    if seen.histograms is not None:
        found = seen.histograms
        gradients = Gradients(found.truth.cpu(), found.predicted.cpu(), found.bins, found.settings)
        return Prediction(label, origin, masks, gradients=gradients)
    name, task = next(iter(model.named_tasks.items()))
    raise ValueError(
        f"its first task, {name!r}, predicts {type(task.target).__name__}, which is not drawn; give models with a "
        "PixelTarget or HOGTarget"
    )
