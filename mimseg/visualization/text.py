"""Text that fits into its place: widths are measured, not guessed."""

import re
from functools import lru_cache

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

HINTING = 1.03  # drawn letters are placed on whole pixels: a little wider than their outlines
WORD = re.compile(r"\S+\s*(?:·\s*)?")  # a dot that separates stays at the end of its line
PART = re.compile(r"[^/_.=-]*[/_.=-]+|[^/_.=-]+")  # of a word that is longer than a line: a path, a name


@lru_cache(maxsize=4096)
def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Width in inches of one line of text of ``size`` points."""
    if not text.strip():
        return 0.0
    outline = TextPath((0, 0), text.strip(), size=size, prop=FontProperties(weight=weight))
    return HINTING * float(outline.get_extents().x1) / 72


def wrap(text: str, room: float, size: float, weight: str = "normal") -> list[str]:
    """Lines of at most ``room`` inches: broken between words, else within a name, else anywhere."""
    lines = [""]
    for word in WORD.findall(text):
        for part in _parts(word, room, size, weight):
            if lines[-1] and text_width(lines[-1] + part, size, weight) > room:
                lines.append("")
            lines[-1] += part
    return [line.rstrip(" ·") for line in lines]


def _parts(word: str, room: float, size: float, weight: str) -> list[str]:
    if text_width(word, size, weight) <= room:
        return [word]
    return [
        piece
        for part in PART.findall(word)
        for piece in ([part] if text_width(part, size, weight) <= room else list(part))
    ]


def shorten(text: str, room: float, size: float, lines: int = 1) -> list[str]:
    """Text in at most ``lines`` lines of ``room`` inches; of what is too long the end is kept."""
    wrapped = wrap(text, room, size)
    kept = text
    while len(wrapped) > lines and kept:
        kept = kept[1:]
        wrapped = wrap(f"…{kept}", room, size)
    return wrapped
