"""What a work folder tells of its run: metrics, seed, and the settings that made it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...checkpoints.run_files import METRICS_NAME
from ...evaluation.data_names import name_of
from ...evaluation.metrics_file import read_metrics
from .run_origin import Origin, data_name, hook_data, origin_of
from .stored_config import hooks_of, starts_of

HOOKS = {"knn": "KNNHook", "rankme": "RankMeHook", "masked_loss": "MaskedLossHook"}
"""Which hook measures what stands under a key of ``metrics.json``."""


@dataclass(frozen=True)
class RunRecord:
    """One run.

    Attributes:
        origin: its settings and where its weights came from.
        metrics: numbers by name, e.g. ``knn/end/top1_k10``.
        data: name of the data that the metrics under a top-level key were measured on, where it is known.
        details: what tells its tests from others of the same run, e.g. ``{"weights": "ema"}``.
    """

    origin: Origin
    metrics: dict[str, float]
    data: dict[str, str]
    details: dict[str, str]

    @property
    def folder(self) -> Path:
        """Its work folder."""
        return self.origin.folder

    @property
    def label(self) -> str:
        """The config's folder and name, those of the runs that its weights came from, and the details."""
        shown = [value if name == "weights" else "test-time augmentation" for name, value in self.details.items()]
        return " ".join([self.origin.label, *(f"({value})" for value in shown)])

    @property
    def seed(self) -> str:
        """Of the run and of those before it, e.g. ``0 of 2``."""
        return self.origin.seed

    @property
    def settings(self) -> dict[str, str]:
        """All settings but the seed, by dotted name; equal settings make one experiment."""
        return self.origin.settings | self.details | self._tested

    @property
    def identity(self) -> dict[str, str]:
        """Of the settings, those that never are a matter of seeds: data, length, budget, sources, whose weights."""
        return self.origin.identity | self.details | self._tested

    @property
    def _tested(self) -> dict[str, str]:
        """The data of the test, where it was another than the config's own."""
        data = self.data.get("test")
        return {} if data is None or data == data_name(self.origin.start, "test") else {"tested on": data}

    def data_of(self, metric: str) -> str | None:
        """The name of the data that a metric was measured on."""
        return self.data.get(metric.split("/")[0])


def read_run(folder: str | Path) -> RunRecord:
    """Read a work folder.

    Of a folder that was used more than once, the newest start counts: neither resumed runs nor tests of the
    folder's own checkpoints.

    Raises:
        FileNotFoundError: no such folder, or none with metrics.
        ValueError: a file in it is broken.
    """
    folder = Path(folder)
    if not (folder / METRICS_NAME).is_file():
        what = "has no metrics.json: the run measured nothing yet" if folder.is_dir() else "does not exist"
        raise FileNotFoundError(f"run {folder} {what}")
    metrics, origin = read_metrics(folder), origin_of(folder)
    tested = metrics.get("test")
    details = {}
    if isinstance(tested, Mapping):
        if tested.get("weights", "student") != "student":
            details["weights"] = str(tested["weights"])
        if tested.get("tta"):
            details["tta"] = "True"
    return RunRecord(origin, dict(numbers(metrics)), _data(origin, metrics), details)


def run_folders(places: Iterable[str | Path]) -> list[Path]:
    """The work folders with metrics among folders and below them, each once.

    Raises:
        FileNotFoundError: no such folder, or no run in or below it.
    """
    found: dict[Path, Path] = {}
    for place in map(Path, places):
        if not place.is_dir():
            raise FileNotFoundError(f"runs {place}: there is no such folder")
        runs = sorted(path.parent for path in place.rglob(METRICS_NAME))
        if not runs:
            raise FileNotFoundError(f"runs {place}: no run in or below it; a run leaves a {METRICS_NAME} when it ends")
        found |= {run.resolve(): run for run in runs if run.resolve() not in found}
    return list(found.values())


def numbers(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """The numbers inside nested dicts, each with its keys joined by ``/``."""
    for key, inner in value.items():
        if isinstance(inner, Mapping):
            yield from numbers(inner, f"{prefix}{key}/")
        elif isinstance(inner, int | float) and not isinstance(inner, bool):
            yield f"{prefix}{key}", inner


def _data(origin: Origin, metrics: Mapping[str, Any]) -> dict[str, str]:
    """What each top-level key of the metrics was measured on."""
    if origin.start is None:
        return {}
    found = {"val": data_name(origin.start, "val"), "test": _tested_data(origin, metrics.get("test"))}
    for key, kind in HOOKS.items():
        for _, hook in hooks_of(origin.start.config):
            if str(hook.get("type", "")).endswith(kind):
                data = dict(hook_data(hook))
                found[key] = name_of(data.get("test") or data.get("dataloader"))
    return {key: name for key, name in found.items() if name and key in metrics}


def _tested_data(origin: Origin, tested: Any) -> str | None:
    """What the test was on: as it says itself, or as the start says that read its checkpoint."""
    if not isinstance(tested, Mapping):
        return None
    if tested.get("data"):
        return str(tested["data"])
    made = (start for start in starts_of(origin.folder) if start.config.get("load_from") == tested.get("checkpoint"))
    return data_name(next(made, origin.start), "test")
