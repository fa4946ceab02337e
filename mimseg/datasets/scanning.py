"""Which files under a folder are images: the one rule of every stage."""

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.logging import print_log

from ..checkpoints.run_file import RUN_FILE
from ..names import printable

IMAGE_EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".npy", ".ppm", ".pgm")
SYSTEM_NAMES = {"thumbs.db", "desktop.ini", "__macosx"}
STARTED = re.compile(r"\d{8}_\d{6}")  # the folder of one start of a run, in its work folder
PICTURES = "pictures"
HIDDEN, OF_A_RUN = "hidden", "of a run's own folder"


def is_hidden(name: str) -> bool:
    """Whether a file or folder is one that systems and programs leave beside data, by its name alone."""
    return name.startswith(".") or name.lower() in SYSTEM_NAMES


def scan_images(
    root: str, extensions: Sequence[str] = IMAGE_EXTENSIONS, passed_over: Counter[str] | None = None
) -> Iterator[str]:
    """Paths of all images under ``root``, in a fixed order, without a system call per file.

    Left out are hidden entries, and what runs wrote: a work folder as a whole, or, where ``root`` is one itself, its
    pictures and its starts. Links are followed; a folder reached a second time (a link loop) is not entered again.
    Whatever has an image's name and is no folder counts as one, also a dangling link or a pipe, so that reading it is
    noticed.

    Args:
        root: The folder.
        extensions: File name endings that count as images, in any case.
        passed_over: Counts what is left out, by ending or reason.

    Raises:
        OSError: A folder that cannot be listed.
    """
    endings = tuple(extension.lower() for extension in extensions)
    counts: Counter[str] = Counter() if passed_over is None else passed_over
    pending, seen = [root], set()
    while pending:
        folder = pending.pop()
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        entries = _visible(folder, counts)
        of_a_run = _is_work_folder(entries)
        if of_a_run and folder != root:
            counts[OF_A_RUN] += len(entries)
            continue
        subfolders = []
        for entry in entries:
            if _is_folder(entry):
                if of_a_run and _is_written_by_runs(entry.name):
                    counts[OF_A_RUN] += 1
                else:
                    subfolders.append(entry.path)
            elif entry.name.lower().endswith(endings):
                yield entry.path
            else:
                counts[os.path.splitext(entry.name)[1].lower() or "without ending"] += 1
        pending.extend(reversed(subfolders))


def class_folders(root: str | Path, passed_over: Counter[str] | None = None) -> list[str]:
    """Names of the folders in ``root`` that are classes: visible, and no run's own; sorted.

    Args:
        root: The folder.
        passed_over: Counts what else is there, by reason.

    Raises:
        OSError: ``root`` cannot be listed.
    """
    counts: Counter[str] = Counter() if passed_over is None else passed_over
    entries = _visible(str(root), counts)
    of_a_run = _is_work_folder(entries)
    names = []
    for entry in entries:
        if not _is_folder(entry):
            counts["outside class folders"] += 1
        elif (of_a_run and _is_written_by_runs(entry.name)) or _is_work_folder(_visible(entry.path, Counter())):
            counts[OF_A_RUN] += 1
        else:
            names.append(entry.name)
    return names


def tell_counts(what: str, images: int, passed_over: Counter[str], classes: int | None = None) -> None:
    """Log how many images a data set has, and how many files were passed over and why; one line, one process."""
    if is_main_process():
        in_classes = "" if classes is None else f" of {classes} classes"
        print_log(f"{printable(what)}: {images} images{in_classes}{and_passed_over(passed_over)}", logger="current")


def and_passed_over(counts: Counter[str]) -> str:
    """'; passed over: 12 .gif, 2 hidden', the most frequent first; nothing where nothing was."""
    if not counts:
        return ""
    named = (f"{number} {printable(reason)}" for reason, number in counts.most_common(8))
    more = ", ..." if len(counts) > 8 else ""
    return f"; passed over: {', '.join(named)}{more}"


def _visible(folder: str, counts: Counter[str]) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    shown = [entry for entry in found if not is_hidden(entry.name)]
    if len(shown) < len(found):
        counts[HIDDEN] += len(found) - len(shown)
    return shown


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _is_written_by_runs(name: str) -> bool:
    """Whether a folder in a work folder holds what runs write there, by its name."""
    return name == PICTURES or STARTED.fullmatch(name) is not None


def _is_work_folder(entries: Sequence[os.DirEntry[str]]) -> bool:
    """Whether a run wrote these entries: by its file, or, for one of an older version, by its starts."""
    names = [entry.name for entry in entries]
    starts = (entry.path for entry in entries if STARTED.fullmatch(entry.name))
    return RUN_FILE in names or any(os.path.isdir(os.path.join(start, "vis_data")) for start in starts)
