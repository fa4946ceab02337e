"""How good the features are: k-NN, effective rank, the loss under fixed masks, and what runs' ``metrics.json`` say."""

from mimseg.evaluation.comparison import Experiment, as_json, group_runs, pick_metrics, remarks
from mimseg.evaluation.head_selection import choose_head, recall_by_head
from mimseg.evaluation.knn import knn_predictions, weighted_knn
from mimseg.evaluation.knn_hook import KNNHook
from mimseg.evaluation.knn_loop import KNNLoop
from mimseg.evaluation.loaders import naming_bad_folders
from mimseg.evaluation.masked_loss_hook import MaskedLossHook
from mimseg.evaluation.metrics_file import merge_metrics, read_metrics, replace_metrics
from mimseg.evaluation.metrics_hook import MetricsHook
from mimseg.evaluation.paper_metrics import paper_metrics
from mimseg.evaluation.pimr import global_pimr, pimr
from mimseg.evaluation.rankme import rankme
from mimseg.evaluation.rankme_hook import RankMeHook
from mimseg.evaluation.run_record import RunRecord, numbers, read_run
from mimseg.evaluation.undisturbed import undisturbed

__all__ = [
    "Experiment",
    "KNNHook",
    "KNNLoop",
    "MaskedLossHook",
    "MetricsHook",
    "RankMeHook",
    "RunRecord",
    "as_json",
    "choose_head",
    "global_pimr",
    "group_runs",
    "knn_predictions",
    "merge_metrics",
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
    "undisturbed",
    "weighted_knn",
]
