"""Reading pictures as they are stored, for labels that were drawn without a look at the EXIF orientation."""

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from PIL import Image

from ..registry import TRANSFORMS
from .unreadable import check_regular, naming_unreadable


@TRANSFORMS.register_module()
class LoadStoredImage(BaseTransform):
    """Read ``img_path`` into ``img`` as ``LoadImage`` does, but not turned by the file's EXIF orientation.

    Boxes and label maps need it that were drawn by a program that ignores the orientation. For RGB pictures of 8 bits.

    Required keys: ``img_path``. Added keys: ``img`` ``(H, W, 3)`` uint8, ``img_shape`` and ``ori_shape``, both
    ``(H, W)``.

    Raises:
        UnreadableImageError: the file is missing or damaged.
    """

    upright = False

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add ``img``, ``img_shape`` and ``ori_shape``; see the class."""
        path = str(results["img_path"])
        with naming_unreadable(path):
            check_regular(path)
            with Image.open(path) as file:
                image = np.array(file.convert("RGB"))
        results["img"] = image
        results["img_shape"] = results["ori_shape"] = image.shape[:2]
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"
