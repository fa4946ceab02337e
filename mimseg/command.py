"""What the scripts of ``tools/`` share: options, and how they end. Light to import."""

import argparse
import gc
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from .arguments import count, output_folder, pixels, seed
from .processes import LINES_VARIABLE, LOST_PEER, handling


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
    add_trust_option(parser)


def add_trust_option(parser: argparse.ArgumentParser) -> None:
    """The option that lets checkpoints be unpickled which hold more than plain data."""
    parser.add_argument(
        "--trust-checkpoint",
        action="store_true",
        help="unpickle checkpoints that hold more than plain data: they can run code, so trust their origin",
    )


def add_start_options(parser: argparse.ArgumentParser, verb: str, example: str) -> None:
    """Options that ``tools/train.py`` and ``tools/test.py`` share: the look at the data, overrides, trust, launcher.

    Args:
        parser: gets them.
        verb: 'train' or 'test'.
        example: of an override.
    """
    parser.add_argument(
        "--check-data",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="look at all pictures and labels of a detector or segmentor before the run "
        "(default: up to 20,000 pictures of a COCO file and 2000 label maps)",
    )
    parser.add_argument(
        "--cfg-options",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        help=f"override config entries, e.g. {example}",
    )
    add_trust_option(parser)
    parser.add_argument(
        "--launcher",
        choices=("none", "pytorch", "slurm"),
        default="pytorch" if "TORCHELASTIC_RUN_ID" in os.environ else "none",
        help=f"what started the processes (set by tools/dist_{verb}.sh and tools/slurm_{verb}.sh)",
    )


def add_run_options(parser: argparse.ArgumentParser, metric: str, overrides: str) -> None:
    """Options of scripts that make many runs and compare them: where, by which metric, how, or not at all.

    Args:
        parser: gets them.
        metric: help of ``--metric``.
        overrides: help of ``--cfg-options``.
    """
    parser.add_argument(
        "--out", type=output_folder, required=True, metavar="DIR", help="folder of all runs and of the results"
    )
    parser.add_argument("--metric", metavar="NAME", help=metric)
    parser.add_argument("--seed", type=seed, default=0, help="of every run (default: 0)")
    parser.add_argument("--processes", type=count, default=1, help="of every run, on this machine (default: 1)")
    parser.add_argument("--cfg-options", nargs="+", default=[], metavar="KEY=VALUE", help=overrides)
    parser.add_argument("--collect-only", action="store_true", help="run nothing: results of what has finished")


def image_size_of(parser: argparse.ArgumentParser, args: argparse.Namespace) -> tuple[int, int] | None:
    """``(H, W)`` of ``--image-size``, if it was given; ends with the parser's error if it is none."""
    size = args.image_size
    if size is None:
        return None
    if len(size) > 2:
        parser.error(f"--image-size takes one or two numbers, not {' '.join(map(str, size))}")
    return size[0], size[-1]


def run_command(command: Callable[[], object], interrupted: str = "interrupted") -> int:
    """Run ``command`` and give the exit code.

    That is 0; 2 after a user's mistake or a failure of the machine, explained in one line on stderr, see
    :func:`mimseg.apis.explain`; 1 after a bug, in one line, too, whose traceback is kept in a file, see
    :func:`mimseg.apis.report_bug`; 128 + its number after a signal that asks for the end: 130 (INT), 143 (TERM), 129
    (HUP), 138 (USR1). With MIMSEG_TRACEBACK=1 in the environment every exception passes.

    Args:
        command: what to do.
        interrupted: what to say after a signal, unless it was a training, which says where its state is.
    """
    try:
        with handling(_interrupt):
            command()
    except KeyboardInterrupt as stop:
        _say(str(stop) or interrupted)
        return int(getattr(stop, "code", 130))
    except Exception as error:
        if os.environ.get("MIMSEG_TRACEBACK") == "1":
            raise
        from .apis import explain, report_bug  # heavy: not for --help

        line = explain(error)
        _say(f"error: {report_bug(error) if line is None else line}")
        _drop(error)
        return 1 if line is None else 2
    return 0


def _drop(error: BaseException) -> None:
    """Free what the frames of an explained error hold: of torch's half-built loaders, that prints tracebacks."""
    hook, sys.unraisablehook = sys.unraisablehook, lambda unraisable: None
    try:
        traceback.clear_frames(error.__traceback__)
        error.__traceback__ = error.__context__ = None
        gc.collect()
    finally:
        sys.unraisablehook = hook


class _Interrupted(KeyboardInterrupt):
    def __init__(self, number: int) -> None:
        super().__init__()
        self.code = 128 + number


def _interrupt(number: int) -> None:
    raise _Interrupted(number)


def _say(line: str) -> None:
    """Write to stderr; of several processes, to where the launcher gathers what all of them say."""
    if LINES_VARIABLE in os.environ:
        with suppress(OSError):
            path = Path(os.environ[LINES_VARIABLE], os.environ.get("RANK", "0"))
            path.write_text(line + "\n", encoding="utf-8", errors="backslashreplace")
            return
    if not _said_elsewhere(line):
        print(line, file=sys.stderr)


def _said_elsewhere(line: str) -> bool:
    """Whether this is another process than Slurm's first, and what that one says, too: before they met, and after."""
    if int(os.environ.get("SLURM_PROCID", 0)) == 0 or int(os.environ.get("SLURM_NTASKS", 1)) == 1:
        return False
    torch = sys.modules.get("torch")
    return torch is None or not torch.distributed.is_initialized() or LOST_PEER in line or "stopped by" in line
