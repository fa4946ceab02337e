"""The record of a selection: all image scores, a table and a gallery."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader

from ..checkpoints import write_atomically
from ..models import MaskedImageModel
from ..visualization import draw_gallery, render, save_png

FOLDER = "selection"
LISTED = 1000  # images at either end of the table
DRAWN = 20  # images at either end of the gallery


def record_path(work_dir: str | Path, round_: int, suffix: str) -> Path:
    """``WORK_DIR/selection/round_<round><suffix>``."""
    return Path(work_dir) / FOLDER / f"round_{round_:02d}{suffix}"


def save_scores(path: Path, epoch: int, scores: NDArray[np.float32], kept: NDArray[np.int64]) -> None:
    """Write ``epoch`` (0-based, the first on this subset), ``scores (N,)`` and ``kept (K,)``, rising, as ``.npz``.

    Raises:
        AtomicWriteError: it cannot be written; an earlier file of that name stays.
    """
    buffer = io.BytesIO()
    np.savez(buffer, epoch=np.int64(epoch), scores=scores, kept=kept)
    write_atomically(path, buffer.getvalue())


def save_table(
    path: Path, dataset: Any, scores: NDArray[np.float32], order: NDArray[np.int64], number_kept: int
) -> None:
    """Write rank (from 1), score, index, path and whether it is kept, of the highest and the lowest images, as CSV.

    Raises:
        AtomicWriteError: it cannot be written; an earlier file of that name stays.
    """
    buffer = io.StringIO()
    table = csv.writer(buffer, lineterminator="\n")
    table.writerow(("rank", "score", "kept", "index", "path"))
    for place in ends(len(order), LISTED):
        index = int(order[place])
        kept = "yes" if place < number_kept else "no"
        table.writerow((place + 1, f"{scores[index]:.6g}", kept, index, name_sample(dataset, index)))
    write_atomically(path, buffer.getvalue().encode(errors="backslashreplace"))


def ends(length: int, number: int) -> list[int]:
    """The first and the last ``number`` of ``length`` places, each once."""
    return sorted({*range(min(number, length)), *range(max(0, length - number), length)})


def name_sample(dataset: Any, index: int) -> str:
    """The file of a sample, or its number where it has none."""
    get = getattr(dataset, "get_data_info", None)
    return str((get(index) if get else {}).get("img_path", f"sample {index}"))


def save_gallery(
    path: Path,
    loader: DataLoader[Any],
    model: MaskedImageModel,
    scores: NDArray[np.float32],
    order: NDArray[np.int64],
    number_kept: int,
    title: str,
) -> NDArray[np.uint8]:
    """Draw the images with the highest and the lowest finite scores, as they were scored; gives the picture.

    Args:
        path: of the PNG.
        loader: of the images.
        model: whose preprocessor normalises them.
        scores: ``(N,)``.
        order: ``(N,)``, from the highest score to the lowest.
        number_kept: of these, from the first on.
        title: of the sheet.
    """
    order = order[np.isfinite(scores[order])]
    blocks, headings = sides(order, number_kept)
    images = [_images(loader, model, block) for block in blocks]
    high, low = ([f"{scores[index]:.4g}" for index in block] for block in blocks)
    preprocessor = model.data_preprocessor
    figure = draw_gallery(images[0], images[1], (high, low), headings, preprocessor.mean, preprocessor.std, title)
    picture = render(figure)
    save_png(picture, path)
    return picture


def sides(order: NDArray[np.int64], number_kept: int) -> tuple[tuple[NDArray[np.int64], ...], tuple[str, str]]:
    """Choose the images of a gallery's two sides, as many on both, from the ends of a ranking; and the headings."""
    dropped = len(order) - number_kept
    number = min(DRAWN, number_kept, dropped) if dropped > 0 else min(DRAWN, len(order))
    lowest = "dropped" if dropped > 0 else "kept, too"
    headings = f"kept: ranks 1 to {number}", f"{lowest}: ranks {len(order)} to {len(order) - number + 1}"
    return (order[:number], order[::-1][:number]), headings


def _images(loader: DataLoader[Any], model: MaskedImageModel, indices: NDArray[np.int64]) -> Tensor:
    seeds = dict(loader.sampler.pairs(indices.tolist()))  # type: ignore[attr-defined]
    batch = loader.collate_fn([loader.dataset[pair] for pair in seeds.items()])
    images: Tensor = model.data_preprocessor(batch, False)["inputs"]
    return images if isinstance(images, Tensor) else torch.stack(list(images))
