"""Label maps, checked when they are loaded."""

from .dataset import LabelMaps
from .loading import LoadLabelMap
from .reading import read_label_map, to_classes

__all__ = ["LabelMaps", "LoadLabelMap", "read_label_map", "to_classes"]
