"""Runner, loop, optimizer wrapper, schedule and hooks; importing it fills the registries."""

from ..moved import moved_from
from .hooks import (
    CheckpointHook,
    Float32Ops,
    NonFiniteGuard,
    NonFiniteLossError,
    ProgressHook,
    Provenance,
    RNGStateHook,
    RuntimeInfo,
    StopHook,
    TeacherHook,
    ThroughputHook,
    UnreadableSummary,
    keep_ops_in_float32,
)
from .loop import EpochPlan, PretrainLoop
from .optim import LayerDecay, MIMOptimWrapper, WeightDecayByShape
from .run_folder import RunFolder, WorkFolderError
from .runner import MIMRunner
from .schedule import WarmupCosineLR, WarmupMultiStepLR
from .stages import Stage, epoch_multiple, parse_stages
from .stopping import RunStopped

__all__ = [
    "CheckpointHook",
    "EpochPlan",
    "Float32Ops",
    "LayerDecay",
    "MIMOptimWrapper",
    "MIMRunner",
    "NonFiniteGuard",
    "NonFiniteLossError",
    "PretrainLoop",
    "ProgressHook",
    "Provenance",
    "RNGStateHook",
    "RunFolder",
    "RunStopped",
    "RuntimeInfo",
    "Stage",
    "StopHook",
    "TeacherHook",
    "ThroughputHook",
    "UnreadableSummary",
    "WarmupCosineLR",
    "WarmupMultiStepLR",
    "WeightDecayByShape",
    "WorkFolderError",
    "epoch_multiple",
    "keep_ops_in_float32",
    "parse_stages",
]

__getattr__ = moved_from(__name__)
