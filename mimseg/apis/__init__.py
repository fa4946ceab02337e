"""What a notebook or ``tools/`` calls."""

from ..checkpoints.convert import FORMATS, Conversion
from ..moved import moved_from
from .inference.convert import convert
from .inference.features import extract_features
from .inference.inference import draw_masks, find_images, load_model, read_images, reconstruct
from .inference.strategies import compare_masks
from .inference.targets import draw_targets
from .run.config import check_keys, check_trains, load_config
from .run.data import test_on_folder, train_on_folder
from .run.errors import explain, report_bug
from .run.test import build_tester, run_test
from .run.train import build_runner
from .run.transfer import import_library, is_transfer, set_label_check, start_backbone_from, use_data
from .run.work_folder import default_test_dir, default_work_dir
from .studies.attention_head import HeadSelection, select_attention_head
from .studies.parameters import count_parameters, without_values
from .studies.ratio_sweep import RatioSweep
from .studies.target_similarity import target_similarity

__all__ = [
    "FORMATS",
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
    "import_library",
    "is_transfer",
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

__getattr__ = moved_from(__name__)
