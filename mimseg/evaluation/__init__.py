"""How good the features are: k-NN, effective rank, the loss under fixed masks, and what a run measured."""

from ..moved import moved_from
from .class_iou import ClassIoU
from .coco_ap import CocoAP
from .data_names import identity_of, name_of
from .knn import KNNProtocol, knn_predictions, weighted_knn
from .knn_hook import KNNHook
from .knn_loop import KNNLoop
from .label_check import LabelCheck
from .loaders import naming_bad_folders
from .masked_loss_hook import MaskedLossHook
from .metrics_file import merge_metrics, read_metrics, replace_metrics, set_damaged_aside
from .metrics_hook import MetricsHook
from .paper_metrics import paper_metrics
from .rankme import rankme
from .rankme_hook import RankMeHook

__all__ = [
    "ClassIoU",
    "CocoAP",
    "KNNHook",
    "KNNLoop",
    "KNNProtocol",
    "LabelCheck",
    "MaskedLossHook",
    "MetricsHook",
    "RankMeHook",
    "identity_of",
    "knn_predictions",
    "merge_metrics",
    "name_of",
    "naming_bad_folders",
    "paper_metrics",
    "rankme",
    "read_metrics",
    "replace_metrics",
    "set_damaged_aside",
    "weighted_knn",
]

__getattr__ = moved_from(__name__)
