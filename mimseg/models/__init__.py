"""The pretext model and its rooms: masking, backbones, decoders, targets, tasks, teachers."""

from .backbones import Latent, MaskedEncoder, SparseViT
from .classifier import Classifier
from .decoders import MaskTokenNeck, TransformerDecoder
from .features import FeatureExtractor
from .masking import (
    EasyToHardPolicy,
    FixedRatio,
    MaskGenerator,
    NoisyPolicy,
    Policy,
    PredictedLossScore,
    RandomPolicy,
    SalienceScore,
    Score,
)
from .mim import MaskedImageModel, Reconstruction
from .preprocessor import ImagePreprocessor
from .step import Step, TeacherView
from .targets import FeatureTarget, PatchLossTarget, PixelTarget, Target
from .tasks import AbsolutePatchLoss, PatchCosine, PatchLoss, PatchMSE, RelativePatchLoss, Task
from .teachers import EMATeacher, FrozenTeacher, Student, Teacher

__all__ = [
    "AbsolutePatchLoss",
    "Classifier",
    "EMATeacher",
    "EasyToHardPolicy",
    "FeatureExtractor",
    "FeatureTarget",
    "FixedRatio",
    "FrozenTeacher",
    "ImagePreprocessor",
    "Latent",
    "MaskGenerator",
    "MaskTokenNeck",
    "MaskedEncoder",
    "MaskedImageModel",
    "NoisyPolicy",
    "PatchCosine",
    "PatchLoss",
    "PatchLossTarget",
    "PatchMSE",
    "PixelTarget",
    "Policy",
    "PredictedLossScore",
    "RandomPolicy",
    "Reconstruction",
    "RelativePatchLoss",
    "SalienceScore",
    "Score",
    "SparseViT",
    "Step",
    "Student",
    "Target",
    "Task",
    "Teacher",
    "TeacherView",
    "TransformerDecoder",
]
