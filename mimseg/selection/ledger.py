"""The images that a run on subsets has seen, and the time that it has spent."""

import time
from dataclasses import asdict, dataclass
from typing import Any

from .budget import SelectionPlan


@dataclass
class Ledger:
    """Counts that go on over a resume.

    Attributes:
        images: seen in training, by all processes.
        seconds: of these iterations, loading included.
        task_images: those of ``images`` that were seen with the selector's tasks at work.
        task_seconds: those of ``seconds``.
        selection_seconds: of scoring and ranking.
        record_seconds: of saving scores, tables and galleries.
    """

    images: int = 0
    seconds: float = 0.0
    task_images: int = 0
    task_seconds: float = 0.0
    selection_seconds: float = 0.0
    record_seconds: float = 0.0

    def __post_init__(self) -> None:
        self._mark = time.monotonic()

    def start(self) -> None:
        """Take the time from here on."""
        self._mark = time.monotonic()

    def add_iteration(self, images: int, with_tasks: bool) -> None:
        """Count an iteration, which lasted from the last call on."""
        spent = self._lap()
        self.images += images
        self.seconds += spent
        if with_tasks:
            self.task_images += images
            self.task_seconds += spent

    def add_selection(self) -> float:
        """Count the time since the last call as a selection's; gives its seconds."""
        spent = self._lap()
        self.selection_seconds += spent
        return spent

    def add_records(self) -> None:
        """Count the time since the last call as that of keeping a record."""
        self.record_seconds += self._lap()

    def _lap(self) -> float:
        now = time.monotonic()
        spent, self._mark = now - self._mark, now
        return spent

    @property
    def predictor_seconds(self) -> float:
        """Seconds of training the selector's tasks: their iterations less what as many images take without them."""
        others = self.images - self.task_images
        if not others or not self.task_images:
            return 0.0
        alone = (self.seconds - self.task_seconds) / others
        return max(0.0, self.task_seconds - alone * self.task_images)

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return asdict(self)

    def metrics(self, plan: SelectionPlan) -> dict[str, Any]:
        """For ``metrics.json``: images and budget as planned and as they came, seconds by what they went into."""
        full = plan.dataset_size * plan.nominal_epochs
        predictor = self.predictor_seconds
        return {
            "keep": plan.keep,
            "kept": plan.kept,
            "images_seen": {"planned": round(plan.budget * full), "actual": self.images},
            "budget": {"planned": plan.budget, "actual": self.images / full},
            "seconds": {
                "training": self.seconds - predictor,
                "predictor": predictor,
                "selection": self.selection_seconds,
                "records": self.record_seconds,
                "total": self.seconds + self.selection_seconds + self.record_seconds,
            },
        }
