"""Keep a harmless line of the onedl packages out of what a user reads."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any, TextIO

NOISE = ("Could not import OneDL\n", "Could not import OneDL. Skipping OneDL datasets.\n")


@contextmanager
def quiet_imports() -> Iterator[None]:
    """Within the block, drop the lines from standard output that only say ``Could not import OneDL``.

    mmpretrain, mmdet and mmseg print it when they are imported without an optional, unrelated package.
    Everything else passes through, in order.
    """
    filtered = _NoiseFilter(sys.stdout)
    try:
        with redirect_stdout(filtered):
            yield
    finally:
        filtered.release()


class _NoiseFilter:
    """A text stream that holds back a line while it may still turn out to be the noise."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._held = ""

    def write(self, text: str) -> int:
        for piece in text.splitlines(keepends=True):
            self._held += piece
            if self._held in NOISE:
                self._held = ""
            elif not any(line.startswith(self._held) for line in NOISE):
                self.release()
        return len(text)

    def release(self) -> None:
        self._stream.write(self._held)
        self._held = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
