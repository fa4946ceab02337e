"""Convert a checkpoint: ``python tools/convert.py SOURCE TARGET --to timm``."""

import argparse
import sys

from mimseg.arguments import count, pixels
from mimseg.command import add_trust_option, run_command


def parse_args() -> argparse.Namespace:
    """Command line; imports nothing heavy, so that ``--help`` answers at once."""
    parser = argparse.ArgumentParser(
        description="Convert between checkpoints of mimseg, MAE, HPM, timm's ViT, Hugging Face's ViTMAE and ViT, and "
        "detectron2's ViTDet."
    )
    parser.add_argument(
        "source", help="file (.pth, .bin, .safetensors) or folder (Hugging Face) of any of these formats"
    )
    parser.add_argument("target", help="file to write; for hf and hf-vit a folder that does not exist yet")
    parser.add_argument(
        "--to",
        required=True,
        choices=("mimseg", "timm", "hf", "hf-vit", "mae", "detectron2"),
        help="mimseg; timm: plain weights of its VisionTransformer (a .safetensors target is possible); hf: folder for "
        "ViTMAEForPreTraining.from_pretrained; hf-vit: folder for ViTModel.from_pretrained; mae: the official layout "
        "of MAE and HPM; detectron2: ViTDet's backbone",
    )
    parser.add_argument(
        "--weights",
        choices=("student", "ema"),
        default="student",
        help="whose weights: the student's (default) or those of its EMA teacher",
    )
    parser.add_argument(
        "--image-size",
        type=pixels,
        nargs=2,
        metavar=("H", "W"),
        help="image size in pixels of the position table to write (default: the source's own, if it has one)",
    )
    parser.add_argument("--num-heads", type=count, help="the encoder's attention heads, where the source does not tell")
    add_trust_option(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace the target if it exists; never the source")
    return parser.parse_args()


def convert_file(args: argparse.Namespace) -> None:
    """Convert as the command line says, and print what was done."""
    from mimseg.apis import convert  # heavy: after --help
    from mimseg.places import check_file, check_folder

    check = check_folder if args.to in ("hf", "hf-vit") else check_file
    check(args.target, "the target")

    report = convert(
        args.source,
        args.target,
        args.to,
        weights=args.weights,
        image_size=args.image_size and tuple(args.image_size),
        num_heads=args.num_heads,
        trust=args.trust_checkpoint,
        overwrite=args.overwrite,
    )
    print(report)


def main() -> int:
    """Exit code 0; 2 after a user's mistake, explained in one line; 130 when interrupted."""
    args = parse_args()
    return run_command(lambda: convert_file(args), "interrupted; nothing was written")


if __name__ == "__main__":
    sys.exit(main())
