"""Train what a config describes: ``python tools/train.py CONFIG``."""

import argparse
import sys

from mimseg.arguments import filled
from mimseg.command import add_start_options, run_command


def parse_args() -> argparse.Namespace:
    """Command line; imports nothing heavy, so that ``--help`` answers at once."""
    parser = argparse.ArgumentParser(
        description="Pre-train a model by masked image modeling, or train a classifier, detector or segmentor on a "
        "pre-trained one."
    )
    parser.add_argument("config", help="config file, e.g. configs/hpm/vitb_200e.py")
    parser.add_argument(
        "--work-dir",
        help="where logs and checkpoints go (default: work_dirs/<path of the config below configs>, and with --data a "
        "level of that folder's name)",
    )
    parser.add_argument(
        "--resume",
        type=filled,
        nargs="?",
        const="latest",
        metavar="CHECKPOINT",
        help="go on with the latest checkpoint of the work dir, or with the given one; with nothing there yet, start",
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="begin anew where the work dir holds a run already; removes that run's files, and no others",
    )
    parser.add_argument(
        "--init",
        type=filled,
        metavar="WEIGHTS",
        help="start from these weights, of any kind that docs/checkpoints.md lists: a file or a folder",
    )
    parser.add_argument(
        "--amp",
        nargs="?",
        const="bf16",
        choices=("bf16", "fp16"),
        help="mixed precision: bf16 (default; CPU and GPU) or fp16 (GPU)",
    )
    parser.add_argument(
        "--data",
        type=filled,
        metavar="DIR",
        help="pre-train on all images under this folder, flat or nested, no labels; for a classifier, a folder with "
        "train/<class>/ and val/<class>/; for a detector or segmentor, one in COCO's or ADE20K's layout",
    )
    parser.add_argument("--seed", type=int, help="seed of weights, data order, augmentations and masks")
    add_start_options(parser, "train", "schedule.epochs=50")
    args = parser.parse_args()
    if args.init is not None and args.resume not in (None, "latest"):
        parser.error("--init starts a run and --resume CHECKPOINT goes on with one: give one of the two")
    if args.overwrite and args.resume == "latest":
        parser.error("--overwrite begins anew and --resume goes on with what is there: give one of the two")
    return args


def train(args: argparse.Namespace) -> None:
    """Build the run that the command line describes, and run it."""
    # heavy: after --help
    from mimseg.apis import (
        build_runner,
        check_trains,
        default_work_dir,
        is_transfer,
        load_config,
        set_label_check,
        start_backbone_from,
        train_on_folder,
    )

    cfg = load_config(args.config, args.cfg_options)
    check_trains(cfg)
    cfg.launcher = args.launcher
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get("work_dir") is None:
        cfg.work_dir = str(default_work_dir(args.config, args.data))
    if args.data is not None:
        train_on_folder(cfg, args.data)
    set_label_check(cfg, args.check_data)
    if args.amp is not None:
        cfg.optim_wrapper.precision = args.amp
    if args.seed is not None:
        cfg.randomness = {**cfg.get("randomness", {}), "seed": args.seed}
    if args.trust_checkpoint:
        cfg.trust_checkpoint = True
    if args.init is not None and is_transfer(cfg):
        start_backbone_from(cfg, args.init)
    elif args.init is not None:
        cfg.load_from = args.init
    if args.resume == "latest":
        cfg.resume = "latest"
    elif args.resume is not None:
        cfg.resume, cfg.load_from = True, args.resume
    if args.overwrite:
        cfg.overwrite = True
    build_runner(cfg).train()


def main() -> int:
    """Exit code 0; 2 after a user's mistake, explained in one line; 130 when interrupted."""
    args = parse_args()
    return run_command(
        lambda: train(args),
        "interrupted before the first step: the same command starts again, with --resume from the last checkpoint if "
        "there is one",
    )


if __name__ == "__main__":
    sys.exit(main())
