"""Settings of data loaders that only make sense with workers."""

from typing import Any

from mmengine.config import Config

OF_WORKERS = ("persistent_workers", "prefetch_factor", "timeout", "multiprocessing_context")


def drop_settings_of_workers(cfg: Config) -> None:
    """Let every loader of a config with ``num_workers=0`` read in the process itself; in place.

    Without workers nothing persists and nothing is fetched ahead, and torch refuses to be told so.
    """
    _drop(cfg._cfg_dict)


def _drop(value: Any) -> None:
    if isinstance(value, dict):
        if value.get("num_workers") == 0:
            for key in OF_WORKERS:
                value.pop(key, None)
        for inner in value.values():
            _drop(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _drop(inner)
