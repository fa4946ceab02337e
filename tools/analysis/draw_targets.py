"""Draw what models predict: ``python tools/analysis/draw_targets.py CONFIG=CHECKPOINT... --images FOLDER``."""

import argparse
import re
import sys
from pathlib import Path

from mimseg.arguments import png, seed
from mimseg.command import add_model_options, image_size_of, run_command


def parse_args() -> argparse.Namespace:
    """Command line; imports nothing heavy, so that ``--help`` answers at once."""
    parser = argparse.ArgumentParser(
        description="Draw the masked image, the image, and what each model predicts of it: pixels, or histograms of "
        "oriented gradients (HOG) beside the true ones. One row an image, as in FastMIM's figure 10."
    )
    parser.add_argument(
        "models", type=model, nargs="+", metavar="CONFIG=CHECKPOINT", help="pre-trained models; any target of the two"
    )
    parser.add_argument("--images", nargs="+", required=True, metavar="IMAGE", help="image files, and folders of them")
    parser.add_argument(
        "--out",
        type=png,
        default=Path("work_dirs/pictures/targets.png"),
        help="the picture (default: work_dirs/pictures/targets.png)",
    )
    parser.add_argument("--limit", type=int, default=8, help="images of each folder, evenly spaced (default: 8)")
    parser.add_argument("--seed", type=seed, default=0, help="of the masks (default: 0)")
    add_model_options(parser, "the first config's crop", "whose weights of the checkpoints")
    args = parser.parse_args()
    args.image_size = image_size_of(parser, args)
    return args


def model(text: str) -> tuple[str, str]:
    """A config and a checkpoint."""
    parts = re.fullmatch(r"(.+?\.py)=(.+)", text)
    if parts is None:
        raise argparse.ArgumentTypeError(f"{text}: write CONFIG.py=CHECKPOINT")
    return parts[1], parts[2]


def draw(args: argparse.Namespace) -> Path:
    """Draw and write the picture that the command line describes."""
    from mimseg.apis import find_images  # heavy: after --help
    from mimseg.apis.inference.targets import draw_targets
    from mimseg.places import check_output
    from mimseg.visualization import render, save_png

    check_output(args.out, args.images, overwrite=True)
    figure = draw_targets(
        args.models,
        find_images(args.images, args.limit),
        size=args.image_size,
        seed=args.seed,
        options=args.cfg_options,
        device=args.device,
        weights=args.weights,
        trust=args.trust_checkpoint,
    )
    return save_png(render(figure, dpi=250), args.out)


def main() -> int:
    """Exit code 0; 2 after a user's mistake, explained in one line; 130 when interrupted."""
    args = parse_args()
    return run_command(lambda: print(draw(args)), "interrupted; nothing was written")


if __name__ == "__main__":
    sys.exit(main())
