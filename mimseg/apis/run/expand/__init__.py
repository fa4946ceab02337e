"""Turning the short entries of a config, ``data`` and ``schedule``, into what MMEngine reads."""

from .data import expand_data
from .schedule import expand_schedule

__all__ = ["expand_data", "expand_schedule"]
