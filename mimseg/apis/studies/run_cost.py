"""What a pre-training took: epochs, share of the images, and time."""

from dataclasses import dataclass

from ...evaluation.metrics_file import read_metrics
from .run_origin import Origin
from .stored_config import starts_of


@dataclass(frozen=True)
class Cost:
    """What a run took, as far as it is recorded.

    Attributes:
        epochs: of the schedule; None where it counts iterations.
        budget: images seen, as a share of those in all epochs of the schedule.
        hours: of all its processes together, evaluations included.
    """

    epochs: int | None
    budget: float
    hours: float | None


def cost_of(origin: Origin) -> Cost:
    """Read what a run took from its work folder.

    Raises:
        ValueError: a file in it is broken.
    """
    selection = read_metrics(origin.folder).get("selection") or {}
    budget = (selection.get("budget") or {}).get("actual", 1.0)
    return Cost(length_of(origin), float(budget), _hours(origin))


def length_of(origin: Origin) -> int | None:
    """Epochs of a run's schedule; None where it counts iterations or keeps no config."""
    config = origin.start.config if origin.start else {}
    epochs = (config.get("train_cfg") or {}).get("max_epochs") or (config.get("schedule") or {}).get("epochs")
    return int(epochs) if epochs else None


def _hours(origin: Origin) -> float | None:
    """Of the first start and all that resumed it; None where one did not record its time."""
    hours = 0.0
    for start in starts_of(origin.folder):
        first = origin.start is not None and start.folder == origin.start.folder
        if first or start.config.get("resume"):
            if "seconds" not in start.record:
                return None
            hours += start.record["seconds"] * start.record.get("world_size", 1) / 3600.0
        if first:
            return hours
    return None
