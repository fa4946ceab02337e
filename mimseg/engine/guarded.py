"""A runner whose libraries load nothing that could run code."""

from typing import Any

from mmengine.runner import Runner
from torch import nn

from ..checkpoints.doors import guarded


class GuardedRunner(Runner):
    """MMEngine's runner, built and run within :func:`mimseg.checkpoints.doors.guarded`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        with guarded(_trusts(kwargs.get("cfg"))):
            super().__init__(*args, **kwargs)

    def train(self) -> nn.Module:
        """Train."""
        with guarded(_trusts(self.cfg)):
            model: nn.Module = super().train()
        return model

    def val(self) -> dict[str, Any]:
        """Validate."""
        with guarded(_trusts(self.cfg)):
            metrics: dict[str, Any] = super().val()
        return metrics

    def test(self) -> dict[str, Any]:
        """Test."""
        with guarded(_trusts(self.cfg)):
            metrics: dict[str, Any] = super().test()
        return metrics


def _trusts(cfg: Any) -> bool:
    return bool(cfg and cfg.get("trust_checkpoint", False))
