"""Lists of files, one a line, in any encoding of Unicode."""

import codecs
import os
import stat
from collections.abc import Iterator, Sequence

from ..names import printable

ENCODINGS = {  # by byte order mark; UTF-32's begins with UTF-16's
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8-sig",
}
AS_BYTES = "surrogateescape"


def read_lines(list_file: str) -> list[tuple[int, str]]:
    """Numbers and texts of the lines that name something; ``#`` starts a comment line.

    UTF-8 is expected, UTF-16 and UTF-32 are known by their byte order mark. Bytes that are no UTF-8 stay as Python
    keeps them in names of files.

    Raises:
        FileNotFoundError: No such file.
        ValueError: A binary file.
    """
    if not os.path.isfile(list_file):
        raise FileNotFoundError(
            f"list file '{printable(list_file)}' does not exist: correct ann_file (relative to data_root)"
        )
    with open(list_file, "rb") as file:
        content = file.read()
    encoding = next((name for mark, name in ENCODINGS.items() if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding, AS_BYTES if encoding.startswith("utf-8") else "strict")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"list file '{printable(list_file)}' begins as {encoding}, but is damaged ({error.reason}); save it as "
            "UTF-8"
        ) from error
    lines = [(number, line.strip()) for number, line in enumerate(text.split("\n"), start=1)]
    binary = next((number for number, line in lines if "\0" in line), None)
    if binary is not None:
        raise ValueError(
            f"list file '{printable(list_file)}' is no text: line {binary} holds a NUL byte; write one path a line, in "
            "UTF-8"
        )
    return [(number, line) for number, line in lines if line and not line.startswith("#")]


def check_listed(list_file: str, root: str, named: Sequence[tuple[int, str]]) -> None:
    """Refuse a list, given as line numbers and paths, that names what is not there, or folders.

    Raises:
        FileNotFoundError: A path does not exist.
        IsADirectoryError: A path is a folder.
        ValueError: A path is in another encoding than UTF-8, and no file has its bytes.
    """
    missing, first = 0, None
    for number, path, found in ((number, path, _mode(path)) for number, path in named):
        if found is not None and stat.S_ISDIR(found):
            raise IsADirectoryError(
                f"list file '{printable(list_file)}' names a folder in line {number}: '{printable(path)}'; list "
                "its files; without ann_file, all images under data_root are taken"
            )
        if found is None:
            missing, first = missing + 1, first or (number, path)
    if first is None:
        return
    number, path = first
    if any("\udc80" <= character <= "\udcff" for character in path):
        raise ValueError(
            f"list file '{printable(list_file)}': line {number} is not UTF-8, and no file has its bytes as its name: "
            f"'{printable(path)}'; save the list as UTF-8"
        )
    raise FileNotFoundError(
        f"list file '{printable(list_file)}' names {missing} of {len(named)} files that do not exist, first in "
        f"line {number}: '{printable(path)}'; correct the list or data_root='{printable(root)}'"
    )


def _mode(path: str) -> int | None:
    """What kind of thing a path leads to; a link that leads nowhere counts as not there."""
    try:
        return os.stat(path).st_mode
    except OSError:
        return None


def read_list(list_file: str, root: str) -> list[str]:
    """Paths named by a list file: one a line, absolute or relative to ``root``; see `read_lines`.

    Raises:
        FileNotFoundError: The list, or a file that it names, does not exist.
        IsADirectoryError: It names a folder.
        ValueError: It is no text, or not in Unicode.
    """
    named = [(number, os.path.join(root, line)) for number, line in read_lines(list_file)]
    check_listed(list_file, root, named)
    return [path for _, path in named]


def read_labelled_list(list_file: str, root: str) -> Iterator[tuple[int, str, int]]:
    """Line number, path and label of every line ``path label`` of a list file; see `read_lines`.

    Raises:
        FileNotFoundError: The list, or a file that it names, does not exist.
        IsADirectoryError: It names a folder.
        ValueError: It is no text, not in Unicode, or a line does not end in a label.
    """
    entries = []
    for number, line in read_lines(list_file):
        name, _, label = line.rpartition(" ")
        if not name.strip() or not label.removeprefix("-").isdecimal():
            raise ValueError(
                f"list file '{printable(list_file)}', line {number}: '{printable(line)}' is no path and label; write "
                "e.g. 'cat/1.jpg 0'"
            )
        entries.append((number, os.path.join(root, name.strip()), int(label)))
    check_listed(list_file, root, [(number, path) for number, path, _ in entries])
    yield from entries
