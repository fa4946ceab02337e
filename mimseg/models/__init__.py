"""The pretext model and its rooms: masking, backbones, decoders, targets, tasks, teachers."""

from .backbones import CMT, DenseBackbone, DenseSwin, DenseViT, Latent, MaskedEncoder, SparseViT
from .classifier import Classifier
from .decoders import LinearDecoder, MaskTokenNeck, Neck, ProjectionNeck, TransformerDecoder
from .features import FeatureExtractor
from .masking import (
    AdaptiveRatio,
    AMTPolicy,
    AttentionScore,
    AttMaskPolicy,
    BlockPolicy,
    ClassAttentionScore,
    Decision,
    EasyToHardPolicy,
    FixedRatio,
    MaskGenerator,
    NoisyPolicy,
    Policy,
    PredictedLossScore,
    RandomPolicy,
    Ratio,
    SalienceScore,
    Score,
    SoftToHardPolicy,
    UniformPolicy,
)
from .mim import MaskedImageModel
from .part_classifier import PartClassifier
from .preprocessor import ImagePreprocessor
from .reconstruction import Reconstruction
from .step import Step, TeacherView
from .targets import AttentionTarget, FeatureTarget, HOGTarget, PatchLossTarget, PixelTarget, Target
from .tasks import AbsolutePatchLoss, PatchCosine, PatchL1, PatchLoss, PatchMSE, RelativePatchLoss, Task
from .teachers import EMATeacher, FrozenTeacher, PretrainedTeacher, Student, StudentTeacher, Teacher
from .transfer import FourTapPyramid, HierarchicalBackbone, LN2d, MIMPretrained, SimplePyramid, ViTBackbone

__all__ = [
    "CMT",
    "AMTPolicy",
    "AbsolutePatchLoss",
    "AdaptiveRatio",
    "AttMaskPolicy",
    "AttentionScore",
    "AttentionTarget",
    "BlockPolicy",
    "ClassAttentionScore",
    "Classifier",
    "Decision",
    "DenseBackbone",
    "DenseSwin",
    "DenseViT",
    "EMATeacher",
    "EasyToHardPolicy",
    "FeatureExtractor",
    "FeatureTarget",
    "FixedRatio",
    "FourTapPyramid",
    "FrozenTeacher",
    "HOGTarget",
    "HierarchicalBackbone",
    "ImagePreprocessor",
    "LN2d",
    "Latent",
    "LinearDecoder",
    "MIMPretrained",
    "MaskGenerator",
    "MaskTokenNeck",
    "MaskedEncoder",
    "MaskedImageModel",
    "Neck",
    "NoisyPolicy",
    "PartClassifier",
    "PatchCosine",
    "PatchL1",
    "PatchLoss",
    "PatchLossTarget",
    "PatchMSE",
    "PixelTarget",
    "Policy",
    "PredictedLossScore",
    "PretrainedTeacher",
    "ProjectionNeck",
    "RandomPolicy",
    "Ratio",
    "Reconstruction",
    "RelativePatchLoss",
    "SalienceScore",
    "Score",
    "SimplePyramid",
    "SoftToHardPolicy",
    "SparseViT",
    "Step",
    "Student",
    "StudentTeacher",
    "Target",
    "Task",
    "Teacher",
    "TeacherView",
    "TransformerDecoder",
    "UniformPolicy",
    "ViTBackbone",
]
