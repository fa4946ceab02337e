"""Studies of several models or runs: sweeps, searches, comparisons, the papers' tables."""

from .comparison import (
    Experiment,
    as_json,
    group_runs,
    metric_rows,
    pick_metrics,
    remarks,
    statistics_of,
    summarise,
)
from .object_masks import ObjectImage, coco_objects, drawn_objects, patch_coverage
from .run_cost import Cost, cost_of, length_of
from .run_origin import Origin, data_name
from .run_record import RunRecord, numbers, read_run, run_folders

__all__ = [
    "Cost",
    "Experiment",
    "ObjectImage",
    "Origin",
    "RunRecord",
    "as_json",
    "coco_objects",
    "cost_of",
    "data_name",
    "drawn_objects",
    "group_runs",
    "length_of",
    "metric_rows",
    "numbers",
    "patch_coverage",
    "pick_metrics",
    "read_run",
    "remarks",
    "run_folders",
    "statistics_of",
    "summarise",
]
