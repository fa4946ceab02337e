"""When the log is about to be written."""

from mmengine.hooks import LoggerHook
from mmengine.runner import Runner


def logs_after(runner: Runner, batch_idx: int) -> bool:
    """Whether the logger may write a line after this iteration of the epoch, or the epoch ends with it."""
    interval = next((hook.interval for hook in runner.hooks if isinstance(hook, LoggerHook)), 1)
    return (batch_idx + 1) % interval == 0 or batch_idx + 1 == len(runner.train_dataloader)
