"""A bool that was computed on a device, for the host to read without stalling the device."""

import torch
from torch import Tensor


class DeviceFlag:
    """Copy of a bool scalar on its way to the host.

    On a CPU it is there at once. On a GPU the copy goes into pinned memory behind the work already queued,
    and an event tells when it has arrived; asking before that costs nothing.

    Args:
        flag: bool scalar ``()``.
    """

    def __init__(self, flag: Tensor) -> None:
        self._event: torch.cuda.Event | None = None
        self._host = flag
        if flag.is_cuda:
            self._host = torch.empty((), dtype=torch.bool, pin_memory=True)
            self._host.copy_(flag, non_blocking=True)
            self._event = torch.cuda.Event()
            self._event.record()

    def ready(self) -> bool:
        """Whether :meth:`value` answers without waiting."""
        return self._event is None or self._event.query()

    def value(self) -> bool:
        """The flag; waits for the device where it is not ready."""
        if self._event is not None:
            self._event.synchronize()
        return bool(self._host)
