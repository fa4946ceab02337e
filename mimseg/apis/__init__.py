"""What a notebook or ``tools/`` calls."""

from .config import check_keys, check_trains, load_config
from .convert import TARGETS, Conversion, convert
from .data import test_on_folder, train_on_folder
from .dense import import_task, is_dense, set_label_check, start_backbone_from, use_data
from .errors import explain, report_bug
from .features import extract_features
from .head_selection import HeadSelection, select_attention_head
from .inference import draw_masks, find_images, load_model, read_images, reconstruct
from .parameters import count_parameters, without_values
from .ratio_sweep import RatioSweep
from .strategies import compare_masks
from .target_pictures import draw_targets
from .target_similarity import target_similarity
from .test import build_tester, run_test
from .train import build_runner
from .work_folder import default_test_dir, default_work_dir

__all__ = [
    "TARGETS",
    "Conversion",
    "HeadSelection",
    "RatioSweep",
    "build_runner",
    "build_tester",
    "check_keys",
    "check_trains",
    "compare_masks",
    "convert",
    "count_parameters",
    "default_test_dir",
    "default_work_dir",
    "draw_masks",
    "draw_targets",
    "explain",
    "extract_features",
    "find_images",
    "import_task",
    "is_dense",
    "load_config",
    "load_model",
    "read_images",
    "reconstruct",
    "report_bug",
    "run_test",
    "select_attention_head",
    "set_label_check",
    "start_backbone_from",
    "target_similarity",
    "test_on_folder",
    "train_on_folder",
    "use_data",
    "without_values",
]
