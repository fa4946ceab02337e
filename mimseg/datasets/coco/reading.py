"""Reading a COCO file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LISTS = ("images", "annotations", "categories")


def read_coco(path: str | Path, lists: tuple[str, ...] = LISTS) -> dict[str, Any]:
    """The content of a COCO instance file, in any Unicode encoding, with or without a byte order mark.

    Args:
        path: a JSON file such as ``instances_val2017.json``.
        lists: which of its parts are asked for; each entry of a part is an object.

    Raises:
        FileNotFoundError: no such file.
        ValueError: it is empty, no JSON, or no COCO instance file.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"annotation file {path} does not exist: check the path")
    content = path.read_bytes()
    if not content.strip():
        raise ValueError(f"{path} is empty: export or copy it again")
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not valid JSON: {error}; export or copy it again") from None
    if not isinstance(data, Mapping):
        raise ValueError(f"{path} is no COCO instance file: it holds a {type(data).__name__}, not an object")
    missing = [f"'{part}'" for part in lists if not isinstance(data.get(part), list)]
    if missing:
        raise ValueError(f"{path} is no COCO instance file: it has no lists {' and '.join(missing)}")
    for part in lists:
        odd = next((n for n, entry in enumerate(data[part]) if not isinstance(entry, dict)), None)
        if odd is not None:
            raise ValueError(f"{path}: entry {odd} of '{part}' is a {type(data[part][odd]).__name__}, not an object")
    return dict(data)
