"""From a config and a checkpoint to numbers."""

import copy
from pathlib import Path
from typing import Literal

from mmengine.config import Config
from mmengine.dist import is_main_process

from ...checkpoints import MissingCheckpointError, load_weights
from ...engine import MIMRunner
from ...evaluation import name_of, naming_bad_folders, paper_metrics, replace_metrics
from ...places import check_folder
from .config import check_and_expand
from .loaders import drop_settings_of_workers
from .topk import check_topk
from .transfer import follow_heads, import_library, refuse_file_order
from .work_folder import default_test_dir

TEST_PARTS = ("test_dataloader", "test_cfg", "test_evaluator")
COMMON_PARTS = (
    "model", "work_dir", "default_hooks", "custom_hooks", "load_from", "launcher", "env_cfg",
    "log_processor", "log_level", "visualizer", "default_scope", "randomness", "experiment_name",
)  # fmt: skip


def build_tester(
    cfg: Config, checkpoint: str | Path, weights: Literal["student", "ema"] = "student", tta: bool = False
) -> MIMRunner:
    """Check a config and build the runner that tests a checkpoint; ``.test()`` then does.

    The runner gets the parts of the config that testing takes; those for training are not built. All of the
    model's weights must be in the file.

    Args:
        cfg: config with ``test_dataloader``, ``test_cfg`` and ``test_evaluator``; left unchanged. Its ``work_dir``
            follows from config and checkpoint where it names none, see :func:`~mimseg.apis.default_test_dir`.
        checkpoint: any file that :func:`mimseg.checkpoints.load_weights` reads.
        weights: the trained weights, or those of the file's EMA teacher.
        tta: test-time augmentation by the config's ``tta_model`` and ``tta_pipeline``: several scales, flips.

    Raises:
        ValueError: unknown key, nothing to test, no test-time augmentation, or weights that do not fit.
        CheckpointError: the checkpoint is missing, damaged or not trusted.
    """
    cfg = copy.deepcopy(cfg)
    check_and_expand(cfg)
    import_library(cfg)
    follow_heads(cfg)
    refuse_file_order(cfg)
    drop_settings_of_workers(cfg)
    check_topk(cfg)
    missing = [name for name in ("model", *TEST_PARTS) if cfg.get(name) is None]
    if missing:
        raise ValueError(
            f"config {cfg.filename} has no {missing[0]}: it tests nothing; use one of configs/knn, configs/linear, "
            "configs/finetune, configs/coco or configs/ade20k"
        )
    if not Path(checkpoint).expanduser().exists():
        raise MissingCheckpointError(f"no checkpoint at {checkpoint}: check the path")
    if cfg.get("work_dir") is None:
        cfg.work_dir = str(default_test_dir(cfg.filename, checkpoint, weights=weights))
    check_folder(cfg.work_dir, "work_dir")
    cfg.load_from, cfg.resume = str(checkpoint), False
    if tta:
        _augment(cfg)
    runner = MIMRunner(**{name: cfg[name] for name in (*COMMON_PARTS, *TEST_PARTS) if name in cfg}, cfg=cfg)
    model = runner.bare_model.get_submodule("module") if tta else runner.bare_model
    load_weights(model, checkpoint, weights=weights, trust=runner.trusting, log=runner.logger.info)
    runner._has_loaded = True
    return runner


def _augment(cfg: Config) -> None:
    """Wrap the model, and read every image several times."""
    if cfg.get("tta_model") is None or cfg.get("tta_pipeline") is None:
        raise ValueError(f"config {cfg.filename} has no tta_model and tta_pipeline: test without --tta")
    cfg.test_dataloader.dataset.pipeline = cfg.tta_pipeline
    cfg.model = {**cfg.tta_model, "module": cfg.model}


def run_test(
    cfg: Config, checkpoint: str | Path, weights: Literal["student", "ema"] = "student", tta: bool = False
) -> dict[str, float]:
    """Test a checkpoint; gives the metrics, and puts them into ``WORK_DIR/metrics.json``.

    They are there under ``test``, in place of an earlier test's, with the checkpoint, whose weights were taken and the
    name of the data.
    The arguments are those of :func:`build_tester`.

    Raises:
        ValueError: as :func:`build_tester`; a folder without images, an image without a label or with one outside
            the classes.
        CheckpointError: the checkpoint is missing, damaged or not trusted.
        FileNotFoundError: no such folder of images.
    """
    runner = build_tester(cfg, checkpoint, weights, tta)
    with naming_bad_folders():
        metrics = paper_metrics(runner.test())
    if is_main_process():
        data = name_of(cfg.test_dataloader.dataset, len(runner.test_dataloader.dataset))
        tested = {"checkpoint": str(checkpoint), "weights": weights, "data": data} | ({"tta": True} if tta else {})
        path = replace_metrics(runner.work_dir, "test", {**metrics, **tested})
        runner.logger.info(f"metrics written to {path}")
    return metrics
