"""Hooks of a run, one small class a file."""

from .checkpoint import CheckpointHook
from .float32_ops import Float32Ops, keep_ops_in_float32
from .non_finite import NonFiniteGuard, NonFiniteLossError
from .pending import PendingValidation
from .progress import ProgressHook
from .provenance import Provenance
from .rng_state import RNGStateHook
from .runtime_info import RuntimeInfo
from .stop import StopHook
from .teacher import TeacherHook
from .throughput import ThroughputHook
from .unreadable import UnreadableSummary

__all__ = [
    "CheckpointHook",
    "Float32Ops",
    "NonFiniteGuard",
    "NonFiniteLossError",
    "PendingValidation",
    "ProgressHook",
    "Provenance",
    "RNGStateHook",
    "RuntimeInfo",
    "StopHook",
    "TeacherHook",
    "ThroughputHook",
    "UnreadableSummary",
    "keep_ops_in_float32",
]
