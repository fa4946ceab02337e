"""Pre-training of vision backbones by masked image modeling.

Importing this package is light: torch and mmengine come in with the subpackage that uses them.
"""

from .version import __version__

__all__ = ["__version__"]
