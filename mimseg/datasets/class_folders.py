"""Known small datasets as folders of image files, the layout that every config here reads."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from PIL.Image import Image
from torchvision.datasets import CIFAR10, CIFAR100, STL10

UNLABELLED = -1
SPLITS = {"cifar10": ("train", "test"), "cifar100": ("train", "test"), "stl10": ("train", "test", "unlabeled")}


def open_split(name: str, source: str | Path, split: str, download: bool = False) -> Iterable[tuple[Image, int]]:
    """torchvision's dataset ``name`` ('cifar10', 'cifar100', 'stl10') of one split, read from ``source``.

    Raises:
        FileNotFoundError: the official files are not there, or not those that torchvision expects.
    """
    try:
        if name == "stl10":
            pictures: Iterable[tuple[Image, int]] = STL10(str(source), split, download=download)
        else:
            kind = CIFAR10 if name == "cifar10" else CIFAR100
            pictures = kind(str(source), train=split == "train", download=download)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise FileNotFoundError(
            f"{name} is not in {source} as its authors publish it ({reason}); put the official archive there, "
            "unpacked, or add --download"
        ) from error
    return pictures


def write_class_folders(samples: Iterable[tuple[Image, int]], classes: Sequence[str], folder: str | Path) -> int:
    """Write ``folder/<class>/<index>.png`` for each (image, label), ``folder/<index>.png`` for label -1; how many."""
    folder = Path(folder)
    number = 0
    for number, (image, label) in enumerate(samples, start=1):
        target = folder if label == UNLABELLED else folder / classes[label]
        target.mkdir(parents=True, exist_ok=True)
        image.save(target / f"{number - 1:05d}.png")
    return number
