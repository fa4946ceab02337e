"""Images without labels: a folder, flat or nested, or a list of files."""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from ..names import printable
from ..registry import DATASETS
from .depth import settle_depth
from .lists import read_list
from .scanning import IMAGE_EXTENSIONS, and_passed_over, scan_images, tell_counts


@DATASETS.register_module()
class UnlabelledFolder(BaseDataset):
    """All images under a folder, or those that a list file names, without labels.

    How many there are, and what was passed over, is logged. docs/data.md tells which files count.

    Args:
        data_root: The folder, flat or nested at any depth; for list files, what relative paths start from.
        ann_file: A list file, one path a line; relative to ``data_root`` or absolute. Empty: scan the folder.
        pipeline: Transforms, as config dicts or callables.
        extensions: File name endings that count as images when scanning, in any case.
        indices: Use only the first so many images (int) or those at the given positions.
        serialize_data: Keep the paths in one block of memory that all workers share.
        lazy_init: Scan on ``full_init`` instead of now.
        test_mode: See MMEngine's BaseDataset.

    Raises:
        FileNotFoundError: Missing folder or list file, or a list that names a missing file.
        IsADirectoryError: A list that names a folder.
        ValueError: No image found, or a list that is no text.
    """

    METAINFO: ClassVar[dict[str, Any]] = {"dataset_type": "unlabelled_folder"}

    def __init__(
        self,
        data_root: str,
        ann_file: str = "",
        pipeline: Sequence[dict[str, Any] | Callable[..., Any]] = (),
        extensions: Sequence[str] = IMAGE_EXTENSIONS,
        indices: int | Sequence[int] | None = None,
        serialize_data: bool = True,
        lazy_init: bool = False,
        test_mode: bool = False,
    ) -> None:
        self.extensions = tuple(extensions)
        super().__init__(
            ann_file=os.path.expanduser(ann_file),
            data_root=os.path.expanduser(data_root),
            data_prefix={},
            indices=indices,
            serialize_data=serialize_data,
            pipeline=list(pipeline),
            test_mode=test_mode,
            lazy_init=lazy_init,
        )

    def full_init(self) -> None:
        """Scan, and settle which type of values the files have."""
        super().full_init()
        settle_depth(self)

    def load_data_list(self) -> list[dict[str, Any]]:
        """``{"img_path": ...}`` for every image, in a fixed order."""
        return [{"img_path": path} for path in (self._listed() if self.ann_file else self._found())]

    def _listed(self) -> list[str]:
        paths = read_list(self.ann_file, self.data_root)
        if not paths:
            raise ValueError(f"list file '{printable(self.ann_file)}' names no image: write one path a line")
        repeated = len(paths) - len(set(paths))
        tell_counts(self.ann_file, len(paths), Counter())
        if repeated:
            print_log(
                f"{printable(self.ann_file)} names {repeated} files more than once: they are seen as often", "current"
            )
        return paths

    def _found(self) -> list[str]:
        root = printable(self.data_root)
        if not os.path.isdir(self.data_root):
            raise FileNotFoundError(f"data folder '{root}' does not exist: correct data_root (or --data)")
        passed_over: Counter[str] = Counter()
        paths = list(scan_images(self.data_root, self.extensions, passed_over))
        if not paths:
            raise ValueError(
                f"data folder '{root}' holds no image at any depth: looked for {' '.join(self.extensions)}"
                f"{and_passed_over(passed_over)}"
            )
        tell_counts(self.data_root, len(paths), passed_over)
        return paths
