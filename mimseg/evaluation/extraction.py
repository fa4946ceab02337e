"""Features and labels of a whole dataset, in its order, from all processes."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch
from mmengine.dist import all_gather
from torch import Tensor
from torch.utils.data import DataLoader

from ..engine.announce import announced
from ..models.features import Pool


class FeatureModel(Protocol):
    """What k-NN asks of a model."""

    data_preprocessor: Any

    def extract_features(self, images: Tensor, pool: Pool) -> Tensor:
        """Features ``(B, D)`` of normalised images ``(B, C, H, W)``."""
        ...


def extract_labelled(
    model: FeatureModel, loader: DataLoader[Any], pool: Pool, name: str, log: Callable[[str], None] | None = None
) -> tuple[Tensor, Tensor]:
    """Features ``(N, D)`` fp32 and labels ``(N,)`` on the model's device, the same on every process.

    Args:
        model: in eval mode.
        loader: of :func:`~mimseg.evaluation.loaders.build_in_order`.
        pool: 'avg' or 'cls'.
        name: what the images are, for messages.
        log: told every half a minute how far it is.

    Raises:
        ValueError: an image has no label, or one outside the dataset's classes.
    """
    classes = classes_of(loader.dataset)
    features, labels = [], []
    line = f"k-NN: features of the {name} images, batch {{done}} of {{batches}}"
    with announced(len(loader), line, log) as advance:
        for batch in loader:
            batch = model.data_preprocessor(batch, False)
            features.append(model.extract_features(batch["inputs"], pool=pool).float())
            own = labels_of(batch["data_samples"], name, classes)
            labels.append(own.to(features[-1].device))
            advance()
    size = len(loader.dataset)  # type: ignore[arg-type]
    return _gathered(torch.cat(features), size), _gathered(torch.cat(labels), size)


def classes_of(dataset: Any) -> tuple[str, ...] | None:
    """Names of a dataset's classes; None where it does not say."""
    names = getattr(dataset, "metainfo", {}).get("classes")
    return None if names is None else tuple(names)


def labels_of(data_samples: Sequence[Any], name: str, classes: Sequence[str] | None) -> Tensor:
    """Labels ``(B,)`` of a batch.

    Raises:
        ValueError: a sample has none, or one outside ``classes``; names the image.
    """
    for sample in data_samples or [{}]:
        if "gt_label" not in sample:
            raise ValueError(f"k-NN: {sample.get('img_path')} of the {name} images has no label; use labelled images")
    labels = torch.cat([sample.gt_label for sample in data_samples])
    wrong = (labels < 0) if classes is None else (labels < 0) | (labels >= len(classes))
    if wrong.any():
        first = int(wrong.nonzero()[0])
        allowed = "at least 0" if classes is None else f"0 to {len(classes) - 1} for the {len(classes)} classes"
        raise ValueError(
            f"k-NN: {data_samples[first].get('img_path')} of the {name} images has label {int(labels[first])}, outside "
            f"{allowed}; correct the annotation file"
        )
    return labels


def _gathered(own: Tensor, size: int) -> Tensor:
    """Join the processes' rows in the dataset's order; process r of W holds rows r, r + W, ..."""
    return torch.stack(all_gather(own), dim=1).flatten(0, 1)[:size]


def refuse_other_classes(first: Any, second: Any, first_name: str, second_name: str) -> None:
    """Labels are positions in a list of classes: two datasets must have the same list, where both tell it.

    Raises:
        ValueError: the lists differ.
    """
    known, asked = classes_of(first), classes_of(second)
    if known is None or asked is None or known == asked:
        return
    odd = min(set(known) ^ set(asked), default=None)
    difference = "their order differs" if odd is None else f"{odd!r} is in one of them only"
    raise ValueError(
        f"{first_name} have {len(known)} classes and {second_name} {len(asked)}, {difference}; give both sets the same "
        "class folders, or metainfo.classes"
    )
