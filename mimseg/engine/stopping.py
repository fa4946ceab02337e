"""Signals that end a training in good order, and the agreement of all processes on where."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import torch
import torch.distributed as dist

from ..processes import handling

AT_ONCE = b"interrupted twice: ended at once; --resume goes on from the last checkpoint\n"


class RunStopped(KeyboardInterrupt):
    """A training ended on a signal; the text says where its state is.

    Args:
        line: for the user.
        number: of the signal.

    Attributes:
        code: exit code, 128 + the signal's number, as shells have it.
    """

    def __init__(self, line: str, number: int) -> None:
        super().__init__(line)
        self.code = 128 + number


class SignalWatch:
    """Notes the first signal that asks the process to end.

    A second SIGINT ends it at once: no file is half written then, the atomic writer sees to that.

    Attributes:
        number: of the signal that came, 0 as long as none did.
        deferring: whether signals wait to be asked for; until then, :class:`RunStopped` is raised where they come.
    """

    def __init__(self) -> None:
        self.number = 0
        self.deferring = False

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Take the signals within the block."""
        self.number, self.deferring = 0, False
        with handling(self._note):
            yield

    def _note(self, number: int) -> None:
        if self.number:
            if number == signal.SIGINT:
                with suppress(OSError):  # the terminal may be closed
                    os.write(2, AT_ONCE)
                os._exit(128 + number)
            return
        self.number = number
        if not self.deferring:
            raise RunStopped(f"{stopped_by(number)} before the first step: the same command starts again", number)


def stopped_by(number: int) -> str:
    """'stopped by SIGTERM'."""
    return f"stopped by {signal.Signals(number).name}"


class Agreement:
    """Tells all processes of a signal that any of them got, in the same step.

    What one process notes in a step, all know in the next: a number goes around on the CPU meanwhile, so that neither
    a device nor a process waits for it. One process needs no agreement.

    Args:
        timeout: seconds until a missing process is an error.
    """

    def __init__(self, timeout: float) -> None:
        self._number = torch.zeros(1, dtype=torch.int32)
        self._work: dist.Work | None = None
        self._group: dist.ProcessGroup | None = None
        if dist.is_initialized() and dist.get_world_size() > 1:
            self._group = dist.new_group(backend="gloo", timeout=timedelta(seconds=timeout))

    def after_step(self, number: int) -> int:
        """The signal to stop for now, or 0; called by every process after the same steps with the signal it noted."""
        if self._group is None:
            return number
        agreed = self.finish()
        if not agreed:
            self._number.fill_(number)
            self._work = dist.all_reduce(self._number, dist.ReduceOp.MAX, group=self._group, async_op=True)
        return agreed

    def now(self, number: int) -> int:
        """As :meth:`after_step`, of this moment; the processes wait for each other."""
        if self._group is None:
            return number
        agreed = self.finish()
        self._number.fill_(number)
        dist.all_reduce(self._number, dist.ReduceOp.MAX, group=self._group)
        return agreed or int(self._number)

    def finish(self) -> int:
        """Wait for what is under way, and give its outcome."""
        if self._work is None:
            return 0
        self._work.wait()
        self._work = None
        return int(self._number)
