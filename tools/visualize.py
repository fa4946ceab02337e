"""Draw what a pre-trained model makes of images: ``python tools/visualize.py CONFIG CHECKPOINT IMAGES...``."""

import argparse
import sys
from pathlib import Path

from mimseg.command import run_command


def parse_args() -> argparse.Namespace:
    """Command line; imports nothing heavy, so that ``--help`` answers at once."""
    parser = argparse.ArgumentParser(
        description="Draw images, their masks, what a model makes of the hidden patches, how wrong it is and, if it "
        "predicts that, how hard it finds every patch: one labelled sheet, one row an image."
    )
    parser.add_argument("config", help="config of the pre-training run")
    parser.add_argument("checkpoint", help="its checkpoint")
    parser.add_argument("images", nargs="+", help="image files, and folders of them, of any size")
    parser.add_argument("--out", type=png, help="the sheet (default: pictures/<checkpoint>_sheet.png beside it)")
    parser.add_argument("--limit", type=int, default=8, help="images of each folder, evenly spaced (default: 8)")
    parser.add_argument(
        "--image-size",
        type=int,
        nargs="+",
        metavar="PIXELS",
        help="side, or height and width, multiples of the patch size (default: the config's crop)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the masks (default: 0)")
    parser.add_argument(
        "--weights",
        choices=("student", "ema"),
        default="student",
        help="the trained weights, or the EMA teacher's in the parts that it has (no reconstruction decoder)",
    )
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
    parser.add_argument("--device", help="cpu, cuda, cuda:1 ... (default: the GPU if there is one)")
    parser.add_argument("--cfg-options", nargs="+", default=[], metavar="KEY=VALUE", help="override config entries")
    parser.add_argument(
        "--trust-checkpoint",
        action="store_true",
        help="unpickle checkpoints that hold more than plain data: they can run code, so trust their origin",
    )
    args = parser.parse_args()
    if args.image_size is not None:
        if len(args.image_size) > 2 or min(args.image_size) < 1:
            parser.error(f"--image-size takes one or two positive numbers, not {' '.join(map(str, args.image_size))}")
        args.image_size = (args.image_size[0], args.image_size[-1])
    return args


def png(text: str) -> Path:
    """A path that ends in .png."""
    path = Path(text)
    if path.suffix.lower() != ".png":
        raise argparse.ArgumentTypeError(f"{text} does not end in .png")
    return path


def visualize(args: argparse.Namespace) -> Path:
    """Draw and write the sheet that the command line describes."""
    from mimseg.apis import load_config  # heavy: after --help
    from mimseg.apis.inference import check_masked, find_images, load_model, read_images, reconstruct
    from mimseg.visualization import draw_sheet, render, save_png

    paths = find_images(args.images, args.limit)
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
    title = "   ·   ".join([Path(args.config).stem, checkpoint.name, f"{args.weights} weights", masks])
    statistics = model.data_preprocessor
    names = [Path(path).name for path in paths]
    figure = draw_sheet(images, seen, statistics.mean, statistics.std, title, names, not args.no_hard)
    return save_png(render(figure), args.out or checkpoint.parent / "pictures" / f"{checkpoint.stem}_sheet.png")


def main() -> int:
    """Exit code 0; 2 after a user's mistake, explained in one line; 130 when interrupted."""
    args = parse_args()
    return run_command(lambda: print(visualize(args)), "interrupted; nothing was written")


if __name__ == "__main__":
    sys.exit(main())
