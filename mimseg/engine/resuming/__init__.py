"""Going on with a run: what a checkpoint must be like, what of it is taken, and what the config says instead."""

from .checker import Checker
from .resume import resume
from .settings import describe_settings

__all__ = ["Checker", "describe_settings", "resume"]
