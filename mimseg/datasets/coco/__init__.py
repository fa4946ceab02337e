"""COCO files: labels by name, what is missing computed or refused in one line."""

from .categories import category_names
from .instances import CocoInstances
from .outlines import OutlineError, check_outline
from .reading import read_coco
from .truth import Truth, read_truth

__all__ = ["CocoInstances", "OutlineError", "Truth", "category_names", "check_outline", "read_coco", "read_truth"]
