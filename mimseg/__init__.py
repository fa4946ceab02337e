"""Pre-training of vision backbones by masked image modeling.

Importing this package is light: torch and mmengine come in with the subpackage that uses them.
"""

from .moved import find_moved_modules
from .version import __version__

find_moved_modules()

__all__ = ["__version__"]
