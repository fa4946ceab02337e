"""Hooks of a pre-training run, one small class a file."""

from .non_finite import NonFiniteGuard, NonFiniteLossError
from .progress import ProgressHook
from .provenance import Provenance
from .rng_state import RNGStateHook
from .runtime_info import RuntimeInfo
from .teacher import TeacherHook
from .throughput import ThroughputHook
from .unreadable import UnreadableSummary

__all__ = [
    "NonFiniteGuard",
    "NonFiniteLossError",
    "ProgressHook",
    "Provenance",
    "RNGStateHook",
    "RuntimeInfo",
    "TeacherHook",
    "ThroughputHook",
    "UnreadableSummary",
]
