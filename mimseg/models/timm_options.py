"""What a config may hand to ``timm.create_model``: sizes and parts, but no weights, which have doors of their own."""

from collections.abc import Mapping
from typing import Any

LOADING = (
    "pretrained",
    "checkpoint_path",
    "pretrained_cfg",
    "pretrained_cfg_overlay",
    "pretrained_strict",
    "cache_dir",
)
"""Arguments by which timm loads files, or asks the network, past this project's reader."""


def check_timm(name: str, options: Mapping[str, Any], where: str, fix: str) -> None:
    """Refuse a timm model that would load weights by itself.

    Args:
        name: of the model; timm also takes ``hf-hub:`` and ``local-dir:``, which load.
        options: further arguments of ``timm.create_model``.
        where: the config's key of the model, for messages.
        fix: what to do instead.

    Raises:
        ValueError: it would.
    """
    if ":" in name or "/" in name:
        raise ValueError(f"{where}: {name!r} is no name of a timm model but of a place to load it from; {fix}")
    for option in LOADING:
        if option in options:
            raise ValueError(f"{where}: options.{option} would let timm load weights by itself; {fix}")
