"""Pictures of a run while it trains and at its end."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ..engine.log_failures import best_effort
from ..engine.undisturbed import undisturbed
from ..models import reconstruct_hidden
from ..names import printable
from ..registry import DATASETS, HOOKS
from .curves import draw_loss_curves, read_losses
from .masks import name_score
from .rendering import render, save_png
from .sheet import draw_sheet


@HOOKS.register_module()
class PictureHook(Hook):
    """Draw a few fixed images reconstructed under fixed masks (see :func:`draw_sheet`), and the loss curves.

    Writes ``pictures/epoch_<n>.png`` and, after training, ``pictures/losses.png`` in the work folder, hands
    them to the visualizer's backends (TensorBoard and others), and logs the paths. Training goes on as if
    nothing had happened.

    Args:
        dataset: dataset config with a deterministic pipeline; evenly spaced images of it are drawn.
        num_images: rows of the sheet; fewer where the dataset is smaller.
        interval: epochs between sheets; 0 = only after training.
        seed: of the masks.
        hard: whether to show which patches the model predicts to be hardest, where it predicts that.

    Raises:
        ValueError: ``num_images`` below 1 or a negative ``interval``.
    """

    def __init__(
        self,
        dataset: dict[str, Any],
        num_images: int = 8,
        interval: int = 0,
        seed: int = 0,
        hard: bool = True,
    ) -> None:
        if num_images < 1:
            raise ValueError(f"PictureHook: num_images is {num_images}; draw at least one, or remove the hook")
        if interval < 0:
            raise ValueError(f"PictureHook: interval is {interval}; use a number of epochs, or 0 for the end")
        self.dataset = dataset
        self.num_images = num_images
        self.interval = interval
        self.seed = seed
        self.hard = hard
        self.batch: dict[str, Any] | None = None

    def before_train(self, runner: Runner) -> None:
        """Read the images now, so that a wrong path stops the run before it trains, not after."""
        if is_main_process():
            with undisturbed(runner.model):
                self.batch = _first_to_last(DATASETS.build(self.dataset), self.num_images)

    def after_train_epoch(self, runner: Runner) -> None:
        """Draw every ``interval`` epochs, except after the last, which ``after_train`` draws."""
        epoch = runner.epoch + 1
        if self.every_n_epochs(runner, self.interval) and epoch < runner.max_epochs and is_main_process():
            with best_effort(runner, f"the picture of epoch {epoch}"):
                runner.logger.info(f"Picture: {self._draw_sheet(runner, epoch)}")

    def after_train(self, runner: Runner) -> None:
        """Draw the final sheet and the loss curves."""
        if is_main_process():
            with best_effort(runner, "the pictures of the end"):
                self._draw_end(runner)

    def _draw_end(self, runner: Runner) -> None:
        sheet = self._draw_sheet(runner, runner.epoch)
        losses = read_losses(sorted(Path(runner.work_dir).glob("*/vis_data/scalars.json")))
        if not losses:
            runner.logger.warning(f"Picture: {sheet} (no loss curves: no loss was logged to vis_data/scalars.json)")
            return
        curves = render(draw_loss_curves(losses, runner.experiment_name))
        runner.visualizer.add_image("losses", curves, step=runner.iter)
        runner.logger.info(f"Pictures: {sheet} {save_png(curves, sheet.with_name('losses.png'))}")

    def _draw_sheet(self, runner: Runner, epoch: int) -> Path:
        with undisturbed(runner.model) as model:
            preprocessor = model.data_preprocessor
            batch = preprocessor(self.batch, False)
            images = batch["inputs"]
            generator = torch.Generator(images.device).manual_seed(self.seed)
            reconstruction = reconstruct_hidden(model, images, generator)
        names = [printable(Path(sample.get("img_path", "")).name) for sample in batch["data_samples"]]
        title = f"{runner.experiment_name}   ·   epoch {epoch} of {runner.max_epochs}"
        mean, std, score = preprocessor.mean, preprocessor.std, name_score(model.masking)
        figure = draw_sheet(images, reconstruction, mean, std, title, names, self.hard, score)
        sheet = render(figure)
        runner.visualizer.add_image("reconstruction", sheet, step=runner.iter)
        return save_png(sheet, Path(runner.work_dir) / "pictures" / f"epoch_{epoch}.png")


def _first_to_last(dataset: Any, number: int) -> dict[str, Any]:
    batch: dict[str, Any] = pseudo_collate([dataset[index] for index in evenly_spaced(len(dataset), number)])
    return batch


def evenly_spaced(total: int, number: int) -> list[int]:
    """``number`` indices from the first to the last of ``total``, or all where there are fewer."""
    indices: list[int] = np.linspace(0, total - 1, min(number, total)).round().astype(int).tolist()
    return indices
