"""Write CIFAR-10, CIFAR-100 or STL-10 as folders of images: ``python tools/unpack_dataset.py cifar10 SOURCE``.

SOURCE holds the official files, unpacked (cifar-10-batches-py/, cifar-100-python/, stl10_binary/).
"""

import argparse
import sys
from pathlib import Path

from mimseg.arguments import output_folder
from mimseg.command import run_command


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=("cifar10", "cifar100", "stl10"))
    parser.add_argument("source", type=Path, help="folder that holds the official files")
    parser.add_argument("--out", type=output_folder, help="where to (default: data/<name>, which the configs read)")
    parser.add_argument("--download", action="store_true", help="let torchvision fetch the files into SOURCE first")
    return parser.parse_args()


def unpack(args: argparse.Namespace) -> None:
    """Write the splits that are not there yet, and say what was done."""
    from mimseg.datasets.class_folders import SPLITS, open_split, write_class_folders  # heavy: after --help

    out = args.out or Path("data") / args.name
    for split in SPLITS[args.name]:
        if (out / split).exists():
            print(f"{out / split} is there already, nothing to do")
            continue
        samples = open_split(args.name, args.source, split, args.download)
        number = write_class_folders(samples, getattr(samples, "classes", ()), out / split)
        print(f"{out / split}: {number} images")


def main() -> int:
    """Exit code 0; 2 after a user's mistake, explained in one line; 130 when interrupted."""
    args = parse_args()
    return run_command(lambda: unpack(args))


if __name__ == "__main__":
    sys.exit(main())
