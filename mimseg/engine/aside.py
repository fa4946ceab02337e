"""Files that make way for a run: moved aside first, so that they come back where it is refused after all."""

import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ..checkpoints.run_files import METRICS_NAME


class Aside:
    """A sub-folder of a work folder that takes files out of it.

    Args:
        work_dir: the work folder.
        name: of the sub-folder, made when it takes the first file.
    """

    def __init__(self, work_dir: Path, name: str) -> None:
        self.work_dir, self.folder = work_dir, work_dir / name
        self.taken: list[tuple[Path, Path]] = []

    def take(self, paths: Iterable[Path]) -> None:
        """Move files and folders of the work folder here, with their sub-folders.

        ``metrics.json`` is renamed, so that nobody takes this for one more run.
        """
        for path in paths:
            inside = path.relative_to(self.work_dir)
            place = self.folder / inside.with_name(f"old_{path.name}" if path.name == METRICS_NAME else path.name)
            place.parent.mkdir(parents=True, exist_ok=True)
            path.rename(place)
            self.taken.append((path, place))

    def restore(self) -> None:
        """Move all back."""
        for path, place in reversed(self.taken):
            path.parent.mkdir(parents=True, exist_ok=True)
            place.replace(path)
        self.delete()

    def delete(self) -> None:
        """Delete what is here, and the folders that are empty now."""
        if self.taken:
            shutil.rmtree(self.folder, ignore_errors=True)
        for parent in {path.parent for path, _ in self.taken} - {self.work_dir}:
            with suppress(OSError):
                parent.rmdir()
        self.taken = []
