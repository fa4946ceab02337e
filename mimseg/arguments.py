"""Kinds of arguments on a command line, for argparse: what cannot be is told at once. Light to import."""

import argparse
import math
from collections.abc import Callable
from pathlib import Path

from .places import check_file, check_folder


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """A converter to whole numbers from ``least`` to ``most``."""

    def convert(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
        if value < least or (most is not None and value > most):
            until = f" and at most {most}" if most is not None else ""
            raise argparse.ArgumentTypeError(f"must be at least {least}{until}, got {value}")
        return value

    return convert


def number(above: float, most: float = math.inf) -> Callable[[str], float]:
    """A converter to finite numbers above ``above`` and up to ``most``."""

    def convert(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no number") from None
        if not (above < value <= most and math.isfinite(value)):
            until = f" and at most {most:g}" if math.isfinite(most) else " and finite"
            raise argparse.ArgumentTypeError(f"must be above {above:g}{until}, got {text}")
        return value

    return convert


count = whole(1)
pixels = whole(1, 65536)
seed = whole(0, 2**32 - 1)


def filled(text: str) -> str:
    """A text that is not empty, as that of a shell variable without a value is."""
    if not text.strip():
        raise argparse.ArgumentTypeError("is empty")
    return text


def output_file(text: str) -> Path:
    """A file that can be written; an existing one will be replaced."""
    try:
        check_file(text, "the file")
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return Path(text)


def output_folder(text: str) -> Path:
    """A folder in which files can be written, there or not."""
    try:
        check_folder(text, "the folder")
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return Path(text)


def png(text: str) -> Path:
    """A file that can be written and ends in .png."""
    if Path(text).suffix.lower() != ".png":
        raise argparse.ArgumentTypeError(f"{text} does not end in .png")
    return output_file(text)
