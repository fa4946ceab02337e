"""How good the features are: k-NN, effective rank, the loss under fixed masks, and what runs' ``metrics.json`` say."""

from mimseg.evaluation.class_iou import ClassIoU
from mimseg.evaluation.coco_ap import CocoAP
from mimseg.evaluation.comparison import (
    Experiment,
    as_json,
    group_runs,
    metric_rows,
    pick_metrics,
    remarks,
    statistics_of,
    summarise,
)
from mimseg.evaluation.data_names import identity_of, name_of
from mimseg.evaluation.head_selection import choose_head, recall_by_head
from mimseg.evaluation.knn import knn_predictions, weighted_knn
from mimseg.evaluation.knn_hook import KNNHook
from mimseg.evaluation.knn_loop import KNNLoop
from mimseg.evaluation.label_check import LabelCheck
from mimseg.evaluation.loaders import naming_bad_folders
from mimseg.evaluation.masked_loss_hook import MaskedLossHook
from mimseg.evaluation.metrics_file import merge_metrics, read_metrics, replace_metrics, set_damaged_aside
from mimseg.evaluation.metrics_hook import MetricsHook
from mimseg.evaluation.paper_metrics import paper_metrics
from mimseg.evaluation.pimr import global_pimr, pimr
from mimseg.evaluation.rankme import rankme
from mimseg.evaluation.rankme_hook import RankMeHook
from mimseg.evaluation.run_cost import Cost, cost_of, length_of
from mimseg.evaluation.run_origin import Origin, data_name
from mimseg.evaluation.run_record import RunRecord, numbers, read_run, run_folders
from mimseg.evaluation.undisturbed import undisturbed

__all__ = [
    "ClassIoU",
    "CocoAP",
    "Cost",
    "Experiment",
    "KNNHook",
    "KNNLoop",
    "LabelCheck",
    "MaskedLossHook",
    "MetricsHook",
    "Origin",
    "RankMeHook",
    "RunRecord",
    "as_json",
    "choose_head",
    "cost_of",
    "data_name",
    "global_pimr",
    "group_runs",
    "identity_of",
    "knn_predictions",
    "length_of",
    "merge_metrics",
    "metric_rows",
    "name_of",
    "naming_bad_folders",
    "numbers",
    "paper_metrics",
    "pick_metrics",
    "pimr",
    "rankme",
    "read_metrics",
    "read_run",
    "recall_by_head",
    "remarks",
    "replace_metrics",
    "run_folders",
    "set_damaged_aside",
    "statistics_of",
    "summarise",
    "undisturbed",
    "weighted_knn",
]
