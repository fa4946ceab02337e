"""All measurements of one run: subjects take turns, step by step, so that a slow moment hits all of them."""

import resource
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ..apis import load_config
from ..engine.log_failures import one_line
from ..models import MaskedImageModel
from .counting import MIB, flops_by_part, saved_bytes
from .hog import hog_milliseconds
from .images import choose_images
from .loading import loading_seconds
from .masks import is_adaptive, masks_milliseconds, ratios_taken
from .peers import PeerError, build_peer
from .stepping import Precision, step, step_by_part
from .subject import Subject, fixed_twin, our_subject, size_of

METERED_STEPS = 3  # of the instrumented pass, where as many are timed
MASKS = 512  # images whose masks are timed


@dataclass(frozen=True)
class Settings:
    """What to measure.

    Attributes:
        configs: paths of our configs; the first is what times are compared with.
        peers: keys of :data:`mimseg.benchmark.PEERS`.
        precisions: 'fp32' and / or 'bf16' (autocast).
        image_size: ``(H, W)`` in pixels for all models; None takes each config's own, and the first one's for peers.
        batch_size: images of a step.
        steps: timed steps of each model and precision.
        data: folder of images to time loading on; None takes the configs' own, where they exist.
        images: folder of photographs to step on; None takes random numbers.
    """

    configs: Sequence[str]
    peers: Sequence[str] = ()
    precisions: Sequence[Precision] = ("fp32",)
    image_size: tuple[int, int] | None = None
    batch_size: int = 8
    steps: int = 7
    data: str | None = None
    images: str | None = None

    def __post_init__(self) -> None:
        """Check what argparse cannot.

        Raises:
            ValueError: a number below 1, or a config that is named twice.
        """
        for name in ("batch_size", "steps"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if twice := [path for path in self.configs if list(self.configs).count(path) > 1]:
            raise ValueError(f"{twice[0]} is given twice; name each config once")


@dataclass
class Lane:
    """A subject in one precision, and what was measured of it.

    Attributes:
        subject: the model.
        precision: of its steps.
        images: normalised ``(B, C, H, W)``.
        row: what is reported.
        twin: where its masks hide a different share of each image, the same model under random masks of their mean.
        seconds: of every timed step.
        spent: of every instrumented step, by part.
    """

    subject: Subject
    precision: Precision
    images: Tensor
    row: dict[str, Any]
    twin: "Lane | None" = None
    seconds: list[float] = field(default_factory=list)
    spent: list[dict[str, float]] = field(default_factory=list)


def measure(settings: Settings, device: torch.device, say: Callable[[str], None]) -> dict[str, Any]:
    """Measure everything.

    Args:
        settings: what to measure.
        device: where to train.
        say: is told in one line what happens, and which peer cannot take part and why.

    Returns:
        ``results``, a row for each precision and model; ``left_out``, lines; ``peak_rss_mib`` of the process; ``hog``,
        see :func:`mimseg.benchmark.hog.hog_milliseconds`.

    Raises:
        FileNotFoundError: no such config.
        ValueError: a config that is not one of pre-training, or does not fit the image size.
    """
    left_out: list[str] = []
    torch.manual_seed(0)
    subjects = _subjects(settings, device, left_out)
    for subject in subjects:
        for name in subject.random_teachers:
            say(f"{subject.name}: teacher {name} has random weights, its file is not here")
    loading = _loading(settings, subjects, left_out)
    images = choose_images(subjects, settings.images, settings.batch_size, device)
    say(f"warming up and counting: {', '.join(subject.name for subject in subjects)}")
    lanes = _lanes(settings.precisions, list(zip(subjects, images, strict=True)), device, left_out)
    say(f"timing {settings.steps} steps of each, in turns")
    for _ in range(settings.steps):
        for lane in lanes:
            lane.seconds.append(seconds(partial(step, lane.subject, lane.images, lane.precision), device))
    for _ in range(min(METERED_STEPS, settings.steps)):
        for lane in lanes:
            clock = _clock(device)
            lane.spent.append(step_by_part(lane.subject, lane.images, lane.precision, clock))
    for lane in lanes:
        if lane.twin and lane.subject.name in loading:
            loading[lane.twin.subject.name] = loading[lane.subject.name]
    for lane in lanes:
        lane.row["peak_device_mib"] = _peak_device_mib(lane) if device.type == "cuda" else None
    for lane in lanes:
        _finish(lane, [other for other in lanes if other.precision == lane.precision], settings, loading)
    for line in left_out:
        say(line)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    hog = hog_milliseconds([lane.subject for lane in lanes], settings.batch_size, settings.steps, device)
    return {"results": [lane.row for lane in lanes], "left_out": left_out, "peak_rss_mib": peak, "hog": hog}


def seconds(call: Callable[[], object], device: torch.device) -> float:
    """Seconds of a call, the device's work included."""
    clock = _clock(device)
    start = clock()
    call()
    return clock() - start


def _clock(device: torch.device) -> Callable[[], float]:
    """The time, after waiting for the device."""

    def synchronised() -> float:
        torch.cuda.synchronize(device)
        return time.perf_counter()

    return synchronised if device.type == "cuda" else time.perf_counter


def _subjects(settings: Settings, device: torch.device, left_out: list[str]) -> list[Subject]:
    configs = {path: load_config(path) for path in settings.configs}
    sizes = {path: settings.image_size or size_of(config, path) for path, config in configs.items()}
    subjects = [our_subject(path, config, sizes[path], device) for path, config in configs.items()]
    for name in settings.peers:
        try:
            subjects.append(build_peer(name, sizes[settings.configs[0]], device))
        except PeerError as error:
            left_out.append(str(error))
    return subjects


def _lanes(
    precisions: Sequence[Precision], subjects: list[tuple[Subject, Tensor]], device: torch.device, left_out: list[str]
) -> list[Lane]:
    """One lane a precision and subject, warmed up and counted, and one for its twin; a peer that fails is left out."""
    lanes = []
    for precision in precisions:
        for subject, images in subjects:
            try:
                lane = _lane(subject, precision, images)
            except Exception as error:
                if subject.config is not None:
                    raise
                left_out.append(f"{subject.name}: fails in {precision}: {one_line(error)}")
                continue
            lanes.append(lane)
            if is_adaptive(subject.model):
                lane.twin = _twin(lane, device)
                lanes.append(lane.twin)
    return lanes


def _lane(subject: Subject, precision: Precision, images: Tensor) -> Lane:
    lane = Lane(subject, precision, images, {"model": subject.name, "precision": precision})
    _count(lane)
    return lane


def _twin(lane: Lane, device: torch.device) -> Lane:
    """The lane of the twin; the ratios that it follows from are put down."""
    assert isinstance(lane.subject.model, MaskedImageModel)
    ratios = ratios_taken(lane.subject.model, lane.images, lane.precision)
    lane.row["ratio"] = {"mean": ratios.mean().item(), "min": ratios.min().item(), "max": ratios.max().item()}
    return _lane(fixed_twin(lane.subject, lane.row["ratio"]["mean"], device), lane.precision, lane.images)


def _count(lane: Lane) -> None:
    """Bytes saved and FLOPs; the step that this takes is the warm-up."""
    saved = saved_bytes(lane.subject, lane.images, lane.precision)
    flops = flops_by_part(lane.subject, lane.images, lane.precision)
    lane.row |= {
        "image_size": list(lane.subject.image_shape[1:]),
        "activation_mib_per_image": saved.activations / MIB / len(lane.images),
        "weight_copies_mib": saved.weight_copies / MIB,
        "gflops": sum(flops.values()) / 1e9,
        "gflops_by_part": {part: count / 1e9 for part, count in flops.items()},
        "random_teachers": list(lane.subject.random_teachers),
        "ratio": None,
    }


def _peak_device_mib(lane: Lane) -> float:
    """Most memory that training this model alone would have allocated: its own state, and what a step adds."""
    own = [*lane.subject.model.parameters(), *lane.subject.model.buffers()]
    own += [value for state in lane.subject.optimizer.state.values() for value in state.values()]
    storages = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in own}
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    step(lane.subject, lane.images, lane.precision)
    return (torch.cuda.max_memory_allocated() - before + sum(storages.values())) / MIB


def _loading(settings: Settings, subjects: list[Subject], left_out: list[str]) -> dict[str, float]:
    """Seconds to load a batch by subject, of those whose images are there."""
    loading = {}
    for subject in subjects:
        if subject.config is None:
            continue
        try:
            loading[subject.name] = loading_seconds(subject.config, settings.data, settings.batch_size)
        except (FileNotFoundError, ValueError) as error:
            if settings.data is not None:
                raise
            left_out.append(
                f"{subject.name}: loading is not timed ({' '.join(str(error).split())}); name images by --data"
            )
    return loading


def _finish(lane: Lane, rivals: list[Lane], settings: Settings, loading: dict[str, float]) -> None:
    """The numbers that follow from what was timed. Ratios are medians over rounds: both sides met the same moment."""
    row, middle = lane.row, statistics.median(lane.seconds)
    quartiles = (
        statistics.quantiles(lane.seconds, n=4, method="inclusive") if len(lane.seconds) > 1 else lane.seconds * 3
    )
    row["ms"] = 1000 * middle
    row["ms_quartiles"] = [1000 * quartiles[0], 1000 * quartiles[2]]
    row["images_per_second"] = settings.batch_size / middle
    row["time_ratio"] = _ratio(lane, rivals[0])
    row["flops_ratio"] = row["gflops"] / rivals[0].row["gflops"]
    peers = [rival for rival in rivals if rival.subject.config is None and rival.row["image_size"] == row["image_size"]]
    best = min(peers, key=lambda peer: statistics.median(peer.seconds), default=None)
    row["best_peer"] = best.subject.name if best else None
    row["speed_over_best_peer"] = _ratio(best, lane) if best else None
    total = sum(sum(spent.values()) for spent in lane.spent)
    row["share_by_part"] = {part: sum(spent[part] for spent in lane.spent) / total for part in lane.spent[0]}
    load = loading.get(lane.subject.name)
    row["loading_ms"] = None if load is None else 1000 * load
    row["twin"] = lane.twin.subject.name if lane.twin else None
    row["time_to_twin"] = _ratio(lane, lane.twin) if lane.twin else None
    row["flops_to_twin"] = row["gflops"] / lane.twin.row["gflops"] if lane.twin else None
    if isinstance(lane.subject.model, MaskedImageModel):
        device = lane.images.device
        row[f"masks_of_{MASKS}_ms"] = masks_milliseconds(
            lane.subject.model, lane.subject.image_shape, MASKS, lambda call: seconds(call, device)
        )


def _ratio(above: Lane, below: Lane) -> float:
    return statistics.median(a / b for a, b in zip(above.seconds, below.seconds, strict=True))
