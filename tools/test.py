"""Test a checkpoint: ``python tools/test.py CONFIG CHECKPOINT``."""

import argparse
import sys

from mimseg.arguments import filled
from mimseg.command import add_start_options, run_command


def parse_args() -> argparse.Namespace:
    """Command line; imports nothing heavy, so that ``--help`` answers at once."""
    parser = argparse.ArgumentParser(
        description="Test a checkpoint: k-NN, the accuracy of a classifier, the AP of a detector, the mIoU of a "
        "segmentor. Prints the metrics and puts them into metrics.json in the work dir."
    )
    parser.add_argument("config", help="config file, e.g. configs/knn/vitb.py")
    parser.add_argument(
        "checkpoint",
        type=filled,
        help="weights of any kind that docs/checkpoints.md lists, a file or a folder; all must fit",
    )
    parser.add_argument(
        "--work-dir",
        help="where log and metrics go (default: the folder of the config's own run, if the checkpoint is its; else "
        "work_dirs/<path of the config below configs>/<path of the checkpoint below work_dirs>)",
    )
    parser.add_argument(
        "--weights",
        choices=("student", "ema"),
        default="student",
        help="whose weights of a pre-training checkpoint: the trained ones, or the EMA teacher's",
    )
    parser.add_argument(
        "--tta", action="store_true", help="test-time augmentation of the config: several scales and flips (ADE20K)"
    )
    parser.add_argument(
        "--data",
        type=filled,
        metavar="DIR",
        help="other images, as train.py takes them: for a classifier, a folder with val/<class>/; for k-NN, also "
        "train/<class>/; for a detector or segmentor, one in COCO's or ADE20K's layout",
    )
    add_start_options(parser, "test", "test_cfg.pool=cls")
    return parser.parse_args()


def test(args: argparse.Namespace) -> None:
    """Build the test that the command line describes, run it, and print its metrics."""
    from mmengine.dist import is_main_process  # heavy: after --help

    from mimseg.apis import default_test_dir, load_config, run_test, set_label_check, test_on_folder

    cfg = load_config(args.config, args.cfg_options)
    cfg.launcher = args.launcher
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get("work_dir") is None:
        cfg.work_dir = str(default_test_dir(args.config, args.checkpoint, args.data, args.weights))
    if args.trust_checkpoint:
        cfg.trust_checkpoint = True
    if args.data is not None:
        test_on_folder(cfg, args.data)
    set_label_check(cfg, args.check_data)
    metrics = run_test(cfg, args.checkpoint, args.weights, args.tta)
    if is_main_process():
        for name, value in metrics.items():
            print(f"{name:<24} {value:.2f}" if isinstance(value, float) else f"{name:<24} {value}")


def main() -> int:
    """Exit code 0; 2 after a user's mistake, explained in one line; 130 when interrupted."""
    args = parse_args()
    return run_command(lambda: test(args))


if __name__ == "__main__":
    sys.exit(main())
