"""scikit-learn's handwritten digits: real scans that need no download."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from mmpretrain.datasets import BaseDataset
from sklearn.datasets import load_digits

from ..choices import one_of
from ..registry import DATASETS

VAL_SIZE = 360


@DATASETS.register_module()
class DigitsDataset(BaseDataset):
    """1797 scanned digits of 8x8 pixels and one channel (UCI optical recognition of handwritten digits).

    The images are ordered by writer, so the last 360 are the validation split: mostly writers not trained on.
    A sample has ``img`` ``(8, 8, 1)`` uint8 (0 to 255), ``img_path`` ``digits/NNNN`` and ``gt_label``.

    Args:
        split: 'train' (1437 images) or 'val' (360).
        pipeline: Transforms, as config dicts or callables; begin with ``LoadImage(channels=1)``.
        indices: Use only the first so many images (int) or those at the given positions.
        test_mode: See MMEngine's BaseDataset.

    Raises:
        ValueError: Unknown split.
    """

    METAINFO: ClassVar[dict[str, Any]] = {"dataset_type": "digits", "classes": tuple("0123456789")}

    def __init__(
        self,
        split: str = "train",
        pipeline: Sequence[dict[str, Any] | Callable[..., Any]] = (),
        indices: int | Sequence[int] | None = None,
        test_mode: bool = False,
    ) -> None:
        one_of("DigitsDataset: split", split, ("train", "val"))
        self.split = split
        super().__init__(ann_file="", pipeline=pipeline, indices=indices, test_mode=test_mode)

    def load_data_list(self) -> list[dict[str, Any]]:
        """``img``, ``img_path`` and ``gt_label`` of every digit of the split."""
        digits = load_digits()
        images = np.rint(digits.images * (255 / 16)).astype(np.uint8)[..., None]
        numbers = range(len(images) - VAL_SIZE) if self.split == "train" else range(len(images) - VAL_SIZE, len(images))
        return [{"img": images[n], "img_path": f"digits/{n:04d}", "gt_label": int(digits.target[n])} for n in numbers]
