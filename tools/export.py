"""Write an encoder for other programs: ``python tools/export.py CONFIG CHECKPOINT vit.pt2 --format torch-export``."""

import argparse
import sys

from mimseg.arguments import output_file, pixels
from mimseg.command import add_trust_option, image_size_of, run_command


def parse_args() -> argparse.Namespace:
    """Command line; imports nothing heavy, so that ``--help`` answers at once."""
    parser = argparse.ArgumentParser(
        description="Write the encoder alone, in evaluation mode and for any batch size, as a program of torch.export "
        "or as ONNX. What images it expects is printed, and written beside it as JSON."
    )
    parser.add_argument("config", help="config of a pre-training, one of configs/knn, or of a classifier")
    parser.add_argument("checkpoint", help="weights of any kind that docs/checkpoints.md lists, a file or a folder")
    parser.add_argument("out", type=output_file, help="file to write: .pt2 for torch-export, .onnx for onnx")
    parser.add_argument(
        "--format",
        choices=("torch-export", "onnx"),
        default="torch-export",
        help="torch-export (default): for torch.export.load; onnx: needs the extra `export`",
    )
    parser.add_argument(
        "--image-size",
        type=pixels,
        nargs="+",
        metavar="PIXELS",
        help="side, or height and width, multiples of the patch size (default: the config's crop)",
    )
    parser.add_argument(
        "--output",
        choices=("tokens", "map", "pooled"),
        default="tokens",
        help="tokens (B, N, D), the class token first (default); map (B, D, h, w); pooled (B, D): as the config pools",
    )
    parser.add_argument("--weights", choices=("student", "ema"), default="student", help="whose encoder")
    parser.add_argument("--cfg-options", nargs="+", default=[], metavar="KEY=VALUE", help="override config entries")
    add_trust_option(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace the files to write if they exist")
    args = parser.parse_args()
    args.image_size = image_size_of(parser, args)
    return args


def export(args: argparse.Namespace) -> None:
    """Export as the command line says, and print what the file takes and gives."""
    from mimseg.apis import load_config  # heavy: after --help
    from mimseg.apis.inference.export import export_encoder

    done = export_encoder(
        load_config(args.config, args.cfg_options),
        args.checkpoint,
        args.out,
        format=args.format,
        image_size=args.image_size,
        output=args.output,
        weights=args.weights,
        trust=args.trust_checkpoint,
        overwrite=args.overwrite,
    )
    print(done)


def main() -> int:
    """Exit code 0; 2 after a user's mistake, explained in one line; 130 when interrupted."""
    args = parse_args()
    return run_command(lambda: export(args), "interrupted; nothing was written")


if __name__ == "__main__":
    sys.exit(main())
