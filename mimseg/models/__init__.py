"""The pretext model and its rooms: masking, backbones, decoders, targets, tasks, teachers."""

from ..moved import attach_moved_methods, attach_moved_property
from .backbones import CMT, DenseBackbone, DenseSwin, DenseViT, Latent, MaskedEncoder, SparseViT
from .classifier import Classifier
from .decoders import LinearDecoder, MaskTokenNeck, Neck, ProjectionNeck, TransformerDecoder
from .features import FeatureExtractor
from .image_scores import score_images
from .inspection import Reconstruction, decide_masks, predict_loss, predicts_loss, reconstruct_hidden
from .masking import (
    AdaptiveRatio,
    AMTPolicy,
    AttentionScore,
    AttMaskPolicy,
    BlockPolicy,
    ClassAttentionScore,
    Decision,
    Draw,
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
    "Draw",
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
    "decide_masks",
    "predict_loss",
    "predicts_loss",
    "reconstruct_hidden",
    "score_images",
]

attach_moved_methods(
    MaskedImageModel,
    draw_masks=decide_masks,
    reconstruct=reconstruct_hidden,
    predict_loss=predict_loss,
    score_images=score_images,
)
attach_moved_property(MaskedImageModel, "predicts_loss", predicts_loss)
