"""A look at all pictures and labels of a data set before a run, so that what is wrong is said before it trains."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .coco import CocoInstances
from .coco.instances import read_upright
from .label_maps import LabelMaps
from .label_maps.reading import read_label_map, to_classes
from .labels import LabelError, listed, picture_size, refuse_other_size

SMALL = {CocoInstances: 20000, LabelMaps: 2000}
"""Up to how many pictures a data set is looked at without being asked; of COCO only the heads of pictures are read."""


@dataclass
class Findings:
    """What a look at a data set found.

    Attributes:
        wrong: labels that do not fit, in words.
        unreadable: pictures and maps that are missing or damaged, with the reason.
        sizes: of the pictures, ``(H, W)``, and how many have each.
        present: the labels that occur, where there are label maps.
    """

    wrong: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    present: set[int] = field(default_factory=set)


def labelled_part(dataset: Any) -> CocoInstances | LabelMaps | None:
    """The data set with labels that a loader's one wraps, if it is one of those that can be looked at."""
    while dataset is not None and not isinstance(dataset, CocoInstances | LabelMaps):
        dataset = getattr(dataset, "dataset", None)
    return dataset


def look_at(dataset: CocoInstances | LabelMaps) -> Findings:
    """Read the size of every picture, and every label map."""
    looks = _coco_looks(dataset) if isinstance(dataset, CocoInstances) else _map_looks(dataset)
    findings = Findings()
    for look in looks:
        try:
            look(findings)
        except LabelError as error:
            findings.wrong.append(str(error))
        except OSError as error:
            findings.unreadable.append(" ".join(str(error).split()))
    return findings


def refuse_findings(dataset: CocoInstances | LabelMaps, found: Findings, name: str, held_out: bool) -> list[str]:
    """Refuse a data set whose labels do not fit; gives what is worth a remark, in words.

    Args:
        dataset: what was looked at.
        found: what was found.
        name: e.g. "training", for messages.
        held_out: whether it measures; there, an unreadable picture would end the run when its turn comes.

    Raises:
        LabelError: labels that do not fit; or unreadable files of a measurement, or all of training.
    """
    total = len(dataset)
    if found.wrong:
        raise LabelError(_counted(found.wrong, total, "labels that do not fit", name))
    if found.unreadable and (held_out or len(found.unreadable) == total):
        raise LabelError(_counted(found.unreadable, total, "files that cannot be read", name))
    remarks = []
    if found.unreadable:
        remarks.append(_counted(found.unreadable, total, "files that cannot be read, and will be replaced", name))
    classes = dataset.metainfo["classes"]
    absent = [str(classes[label]) for label in range(len(classes)) if label not in found.present]
    if found.present and absent:
        remarks.append(f"{len(absent)} of {len(classes)} classes never occur in the {name} data: {listed(absent)}")
    return remarks


def refuse_several_sizes(found: Findings, transforms: Sequence[Any], largest: Sequence[int] | None) -> None:
    """Refuse training pictures of several sizes that nothing brings to one.

    Args:
        found: what was found.
        transforms: of the training pipeline; one whose name says crop, resize or pad is taken to give one size.
        largest: ``(H, W)`` up to which the model pads; None where it does not.

    Raises:
        LabelError: two pictures could not be in one batch.
    """
    if len(found.sizes) < 2 or any(_fixes_size(transform) for transform in transforms):
        return
    if largest is not None and all(size[0] <= largest[0] and size[1] <= largest[1] for size in found.sizes):
        return
    shown = listed([f"{width} x {height}" for height, width in found.sizes])
    raise LabelError(
        f"the training pictures have {len(found.sizes)} sizes ({shown}; width x height), which cannot be in one batch: "
        "put a crop into the training pipeline, e.g. dict(type='RandomCrop', crop_size=(H, W)), or a Resize"
    )


def _fixes_size(transform: Any) -> bool:
    name = type(transform).__name__
    return any(word in name for word in ("Crop", "Resize", "Pad"))


def _counted(lines: Sequence[str], total: int, what: str, name: str) -> str:
    return f"{len(lines)} of {total} {name} images have {what}; the first: {lines[0]}"


def _coco_looks(dataset: CocoInstances) -> Iterator[Callable[[Findings], None]]:
    upright = read_upright(dataset.pipeline.transforms)
    for path, expected in dataset.pictures():

        def look(found: Findings, path: str = path, expected: tuple[int, int] = expected) -> None:
            size = _size_of(path, upright, dataset.pipeline.transforms)
            refuse_other_size(path, size, expected, f"{dataset.ann_file} says")
            found.sizes[size] += 1

        yield look


def _size_of(path: str, upright: bool, transforms: Sequence[Any]) -> tuple[int, int]:
    """From the head of a picture, or, of types that Pillow does not know, from the whole as the pipeline reads it."""
    try:
        return picture_size(path, upright)
    except OSError:
        height, width = transforms[0]({"img_path": path})["ori_shape"]
        return height, width


def _map_looks(dataset: LabelMaps) -> Iterator[Callable[[Findings], None]]:
    upright, number = read_upright(dataset.pipeline.transforms), len(dataset.metainfo["classes"])
    for picture, path in dataset.pairs():

        def look(found: Findings, picture: str = picture, path: str | None = path) -> None:
            size = _size_of(picture, upright, dataset.pipeline.transforms)
            found.sizes[size] += 1
            if path is None:
                return
            if not os.path.exists(path):
                raise FileNotFoundError(f"picture {picture} has no label map: {path} does not exist")
            values = read_label_map(path)
            refuse_other_size(picture, size, values.shape, f"its label map {path} is")
            settings = (number, dataset.label_map, dataset.reduce_zero_label, dataset.ignore_index)
            found.present.update(np.unique(to_classes(values, *settings, path)).tolist())

        yield look
