"""Images without labels: a folder, flat or nested, or a list of files."""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from mmengine.dataset import BaseDataset

from mimseg.registry import DATASETS

IMAGE_EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".npy", ".ppm")


def scan_images(root: str, extensions: Sequence[str] = IMAGE_EXTENSIONS) -> Iterator[str]:
    """Paths of all images under ``root``, in a fixed order, without a system call per file.

    Names that begin with a dot are left out. Links are followed; a folder reached a second time (a link loop)
    is not entered again. A dangling link counts as an image, so that reading it is noticed.
    """
    endings = tuple(extension.lower() for extension in extensions)
    pending, seen = [root], set()
    while pending:
        folder = pending.pop()
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        with os.scandir(folder) as entries:
            found = sorted((entry for entry in entries if entry.name[0] != "."), key=lambda entry: entry.name)
        subfolders = []
        for entry in found:
            if entry.is_dir():
                subfolders.append(entry.path)
            elif entry.name.lower().endswith(endings):
                yield entry.path
        pending.extend(reversed(subfolders))


def read_list(list_file: str, root: str) -> list[str]:
    """Paths named by a list file: one a line, absolute or relative to ``root``; ``#`` starts a comment line.

    Raises:
        FileNotFoundError: The list, or a file that it names, does not exist.
    """
    if not os.path.isfile(list_file):
        raise FileNotFoundError(f"list file '{list_file}' does not exist: correct ann_file (relative to data_root)")
    with open(list_file, encoding="utf-8") as file:
        lines = [(number, line.strip()) for number, line in enumerate(file, start=1)]
    named = [(n, os.path.join(root, line)) for n, line in lines if line and not line.startswith("#")]
    missing = [(n, path) for n, path in named if not os.path.exists(path)]
    if missing:
        number, path = missing[0]
        raise FileNotFoundError(
            f"list file '{list_file}' names {len(missing)} of {len(named)} files that do not exist, first in "
            f"line {number}: '{path}'; correct the list or data_root='{root}'"
        )
    return [path for _, path in named]


@DATASETS.register_module()
class UnlabelledFolder(BaseDataset):
    """All images under a folder, or those that a list file names, without labels.

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
        ValueError: No image found.
    """

    METAINFO: ClassVar[dict] = {"dataset_type": "unlabelled_folder"}

    def __init__(
        self,
        data_root: str,
        ann_file: str = "",
        pipeline: Sequence[dict | Callable] = (),
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

    def load_data_list(self) -> list[dict]:
        """``{"img_path": ...}`` for every image, in a fixed order."""
        if self.ann_file:
            paths = read_list(self.ann_file, self.data_root)
            if not paths:
                raise ValueError(f"list file '{self.ann_file}' names no image: write one path a line")
            return [{"img_path": path} for path in paths]
        if not os.path.isdir(self.data_root):
            raise FileNotFoundError(f"data folder '{self.data_root}' does not exist: correct data_root (or --data)")
        data_list = [{"img_path": path} for path in scan_images(self.data_root, self.extensions)]
        if not data_list:
            endings = " ".join(self.extensions)
            raise ValueError(f"data folder '{self.data_root}' holds no image at any depth: looked for {endings}")
        return data_list
