"""What a small image keeps of its targets: ``python tools/analysis/target_similarity.py --images FOLDER``."""

import argparse
import json
import sys
from pathlib import Path

from mimseg.arguments import output_file, pixels
from mimseg.command import run_command


def parse_args() -> argparse.Namespace:
    """Command line; imports nothing heavy, so that ``--help`` answers at once."""
    parser = argparse.ArgumentParser(
        description="Compare pixels and HOG (histograms of oriented gradients) of images at low resolution with those "
        "at a reference resolution, by PSNR and SSIM, as in FastMIM's figure 3. Prints a table, writes curves and JSON."
    )
    parser.add_argument("--images", nargs="+", required=True, metavar="IMAGE", help="image files, and folders of them")
    parser.add_argument(
        "--sizes",
        type=pixels,
        nargs="+",
        default=[64, 96, 128, 160, 192, 224],
        metavar="PIXELS",
        help="sides to compare, multiples of 8 (default: 64 96 128 160 192 224)",
    )
    parser.add_argument(
        "--reference", type=pixels, default=224, metavar="PIXELS", help="side to compare with (default: 224)"
    )
    parser.add_argument("--limit", type=int, default=100, help="images of each folder, evenly spaced (default: 100)")
    parser.add_argument(
        "--out",
        type=output,
        default=Path("work_dirs/target_similarity.png"),
        metavar="FILE",
        help="a .png for the curves, with the numbers beside it as .json (default: work_dirs/target_similarity.png)",
    )
    return parser.parse_args()


def output(text: str) -> Path:
    """A path that ends in .png or .json; the other one is written beside it."""
    path = Path(text)
    if path.suffix.lower() not in (".png", ".json"):
        raise argparse.ArgumentTypeError(f"{text} ends neither in .png nor in .json")
    return output_file(text)


def compare(args: argparse.Namespace) -> None:
    """Measure, print and write."""
    from mimseg.apis import find_images  # heavy: after --help
    from mimseg.apis.studies.target_similarity import target_similarity
    from mimseg.places import check_output
    from mimseg.visualization import draw_target_similarity, render, save_png

    paths = find_images(args.images, args.limit)
    check_output(args.out.with_suffix(".png"), args.images, overwrite=True)
    sizes = sorted(set(args.sizes))
    found = target_similarity(paths, sizes, args.reference, lambda line: print(line, file=sys.stderr, flush=True))
    if found.enlarged:
        print(
            f"note: {found.enlarged} of {found.images} images are smaller than {found.reference} pixels and were "
            "enlarged: they look more alike than they are",
            file=sys.stderr,
        )
    found.table().show()
    curves = found.curves.items()
    psnr = {name: {size: value.psnr for size, value in curve.items()} for name, curve in curves}
    ssim = {name: {size: value.ssim for size, value in curve.items()} for name, curve in curves}
    title = f"alike to the target at {found.reference} pixels, mean of {found.images} images"
    save_png(render(draw_target_similarity(psnr, ssim, title)), args.out.with_suffix(".png"))
    record = json.dumps({"paths": args.images, **found.as_json()}, indent=2)
    args.out.with_suffix(".json").write_text(f"{record}\n", encoding="utf-8")
    print(f"{args.out.stem}.png and {args.out.stem}.json are in {args.out.parent}")


def main() -> int:
    """Exit code 0; 2 after a user's mistake, explained in one line; 130 when interrupted."""
    args = parse_args()
    return run_command(lambda: compare(args), "interrupted; nothing was written")


if __name__ == "__main__":
    sys.exit(main())
