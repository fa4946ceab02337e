"""What a config needs of OpenMMLab's other packages, told in one line where it is missing."""

from importlib import import_module
from importlib.util import find_spec

INSTALL = "install it by tools/env/setup.sh test, as make test does (12 minutes on 2 cores the first time)"


def require(package: str, what: str) -> None:
    """Refuse to go on without a package, and for mmdet without mmcv's compiled operators.

    Args:
        package: e.g. ``"mmdet"``.
        what: what needs it, for the message.

    Raises:
        ValueError: it is not installed, or mmdet finds an mmcv without compiled ops; names the command that installs.
    """
    if find_spec(package) is None:
        raise ValueError(f"{what} needs {package}, which is not installed here: {INSTALL}")
    if package == "mmdet":
        try:
            import_module("mmcv._ext")
        except ImportError as error:
            raise ValueError(
                f"{what} needs an mmcv with compiled ops, which is not installed here: {INSTALL}"
            ) from error
