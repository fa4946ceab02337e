"""All configs of a folder at a glance."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from .config_files import each_file_once, read_config_file
from .rows import rows_of

HELD_BACK = frozenset({"_base_", "_papers"})
LONGEST_FIGURE = 60


@dataclass(frozen=True)
class Entry:
    """One config file.

    Attributes:
        config: its path.
        rows: how many it has, 0 for one that is no table.
        architecture: the encoder's, e.g. ``SparseViT base``; empty where the config has none.
        length: of training, e.g. ``200 epochs``; empty where it trains nothing.
        figure: what its header says of the paper's figure, cut short.
    """

    config: Path
    rows: int
    architecture: str
    length: str
    figure: str

    @property
    def method(self) -> str:
        """The folder that it is in, without ``ablations``."""
        folder = self.config.parent
        return folder.parent.name if folder.name == "ablations" else folder.name


def list_configs(folder: str | Path) -> Iterator[Entry]:
    """Read all configs below a folder that can be run; those to inherit from (``_base_``) are left out.

    Raises:
        ConfigFileError: one cannot be read.
    """
    with each_file_once():
        for path in sorted(Path(folder).rglob("*.py")):
            if not HELD_BACK & set(path.parts):
                cfg = read_config_file(path)
                rows = rows_of(cfg, path)
                yield Entry(path, len(rows), architecture_of(cfg), training_length(cfg), _figure(path))


def architecture_of(cfg: Config) -> str:
    """Class and size of a config's encoder."""
    model = cfg.get("model") or {}
    backbone = model.get("backbone") or {}
    encoder = model.get("encoder") or (backbone.get("encoder") if isinstance(backbone, Mapping) else None) or {}
    size: Any = encoder.get("backbone") or encoder.get("arch") or ""
    return f"{encoder.get('type', '')} {size if isinstance(size, str) else 'its own'}".strip()


def training_length(cfg: Config) -> str:
    """Epochs or iterations of a config's schedule."""
    schedule = cfg.get("schedule") or {}
    for unit in ("epochs", "iterations"):
        if schedule.get(unit):
            return f"{schedule.get('stop') or schedule[unit]} {unit}"
    return ""


def _figure(path: Path) -> str:
    found = re.search(r"^Figure:(.*?)^(?:Hardware:|\"\"\")", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    text = " ".join(found[1].split()) if found else ""
    text = text.removeprefix("ImageNet-1K top-1 of the paper: ").rstrip(".")
    return text if len(text) <= LONGEST_FIGURE else f"{text[: LONGEST_FIGURE - 1]}…"
