"""Which label a category of a COCO file has: the position of its name among the classes, whatever the file's order."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..labels import listed, similar
from .reading import read_coco


def category_names(path: str | Path) -> list[str]:
    """Names of a file's categories, in its order.

    Raises:
        FileNotFoundError: no such file.
        ValueError: it is no COCO instance file, or a category has no name or one of another.
    """
    return [category["name"] for category in check_categories(read_coco(path)["categories"], path)]


def check_categories(categories: Sequence[Mapping[str, Any]], path: str | Path) -> Sequence[Mapping[str, Any]]:
    """The categories, each with an id and a name of its own.

    Raises:
        ValueError: there is none, or one lacks these.
    """
    if not categories:
        raise ValueError(f"{path}: 'categories' is empty; write an id and a name for every class into it")
    for key, kinds in (("id", (int, str)), ("name", (str,))):
        seen: set[object] = set()
        for number, category in enumerate(categories):
            value = category.get(key)
            if not isinstance(value, kinds) or isinstance(value, bool):
                raise ValueError(f"{path}: category {number} of the list has no {key}, but {value!r}; write one")
            if value in seen:
                raise ValueError(f"{path}: two categories have the {key} {value!r}; give each its own")
            seen.add(value)
    return categories


def order_categories(
    categories: Sequence[Mapping[str, Any]], classes: Sequence[str], path: str | Path
) -> list[dict[str, Any]]:
    """A file's categories in the order of the classes; those that are no class are left out.

    Raises:
        ValueError: the file has no category for a class.
    """
    by_name = {category["name"]: dict(category) for category in check_categories(categories, path)}
    missing = [name for name in classes if name not in by_name]
    if missing:
        free = [name for name in by_name if name not in classes]
        meant = {name: similar(name, free) for name in missing}
        guessed = [f"{name!r} (did you mean {guess!r}?)" for name, guess in meant.items() if guess]
        plain = [repr(name) for name, guess in meant.items() if not guess]
        raise ValueError(
            f"{path} has no category for {len(missing)} of the {len(classes)} classes: {listed([*guessed, *plain])}; "
            f"its categories are {listed(list(by_name))}; write the same names into the file and into "
            "metainfo.classes, and their number into num_classes of the heads"
        )
    return [by_name[name] for name in classes]
