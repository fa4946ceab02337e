"""What all kinds of labels share: their error, names of classes, and the size of the picture that they are drawn on."""

import os
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mmengine import registry
from PIL import Image

from .unreadable import check_regular, naming_unreadable

ORIENTATION = 0x0112  # EXIF tag
SIDEWAYS = (5, 6, 7, 8)  # its values that swap height and width
LISTED = 6  # names in a message


class LabelError(RuntimeError):
    """A label that does not fit its picture or the classes.

    It ends a run: unlike an unreadable image it is not replaced by another sample, because it is a mistake of the data
    set that is seldom alone.
    """


def class_names(names_of: str | None, metainfo: Mapping[str, Any] | None) -> dict[str, Any]:
    """Names and colours of classes: those of ``metainfo``, or else those of a dataset class of another package.

    Args:
        names_of: e.g. ``"mmdet.CocoDataset"``, imported when asked for.
        metainfo: a config's ``classes`` and ``palette``; without ``classes`` it says nothing.

    Raises:
        ValueError: neither names classes, or one is named twice.
    """
    if metainfo and metainfo.get("classes"):
        named = dict(metainfo)
    elif names_of is not None:
        known = registry.DATASETS.get(names_of)
        if known is None:
            raise ValueError(f"names_of={names_of!r} is no dataset class; write e.g. mmdet.CocoDataset")
        named = dict(known.METAINFO)
    else:
        raise ValueError("the dataset names no classes; set metainfo=dict(classes=(...)), or names_of")
    classes = named["classes"]
    named["classes"] = (classes,) if isinstance(classes, str) else tuple(classes)
    twice = [name for name in named["classes"] if named["classes"].count(name) > 1]
    if twice:
        raise ValueError(f"metainfo.classes names {twice[0]!r} twice; give every class a name of its own")
    return named


def listed(names: Sequence[object]) -> str:
    """The first names, and how many more there are."""
    shown = ", ".join(str(name) for name in names[:LISTED])
    return f"{shown} and {len(names) - LISTED} more" if len(names) > LISTED else shown


def similar(name: str, known: Sequence[str]) -> str | None:
    """The known name that a misspelt one may mean: the same but for capitals, or nearly the same."""
    folded = {other.casefold(): other for other in known}
    close = get_close_matches(name.casefold(), list(folded), 1, 0.8)
    return folded[close[0]] if close else None


def turns(path: str | Path) -> bool:
    """Whether the EXIF orientation of a picture swaps its height and width."""
    with Image.open(path) as file:
        return file.getexif().get(ORIENTATION) in SIDEWAYS


def picture_size(path: str | Path, upright: bool = True) -> tuple[int, int]:
    """``(H, W)`` of a picture, from the head of its file.

    Args:
        path: any type that Pillow reads.
        upright: turned by the EXIF orientation, as :class:`~mimseg.datasets.LoadImage` does.

    Raises:
        OSError: it cannot be opened.
    """
    if not os.path.lexists(path):
        raise FileNotFoundError(f"cannot read '{path}': there is no such file")
    with naming_unreadable(str(path), "picture"):
        check_regular(str(path))
        with Image.open(path) as file:
            (width, height), turned = file.size, upright and file.getexif().get(ORIENTATION) in SIDEWAYS
    return (width, height) if turned else (height, width)


def refuse_other_size(picture: str | Path, size: Sequence[int], expected: Sequence[int], source: str) -> None:
    """Refuse labels that were made for another size.

    Args:
        picture: path of the picture.
        size: its ``(H, W)``.
        expected: ``(H, W)`` of the labels.
        source: what has that size, for the message.

    Raises:
        LabelError: the sizes differ.
    """
    if tuple(size) == tuple(expected):
        return
    if tuple(size[::-1]) == tuple(expected) and turns(picture):
        fix = (
            "its EXIF orientation turns it, but not its labels: take mimseg.LoadStoredImage in place of "
            "mimseg.LoadImage, which reads it as it is stored"
        )
    elif tuple(size[::-1]) == tuple(expected):
        fix = "one of the two is turned: turn the labels, or the picture"
    else:
        fix = "one of the two was resized: resize the labels with the picture"
    raise LabelError(
        f"picture {picture} is {size[1]} x {size[0]} (width x height), but {source} {expected[1]} x {expected[0]}; "
        f"{fix}"
    )
