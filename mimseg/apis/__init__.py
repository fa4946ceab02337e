"""What a notebook or ``tools/`` calls."""

from .config import check_keys, load_config
from .data import train_on_folder
from .errors import explain
from .train import build_runner

__all__ = ["build_runner", "check_keys", "explain", "load_config", "train_on_folder"]
