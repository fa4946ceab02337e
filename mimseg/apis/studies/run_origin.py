"""Where the weights of a run came from: its settings, its seed, and the runs before it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from ...checkpoints.run_file import as_one_file
from ...evaluation.data_names import identity_of, name_of
from .stored_config import Start, flat, hooks_of, newest_start

# Settings that make no other experiment. The sources of weights are followed instead, and data and batch are named.
PASSED_OVER = re.compile(
    r"_|(work_dir|experiment_name|launcher|resume|load_from|trust_checkpoint|randomness\.seed"
    r"|model\.backbone\.init_cfg\.checkpoint|model\.teachers\.\w+\.checkpoint|.*\.data_root|(val|test)_evaluator\.ann_file"
    r"|.*\.(num_workers|persistent_workers|pin_memory|prefetch_factor|multiple_of)"
    r"|train_dataloader\.batch_size|optim_wrapper\.accumulative_counts)$"
)
# What makes another experiment whatever else is overlooked, beside the data and the weights that it started from.
ALWAYS = re.compile(r"(train_cfg\.(max_epochs|max_iters|stages\b.*)|schedule\.(epochs|iterations|stages\b.*))$")
LOADERS = {"trained on": "train_dataloader", "validated on": "val_dataloader", "tested on": "test_dataloader"}


@dataclass(frozen=True)
class Origin:
    """A run, as its work folder tells of it, and the runs that its weights came from.

    Attributes:
        folder: its work folder.
        config: path of its config from ``configs`` on, of a row as if it were a file of its own; empty if unknown.
        label: the config's folder and name, and those of the run that its weights came from.
        seed: of the run and of the runs that its weights came from, e.g. ``0`` or ``0 of 2``; empty if unknown.
        settings: all settings but the seed, by dotted name; equal settings make one experiment.
        identity: of the settings, those that never are a matter of seeds: data, length, budget, sources.
        start: its newest start; None for a folder that keeps no config.
        checkpoint: the file that its weights came from; None for random ones.
        source: the run that wrote it; None where that is not known.
    """

    folder: Path
    config: str
    label: str
    seed: str
    settings: dict[str, str]
    identity: dict[str, str]
    start: Start | None = None
    checkpoint: str | None = None
    source: "Origin | None" = field(default=None)

    @property
    def chain(self) -> list["Origin"]:
        """The run and those before it; a test and the training that it tests, of one config, are one."""
        before = self.source.chain if self.source else []
        return before if before and before[0].config == self.config != "" else [self, *before]


def origin_of(folder: Path) -> Origin:
    """Follow a run back to the random weights that it began from, or to a file whose run is not known.

    Raises:
        ValueError: a file in one of the folders is broken.
    """
    start = newest_start(folder)
    if start is None:
        return Origin(folder, "", folder.name, "", {"folder": str(folder)}, {"folder": str(folder)})
    path = Path(as_one_file(start.record.get("config") or folder.name))
    label, seed = "/".join(path.with_suffix("").parts[-2:]), str(start.record.get("seed", ""))
    settings = recorded_settings(start)
    identity = {name: value for name, value in settings.items() if _always(name)}
    for name, teacher in _teachers(start):
        settings[name] = identity[name] = teacher
    source, checkpoint = None, start.weights
    if checkpoint is not None:
        source = _source_of(checkpoint, start)
        came_from = source.label if source else Path(checkpoint).name
        label, seed = f"{label} of {came_from}", f"{seed} of {source.seed}" if source else seed
        own = {"checkpoint": Path(checkpoint).name if source else str(checkpoint)}
        settings |= own | _prefixed(source.settings if source else {})
        identity |= own | _prefixed(source.identity if source else {})
    return Origin(folder, _from_configs(path), label, seed, settings, identity, start, checkpoint, source)


def recorded_settings(start: Start) -> dict[str, str]:
    """The settings of one start by dotted name, its data by name and its batch over all processes."""
    config = start.config
    settings = {name: value for name, value in flat(config) if not PASSED_OVER.match(name)}
    images = start.record.get("images") or {}
    for key, loader in LOADERS.items():
        found = identity_of((config.get(loader) or {}).get("dataset"), images.get(loader.split("_")[0]))
        settings |= {key: found} if found else {}
    neighbours = ((config.get("test_cfg") or {}).get("neighbours") or {}).get("dataset")
    settings |= {"neighbours from": str(identity_of(neighbours))} if neighbours else {}
    for place, hook in hooks_of(config):
        for name, dataset in hook_data(hook):
            settings[f"{place}.{name}"] = str(identity_of(dataset))
        if str(hook.get("type", "")).endswith("SelectionHook"):
            settings |= {f"selection.{name}": value for name, value in flat(hook)}
    batch = (config.get("train_dataloader") or {}).get("batch_size")
    if isinstance(batch, int):
        accumulated = (config.get("optim_wrapper") or {}).get("accumulative_counts", 1)
        settings["batch"] = str(batch * accumulated * start.record.get("world_size", 1))
    return settings


def hook_data(hook: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Datasets that a hook measures on, by the name of its argument."""
    for key, value in hook.items():
        dataset = value.get("dataset", value) if isinstance(value, Mapping) else None
        if isinstance(dataset, Mapping) and ("data_root" in dataset or "dataset" in dataset or "split" in dataset):
            yield key, dataset


def data_name(start: Start | None, loader: str) -> str | None:
    """The name of the data of one of the loaders, ``train``, ``val`` or ``test``."""
    if start is None:
        return None
    dataset = (start.config.get(f"{loader}_dataloader") or {}).get("dataset")
    return name_of(dataset, (start.record.get("images") or {}).get(loader))


def _always(name: str) -> bool:
    return bool(ALWAYS.match(name)) or name in (*LOADERS, "neighbours from") or name.startswith("selection.")


def _prefixed(settings: Mapping[str, str]) -> dict[str, str]:
    return {f"source.{name}": value for name, value in settings.items()}


def _source_of(checkpoint: str, reader: Start) -> Origin | None:
    """The run that wrote a file, if its folder still tells; as seen from here, or from where the reader was started."""
    folder = Path(checkpoint).expanduser().parent
    if not folder.is_dir():
        folder = Path(reader.record.get("folder", "."), folder)
    return origin_of(folder) if newest_start(folder) is not None else None


def _teachers(start: Start) -> Iterator[tuple[str, str]]:
    """Whose weights frozen teachers have: the run's label and its epoch, so that a seed's own teacher is no other."""
    for name, teacher in ((start.config.get("model") or {}).get("teachers") or {}).items():
        checkpoint = (teacher or {}).get("checkpoint")
        if checkpoint:
            source = _source_of(str(checkpoint), start)
            told = f"{Path(checkpoint).name} of {source.label}" if source else str(checkpoint)
            yield f"model.teachers.{name}", told


def _from_configs(path: Path) -> str:
    """A path from its last folder ``configs`` on, as tables of papers name it."""
    parts = PurePosixPath(path.as_posix()).parts
    if "configs" not in parts:
        return path.as_posix()
    last = len(parts) - 1 - parts[::-1].index("configs")
    return "/".join(parts[last:])
