"""The config of a run as text: formatted once, written whole."""

from pathlib import Path
from typing import Any

from mmengine.config import Config

from ..checkpoints import write_atomically


class RunConfig(Config):
    """A config that no longer changes.

    MMEngine formats a config anew for every checkpoint, a fifth of a second in which a signal becomes a SyntaxError,
    and writes it so that a kill leaves half of it.
    """

    @classmethod
    def of(cls, cfg: Config) -> "RunConfig":
        """Any config as one of these; it shares the values."""
        own = cls.__new__(cls)
        own.__dict__.update(cfg.__dict__)
        return own

    @property
    def pretty_text(self) -> str:
        """Python text of the config."""
        text = self.__dict__.get("_pretty_text")
        if text is None:
            text = self.__dict__["_pretty_text"] = super().pretty_text
        return str(text)

    def dump(self, file: str | Path | None = None) -> Any:
        """As MMEngine's, but a Python file is written atomically."""
        if file is None or not str(file).endswith(".py"):
            return super().dump(file)
        write_atomically(file, self.pretty_text.encode())
        return None
