"""How far a long pass over batches is: a bar on a terminal, or a line of the log now and then."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mmengine.dist import is_main_process
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

REPORT_EVERY = 30.0  # seconds


@contextmanager
def announced(
    batches: int, line: str, log: Callable[[str], None] | None, bar: str | None = None
) -> Iterator[Callable[[], None]]:
    """Announce how far a pass is, on the main process only; gives what is to be called after each batch.

    Args:
        batches: of the pass.
        line: of the log, with ``{done}`` and ``{batches}`` in it; the minutes left are added.
        log: takes the line every half a minute; None for no line.
        bar: name of a bar that is drawn in place of lines where stderr is a terminal; None for no bar.
    """
    console = Console(stderr=True)
    if bar is not None and is_main_process() and console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task(bar, total=batches)
            yield lambda: progress.advance(task)
    else:
        yield _Lines(batches, line, log if is_main_process() else None)


class _Lines:
    def __init__(self, batches: int, line: str, log: Callable[[str], None] | None) -> None:
        self.batches, self.line, self.log, self.done = batches, line, log, 0
        self.start = self.said = time.monotonic()

    def __call__(self) -> None:
        self.done += 1
        now = time.monotonic()
        if self.log is not None and now - self.said > REPORT_EVERY and self.done < self.batches:
            self.said = now
            left = (now - self.start) * (self.batches - self.done) / self.done / 60
            self.log(f"{self.line.format(done=self.done, batches=self.batches)}, {left:.0f} min left")
