"""An embedded, deterministic generator of scenes, and writers for three common layouts."""

from .drawing import Scene, make_scene
from .shapes import CLASSES
from .writing import LAYOUTS, write_scenes

__all__ = ["CLASSES", "LAYOUTS", "Scene", "make_scene", "write_scenes"]
