"""Comparing the masks of several configs on the same images, from a notebook or ``tools/visualize.py --strategies``."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import torch
from matplotlib.figure import Figure
from mmengine.config import Config

from ...checkpoints.run_file import as_one_file
from ...models import MaskedImageModel
from ...models.step import EMBEDDING
from ...visualization import Masks, Strategy, draw_strategies
from ..run.config import load_configs
from ..run.errors import explain
from .inference import check_masked, draw_masks, load_images, load_model, normalise

Source = tuple[str | Path, str | Path | None]
"""A config file, and a checkpoint or None."""


def compare_masks(
    sources: Sequence[Source],
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
    warn: Callable[[str], Any] = print,
) -> Figure:
    """Mask the same crops of images by each config in turn and draw them in one sheet.

    The first config says how images are loaded and cropped. All models get noise of the same seed. Without a checkpoint
    a model's weights are as initialised; the sheet says so, and where its scores read them, ``warn`` is told.

    Args:
        sources: configs, each with a checkpoint or None.
        paths: image files, see :func:`mimseg.apis.find_images`.
        size: ``(H, W)`` in pixels; default: that of the first config's crop.
        seed: of the masks, and of weights that no checkpoint holds.
        options: ``key=value`` overrides, see :func:`mimseg.apis.run.config.options_for`.
        device: as in :func:`load_model`, like ``weights``, ``progress``, ``trust`` and ``log``.
        warn: takes one line a strategy whose scores mean nothing.

    Raises:
        FileNotFoundError: a config or checkpoint is missing.
        ValueError: no sources, or one of them cannot be built, loaded or used with these images; names it.
    """
    if not sources:
        raise ValueError("no strategy to draw: give at least one config")
    for _, checkpoint in sources:
        if checkpoint is not None and not Path(checkpoint).exists():
            raise FileNotFoundError(f"no checkpoint at {checkpoint}: check the path")
    configs = read_configs([path for path, _ in sources], options)
    crops = load_images(configs[0], paths, size)
    strategies: list[Strategy] = []
    for (path, checkpoint), cfg in zip(sources, configs, strict=True):
        with naming(path), torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            model = load_model(cfg, checkpoint, device=device, weights=weights, progress=progress, trust=trust, log=log)
            images = normalise(model, crops)
            masks = draw_masks(model, images, seed)
        if not strategies:
            shown, mean, std = images.cpu(), model.data_preprocessor.mean.cpu(), model.data_preprocessor.std.cpu()
        strategies.append(_describe(path, checkpoint, model, masks))
        if strategies[-1].doubt:
            warn(f"{path} has no checkpoint, so its scores come from random weights; give {path}=CHECKPOINT")
    height, width = shown.shape[-2:]
    drawn = f"masks of seed {seed} as at {100 * progress:.0f} % of training"
    title = "   ·   ".join(["masking strategies", drawn, f"{height}x{width} pixels"])
    return draw_strategies(shown, strategies, mean, std, title, [Path(image).name for image in paths])


def read_configs(paths: Sequence[str | Path], options: Sequence[str]) -> list[Config]:
    """Configs of pre-training, with overrides."""
    configs = load_configs(paths, options)
    for cfg in configs:
        check_masked(cfg)
    return configs


@contextmanager
def naming(config: str | Path) -> Iterator[None]:
    """Say of a user's mistake to which config it belongs."""
    try:
        yield
    except Exception as error:
        line = explain(error)
        if line is None or str(config) in line:
            raise
        raise ValueError(f"{config}: {line}") from error


def _describe(path: str | Path, checkpoint: str | Path | None, model: MaskedImageModel, masks: Masks) -> Strategy:
    label = config_label(path)
    if checkpoint is not None:
        return Strategy(label, masks, origin="/".join(Path(checkpoint).parts[-2:]))
    if masks.score is not None and _scores_read_weights(model):
        return Strategy(label, masks, doubt="random weights: scores mean nothing yet")
    return Strategy(label, masks, origin="random weights, not read")


def config_label(config: str | Path) -> str:
    """A config's path below ``configs/``, elsewhere its folder and name."""
    parts = Path(as_one_file(config)).with_suffix("").parts
    below = len(parts) - parts[::-1].index("configs") if "configs" in parts[:-1] else -2
    return "/".join(parts[below:])


def _scores_read_weights(model: MaskedImageModel) -> bool:
    """Whether a checkpoint would change the scores: not if they ask only teachers that have their own file."""
    saved = model.state_dict()
    asked = {name for name, _ in model.masking.needs - {EMBEDDING}}
    own = {name for name in asked if not any(key.startswith(f"teachers.{name}.") for key in saved)}
    own = {name for name in own if any(True for _ in model.teachers[name].parameters())}
    return EMBEDDING in model.masking.needs or asked != own
