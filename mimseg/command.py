"""What the scripts of ``tools/`` share: options, and how they end. Light to import."""

import argparse
import os
import sys
from collections.abc import Callable

from .arguments import pixels


def add_model_options(parser: argparse.ArgumentParser, crop: str, weights: str) -> None:
    """Options of scripts that load models and show them images: how large, whose weights, where, overrides, trust.

    Args:
        parser: gets them; see :func:`image_size_of` for the first.
        crop: what the image size is by default.
        weights: help of ``--weights``.
    """
    parser.add_argument(
        "--image-size",
        type=pixels,
        nargs="+",
        metavar="PIXELS",
        help=f"side, or height and width, multiples of the patch size (default: {crop})",
    )
    parser.add_argument("--weights", choices=("student", "ema"), default="student", help=weights)
    parser.add_argument("--device", help="cpu, cuda, cuda:1 ... (default: the GPU if there is one)")
    parser.add_argument("--cfg-options", nargs="+", default=[], metavar="KEY=VALUE", help="override config entries")
    parser.add_argument(
        "--trust-checkpoint",
        action="store_true",
        help="unpickle checkpoints that hold more than plain data: they can run code, so trust their origin",
    )


def image_size_of(parser: argparse.ArgumentParser, args: argparse.Namespace) -> tuple[int, int] | None:
    """``(H, W)`` of ``--image-size``, if it was given; ends with the parser's error if it is none."""
    size = args.image_size
    if size is None:
        return None
    if len(size) > 2:
        parser.error(f"--image-size takes one or two numbers, not {' '.join(map(str, size))}")
    return size[0], size[-1]


def run_command(command: Callable[[], object], interrupted: str = "interrupted") -> int:
    """Run ``command`` and give the exit code: 0; 2 after a user's mistake; 1 after a bug; 130 when interrupted.

    A mistake is explained in one line on stderr, see :func:`mimseg.apis.explain`; so is a bug, whose traceback is kept
    in a file, see :func:`mimseg.apis.report_bug`. With MIMSEG_TRACEBACK=1 in the environment every exception passes.

    Args:
        command: what to do.
        interrupted: what to say after Ctrl-C.
    """
    try:
        command()
    except KeyboardInterrupt:
        print(interrupted, file=sys.stderr)
        return 130
    except Exception as error:
        if os.environ.get("MIMSEG_TRACEBACK") == "1":
            raise
        from .apis import explain, report_bug  # heavy: not for --help

        line = explain(error)
        print(f"error: {report_bug(error) if line is None else line}", file=sys.stderr)
        return 1 if line is None else 2
    return 0
