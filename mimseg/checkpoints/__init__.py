"""Reading checkpoints of any known format without running their code, writing them whole or not at all."""

from .atomic import AtomicBackend, AtomicWriteError, sweep_temporaries, write_atomically
from .doors import guarded
from .errors import CheckpointError, DamagedCheckpointError, MissingCheckpointError, UntrustedCheckpointError
from .formats import describe
from .intact import damage_of
from .latest import find_intact, find_latest
from .load import load_weights, refer_positions
from .report import LoadReport
from .trust import read_checkpoint

__all__ = [
    "AtomicBackend",
    "AtomicWriteError",
    "CheckpointError",
    "DamagedCheckpointError",
    "LoadReport",
    "MissingCheckpointError",
    "UntrustedCheckpointError",
    "damage_of",
    "describe",
    "find_intact",
    "find_latest",
    "guarded",
    "load_weights",
    "read_checkpoint",
    "refer_positions",
    "sweep_temporaries",
    "write_atomically",
]
