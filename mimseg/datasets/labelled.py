"""Images with one label each: a folder for every class, or a list of files and labels."""

import logging
import os
from collections import Counter
from collections.abc import Sequence
from typing import Any

from mmengine.logging import print_log
from mmpretrain.datasets import CustomDataset

from ..names import printable
from ..registry import DATASETS
from .depth import settle_depth
from .lists import read_labelled_list, read_list
from .scanning import IMAGE_EXTENSIONS, and_passed_over, class_folders, scan_images, tell_counts


@DATASETS.register_module()
class LabelledFolder(CustomDataset):
    """mmpretrain's CustomDataset by the rules of `UnlabelledFolder`: the same files count, and it says how many.

    Classes are the visible folders in ``data_root``, sorted; their images may lie at any depth.

    Args:
        extensions: File name endings that count as images, in any case.
        arguments: Of mmpretrain's CustomDataset: ``data_root``, ``data_prefix``, ``ann_file`` (``path label`` a line),
            ``with_label``, ``metainfo``, ``classes``, ``pipeline``, ``indices`` and others.

    Raises:
        FileNotFoundError: Missing folder or list file, or a list that names a missing file.
        ValueError: No class folder, no image, other classes than given, or a broken list.
    """

    def __init__(self, *, extensions: Sequence[str] = IMAGE_EXTENSIONS, **arguments: Any) -> None:
        super().__init__(extensions=extensions, **arguments)

    def full_init(self) -> None:
        """Scan, and settle which type of values the files have."""
        super().full_init()
        settle_depth(self)

    def load_data_list(self) -> list[dict[str, Any]]:
        """``img_path`` and, where there are labels, ``gt_label`` of every image, in a fixed order."""
        if not self.ann_file and not os.path.isdir(self.img_prefix):
            root = printable(self.img_prefix)
            raise FileNotFoundError(f"data folder '{root}' does not exist: correct data_root (or --data)")
        if self.with_label:
            pairs = self._listed() if self.ann_file else self._in_class_folders()
            return [{"img_path": path, "gt_label": label} for path, label in pairs]
        paths = read_list(self.ann_file, self.img_prefix) if self.ann_file else self._found(self.img_prefix, Counter())
        return [{"img_path": path} for path in paths]

    def _listed(self) -> list[tuple[str, int]]:
        entries = list(read_labelled_list(self.ann_file, self.img_prefix))
        if not entries:
            raise ValueError(f"list file '{printable(self.ann_file)}' names no image: write 'path label' a line")
        classes = None if self.CLASSES is None else len(self.CLASSES)
        for number, path, label in entries:
            if label < 0 or (classes is not None and label >= classes):
                allowed = "at least 0" if classes is None else f"0 to {classes - 1} for the {classes} classes"
                raise ValueError(
                    f"list file '{printable(self.ann_file)}', line {number}: '{printable(path)}' has label {label}, "
                    f"outside {allowed}"
                )
        tell_counts(self.ann_file, len(entries), Counter(), classes)
        return [(path, label) for _, path, label in entries]

    def _in_class_folders(self) -> list[tuple[str, int]]:
        passed_over: Counter[str] = Counter()
        root, classes = printable(self.img_prefix.rstrip("/")), class_folders(self.img_prefix, passed_over)
        if self.CLASSES is not None and len(self.CLASSES) != len(classes):
            raise ValueError(
                f"dataset.classes: {len(self.CLASSES)} are given, but '{root}' has {len(classes)} folders; correct one "
                "of the two"
            )
        if self.CLASSES is None:
            self._metainfo["classes"] = tuple(classes)
        self.folder_to_idx = {name: label for label, name in enumerate(classes)}
        pairs, empty = [], []
        for label, name in enumerate(classes):
            found = self._found(os.path.join(self.img_prefix, name), passed_over)
            pairs += [(path, label) for path in found]
            empty += [] if found else [printable(name)]
        if not pairs:
            raise ValueError(
                f"data folder '{root}' holds no image in class folders; put images into {root}/<class>/, or correct "
                f"data_root; looked for {' '.join(sorted(self.extensions))}{and_passed_over(passed_over)}"
            )
        tell_counts(root, len(pairs), passed_over, len(classes))
        if empty:
            print_log(f"no image of class {', '.join(empty)} in {root}", logger="current", level=logging.WARNING)
        return pairs

    def _found(self, folder: str, passed_over: Counter[str]) -> list[str]:
        """In the order of mmpretrain: of the whole relative path."""
        return sorted(scan_images(folder, self.extensions, passed_over))
