"""How good the features are: weighted k-nearest-neighbour classification, and the run's ``metrics.json``."""

from mimseg.evaluation.knn import weighted_knn
from mimseg.evaluation.knn_hook import KNNHook
from mimseg.evaluation.metrics_file import merge_metrics, read_metrics
from mimseg.evaluation.undisturbed import undisturbed

__all__ = ["KNNHook", "merge_metrics", "read_metrics", "undisturbed", "weighted_knn"]
