"""Reading checkpoints of any known format without running their code, writing them whole or not at all.

How weights get into a model (:func:`load_weights`), a line a step and the module that takes it::

    a file, or a folder of save_pretrained
      open    source     .pth, .safetensors, TorchScript; archive and symbolic look at its structure before it is read
      trust   trust      plain data only: nothing that a pickle names is called, unless a user trusts the file
      rename  formats/   whose names are these? One module a format reads them into ours, as ``Weights``
      fit     fitting    each tensor to the model's place of its name, adapted by adapt, tables and geometric
      refuse  refusals   what the model would miss or compute otherwise, in one line; then the model stays as it was
      report  report     the table of what was loaded, adapted, missing and ignored

The way back is :func:`write_atomically`, and ``convert`` for the formats of others.
"""

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
