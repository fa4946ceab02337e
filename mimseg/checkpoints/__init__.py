"""Reading checkpoints of any known format without running their code, writing them whole or not at all."""

from mimseg.checkpoints.atomic import AtomicBackend, AtomicWriteError, sweep_temporaries, write_atomically
from mimseg.checkpoints.doors import guarded
from mimseg.checkpoints.errors import (
    CheckpointError,
    DamagedCheckpointError,
    MissingCheckpointError,
    UntrustedCheckpointError,
)
from mimseg.checkpoints.formats import describe
from mimseg.checkpoints.intact import damage_of
from mimseg.checkpoints.latest import find_intact, find_latest
from mimseg.checkpoints.load import load_weights, refer_positions
from mimseg.checkpoints.report import LoadReport
from mimseg.checkpoints.trust import read_checkpoint

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
