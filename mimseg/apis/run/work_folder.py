"""Where runs go by default: folders that mirror the paths of configs, so that no two configs share one."""

import os
import re
from pathlib import Path

from ...checkpoints.run_file import RUN_FILE, as_one_file, read_run_file, same_config
from .rows import find_config

WORK_DIRS = "work_dirs"
TRAINED = "train"


def default_work_dir(config: str | Path | None, data: str | Path | None = None) -> Path:
    """The work folder of a config that names none.

    It mirrors the config's path below ``configs`` (``configs/hpm/vitb_200e.py``: ``work_dirs/hpm/vitb_200e``), of other
    configs that below the current folder, or else the last folder and the name. A row of a table and data that the user
    names add a level each. Where a run of the row lies in the folder that was its own when it was a file
    (``.../table1_rgb_none``, not ``.../table1_rgb/none``), that is its folder still.

    Args:
        config: the config file, or ``FILE.py:ROW``; None for a config made in memory.
        data: folder of images in place of the config's own.
    """
    below = [] if data is None else [data_level(data)]
    if config is None:
        return Path(WORK_DIRS, "run", *below)
    file, row = find_config(config)
    folder = Path(WORK_DIRS, _mirrored(file, "configs"))
    if row is None:
        return folder / Path(*below)
    former = Path(WORK_DIRS, _mirrored(as_one_file(f"{file}:{row}"), "configs"), *below)
    own = Path(folder, row, *below)
    return former if (former / RUN_FILE).is_file() and not (own / RUN_FILE).is_file() else own


def default_test_dir(
    config: str | Path | None, checkpoint: str | Path, data: str | Path | None = None, weights: str = "student"
) -> Path:
    """The work folder of a test.

    A run is tested in its own folder, where its metrics are. Other checkpoints have a folder each, below the config's:
    ``configs/knn/vitb.py`` on ``work_dirs/hpm/vitb_200e/epoch_200.pth`` goes to
    ``work_dirs/knn/vitb/hpm/vitb_200e/epoch_200``. Data that the user names adds a level.

    Args:
        config: the config of the test.
        checkpoint: what is tested.
        data: folder of images in place of the config's own.
        weights: 'student' or 'ema'; the latter is part of the name.

    Raises:
        ValueError: the checkpoint's folder does not tell whose it is.
    """
    folder = Path(checkpoint).expanduser().parent
    if _is_run_of(folder, config):
        return folder if data is None else folder / f"test_{data_level(data)}"
    source = _mirrored(checkpoint, WORK_DIRS)
    source = source.with_name(source.name + ("_ema" if weights == "ema" else ""))
    return Path(default_work_dir(config), source, *([] if data is None else [data_level(data)]))


def data_level(data: str | Path) -> str:
    """The name of a folder of images, as the name of a folder of runs: odd characters become underscores."""
    name = re.sub(r"[^\w.+-]+", "_", Path(os.path.abspath(Path(data).expanduser())).name).strip("._")
    return name or "data"


def _is_run_of(folder: Path, config: str | Path | None) -> bool:
    """Whether a folder holds the run of a config: as it says itself, or by its place."""
    run = read_run_file(folder)
    if run is not None and run.kind == TRAINED:
        return config is not None and run.config is not None and same_config(run.config, str(config))
    own = default_work_dir(config).absolute()
    return folder.absolute() == own


def _mirrored(path: str | Path, root: str) -> Path:
    """A path without its ending, from the last folder of a name on, or from the current folder, or its last folder."""
    absolute = Path(os.path.abspath(Path(path).expanduser()))
    without = absolute.with_name(absolute.stem)
    folders = without.parts[:-1]
    if root in folders:
        return Path(*without.parts[len(folders) - folders[::-1].index(root) :])
    if without.is_relative_to(Path.cwd()):
        inside = without.relative_to(Path.cwd())
        parts = inside.parts[1:] if inside.parts[0] == WORK_DIRS and len(inside.parts) > 1 else inside.parts
        return Path(*parts)
    return Path(absolute.parent.name, without.name)
