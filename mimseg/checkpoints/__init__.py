"""Reading checkpoints without running their code, writing them whole or not at all, finding the latest."""

from mimseg.checkpoints.atomic import AtomicBackend, AtomicWriteError, write_atomically
from mimseg.checkpoints.latest import find_latest
from mimseg.checkpoints.trust import (
    CheckpointError,
    DamagedCheckpointError,
    MissingCheckpointError,
    UntrustedCheckpointError,
    read_checkpoint,
)

__all__ = [
    "AtomicBackend",
    "AtomicWriteError",
    "CheckpointError",
    "DamagedCheckpointError",
    "MissingCheckpointError",
    "UntrustedCheckpointError",
    "find_latest",
    "read_checkpoint",
    "write_atomically",
]
