"""Draw masks and what models make of them.

One model:           python tools/visualize.py CONFIG CHECKPOINT IMAGES...
Strategies compared: python tools/visualize.py --strategies CONFIG[=CHECKPOINT]... --images IMAGES...
"""

import argparse
import re
import sys
from pathlib import Path

from mimseg.arguments import png, seed
from mimseg.command import add_model_options, image_size_of, run_command

USAGE = """visualize.py CONFIG CHECKPOINT IMAGES... [options]
       visualize.py --strategies CONFIG[=CHECKPOINT]... --images IMAGES... [options]"""


def parse_args() -> argparse.Namespace:
    """Command line; imports nothing heavy, so that ``--help`` answers at once."""
    parser = argparse.ArgumentParser(
        usage=USAGE,
        description="Draw images, their masks (and the score that they follow), what a model makes of the hidden "
        "patches, how wrong it is and, if it predicts that, how hard it finds every patch: one labelled sheet, one row "
        "an image. Or the score, mask and masked image of several configs side by side.",
    )
    parser.add_argument("config", nargs="?", help="config of the pre-training run")
    parser.add_argument("checkpoint", nargs="?", help="its checkpoint")
    parser.add_argument("paths", nargs="*", metavar="images", help="image files, and folders of them, of any size")
    parser.add_argument(
        "--strategies",
        type=strategy,
        nargs="+",
        metavar="CONFIG[=CHECKPOINT]",
        help="compare the masks of these configs; without a checkpoint weights are random, which masks without a score "
        "do not mind",
    )
    parser.add_argument("--images", nargs="+", metavar="IMAGE", help="the images, with --strategies")
    parser.add_argument(
        "--out",
        type=png,
        help="the sheet (default: pictures/<checkpoint>_sheet.png beside it, or work_dirs/pictures/strategies.png)",
    )
    parser.add_argument("--limit", type=int, default=8, help="images of each folder, evenly spaced (default: 8)")
    parser.add_argument("--seed", type=seed, default=0, help="of the masks (default: 0)")
    parser.add_argument(
        "--progress",
        type=float,
        default=1.0,
        help="share of training done, 0 to 1, that scheduled masks follow (default: 1)",
    )
    parser.add_argument(
        "--statistics",
        choices=("true", "visible"),
        default="true",
        help="mean and std that undo normalised pixels: of the true hidden patches, which the model does not know "
        "(default), or of the visible patches around them",
    )
    parser.add_argument("--no-hard", action="store_true", help="leave out the column of the hardest patches")
    add_model_options(
        parser,
        "the first config's crop",
        "the trained weights, or the EMA teacher's in the parts that it has (no reconstruction decoder)",
    )
    args = parser.parse_args()
    check(parser, args)
    return args


def check(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Refuse what does not go together."""
    if args.strategies:
        if args.config or not args.images:
            parser.error("--strategies goes with --images IMAGE..., and with nothing before it")
        if args.no_hard or args.statistics != "true":
            parser.error("--no-hard and --statistics are for reconstructions, which --strategies does not draw")
    elif args.images or not args.paths:
        parser.error("give CONFIG CHECKPOINT IMAGES..., or --strategies CONFIG[=CHECKPOINT]... --images IMAGES...")
    args.image_size = image_size_of(parser, args)


def strategy(text: str) -> tuple[str, str | None]:
    """A config, and a checkpoint or None."""
    parts = re.fullmatch(r"(.+?\.py(?::[^=/:]+)?)(?:=(.+))?", text)
    if parts is None:
        raise argparse.ArgumentTypeError(f"{text}: write CONFIG.py, or CONFIG.py=CHECKPOINT")
    return parts[1], parts[2]


def visualize(args: argparse.Namespace) -> Path:
    """Draw and write the sheet that the command line describes."""
    from mimseg.apis import load_config  # heavy: after --help
    from mimseg.apis.inference.inference import (
        check_masked,
        find_images,
        load_model,
        read_images,
        reconstruct,
    )
    from mimseg.checkpoints.run_file import as_one_file
    from mimseg.places import check_output
    from mimseg.visualization import draw_sheet, name_score, render, save_png

    paths = find_images(args.paths, args.limit)
    if args.out is not None:
        check_output(args.out, args.paths, overwrite=True)
    cfg = load_config(args.config, args.cfg_options)
    check_masked(cfg)
    model = load_model(
        cfg,
        args.checkpoint,
        device=args.device,
        weights=args.weights,
        progress=args.progress,
        trust=args.trust_checkpoint,
    )
    images = read_images(model, paths, args.image_size)
    seen = reconstruct(model, images, args.seed, args.statistics)
    checkpoint = Path(args.checkpoint)
    masks = f"masks of seed {args.seed}"
    if model.masking.score is not None:
        masks += f" as at {100 * args.progress:.0f} % of training"
    title = "   ·   ".join([Path(as_one_file(args.config)).stem, checkpoint.name, f"{args.weights} weights", masks])
    statistics, score = model.data_preprocessor, name_score(model.masking)
    names = [Path(path).name for path in paths]
    figure = draw_sheet(images, seen, statistics.mean, statistics.std, title, names, not args.no_hard, score)
    return save_png(render(figure), args.out or checkpoint.parent / "pictures" / f"{checkpoint.stem}_sheet.png")


def compare(args: argparse.Namespace) -> Path:
    """Draw and write the sheet of several strategies."""
    from mimseg.apis import compare_masks, find_images
    from mimseg.places import check_output
    from mimseg.visualization import render, save_png

    if args.out is not None:
        check_output(args.out, args.images, overwrite=True)
    figure = compare_masks(
        args.strategies,
        find_images(args.images, args.limit),
        size=args.image_size,
        seed=args.seed,
        options=args.cfg_options,
        device=args.device,
        weights=args.weights,
        progress=args.progress,
        trust=args.trust_checkpoint,
        warn=lambda line: print(f"warning: {line}", file=sys.stderr),
    )
    return save_png(render(figure), args.out or Path("work_dirs") / "pictures" / "strategies.png")


def main() -> int:
    """Exit code 0; 2 after a user's mistake, explained in one line; 130 when interrupted."""
    args = parse_args()
    draw = compare if args.strategies else visualize
    return run_command(lambda: print(draw(args)), "interrupted; nothing was written")


if __name__ == "__main__":
    sys.exit(main())
