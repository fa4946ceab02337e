"""Pictures and their label maps, two folders with the same names."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmengine import registry
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from ...registry import DATASETS
from ..labels import class_names, listed
from ..scanning import IMAGE_EXTENSIONS, scan_images
from .reading import IGNORED


@DATASETS.register_module()
class LabelMaps(BaseDataset):
    """Pictures and label maps in the records of mmseg's ``BaseSegDataset``, for mmseg's transforms and segmentors.

    Hidden files and folders are left out; the ending of a picture may be in capitals.

    Args:
        data_prefix: folders of pictures and of maps, ``img_path`` and ``seg_map_path``, below ``data_root``.
        names_of: dataset class whose classes and palette these are, e.g. ``mmseg.ADE20KDataset``, where ``metainfo``
            names none. Where it names some of that class's only, all other labels are ignored.
        metainfo: ``classes`` and ``palette`` of one's own.
        img_suffix: ending of pictures.
        seg_map_suffix: ending of maps, in place of that of their pictures.
        ann_file: a list of names without ending, one a line; empty: all pictures of the folder, at any depth.
        reduce_zero_label: 0 is no class but ignored, 1 the first class.
        ignore_index: the label that is no class, next to 255.
        **options: others of MMEngine's BaseDataset.

    Raises:
        FileNotFoundError: no such folder or list.
        ValueError: no picture found; says of which endings there are some.
    """

    def __init__(
        self,
        data_prefix: Mapping[str, str],
        names_of: str | None = None,
        metainfo: Mapping[str, Any] | None = None,
        img_suffix: str = ".jpg",
        seg_map_suffix: str = ".png",
        ann_file: str = "",
        reduce_zero_label: bool = False,
        ignore_index: int = IGNORED,
        **options: Any,
    ) -> None:
        self.img_suffix, self.seg_map_suffix = img_suffix, seg_map_suffix
        self.reduce_zero_label, self.ignore_index = reduce_zero_label, ignore_index
        self.names_of, named = names_of, class_names(names_of, metainfo)
        self.label_map = None if names_of is None else _map_labels(names_of, named["classes"])
        named = {**named, "label_map": self.label_map, "reduce_zero_label": reduce_zero_label}
        named["palette"] = _palette_of(named, names_of, self.label_map)
        super().__init__(ann_file=ann_file, metainfo=named, data_prefix=dict(data_prefix), **options)

    def load_data_list(self) -> list[dict[str, Any]]:
        """A record for every picture, in the order of their paths."""
        pictures, maps = self.data_prefix["img_path"], self.data_prefix.get("seg_map_path")
        names = self._listed() if self.ann_file else self._found(pictures)
        if self.label_map:
            kept = listed(self.metainfo["classes"])
            print_log(
                f"{pictures}: of the labels of {self.names_of} those of {kept} are kept, all others ignored", "current"
            )
        shared = {
            "label_map": self.label_map,
            "reduce_zero_label": self.reduce_zero_label,
            "num_classes": len(self.metainfo["classes"]),
            "ignore_index": self.ignore_index,
        }
        records = []
        for name in names:
            record: dict[str, Any] = {"img_path": os.path.join(pictures, name), **shared, "seg_fields": []}
            if maps is not None:
                stem = name[: -len(self.img_suffix)] if self.img_suffix else name
                record["seg_map_path"] = os.path.join(maps, stem + self.seg_map_suffix)
            records.append(record)
        return records if self.ann_file else sorted(records, key=lambda record: record["img_path"])

    def pairs(self) -> list[tuple[str, str | None]]:
        """Paths of every picture and of its map."""
        records = (self.get_data_info(index) for index in range(len(self)))
        return [(record["img_path"], record.get("seg_map_path")) for record in records]

    def _listed(self) -> list[str]:
        if not os.path.isfile(self.ann_file):
            raise FileNotFoundError(f"list file '{self.ann_file}' does not exist: correct ann_file, below data_root")
        with open(self.ann_file, encoding="utf-8-sig") as file:
            names = [line.strip() + self.img_suffix for line in file if line.strip()]
        if not names:
            raise ValueError(f"list file '{self.ann_file}' names no picture: write one name without ending a line")
        return names

    def _found(self, folder: str) -> list[str]:
        if not os.path.isdir(folder):
            raise FileNotFoundError(f"folder of pictures '{folder}' does not exist: correct data_root or data_prefix")
        names = [os.path.relpath(path, folder) for path in scan_images(folder, (self.img_suffix,))]
        if not names:
            raise ValueError(f"{folder} holds no {self.img_suffix}{_others(folder)}")
        return names


def _others(folder: str) -> str:
    endings = Counter(os.path.splitext(path)[1] for path in scan_images(folder, IMAGE_EXTENSIONS))
    if not endings:
        return ", and no other pictures"
    counts = " and ".join(f"{count} {ending}" for ending, count in endings.most_common(3))
    return f", but {counts}: set img_suffix={endings.most_common(1)[0][0]} of the dataset"


def _map_labels(names_of: str, classes: Sequence[str]) -> dict[int, int] | None:
    """From the labels of a known data set to those of some of its classes; None where it is all of them."""
    known = registry.DATASETS.get(names_of).METAINFO["classes"]
    if list(known) == list(classes) or not set(classes) <= set(known):
        return None
    return {old: classes.index(name) if name in classes else IGNORED for old, name in enumerate(known)}


def _palette_of(named: Mapping[str, Any], names_of: str | None, label_map: Mapping[int, int] | None) -> list[Any]:
    """A colour for every class: the palette's, those of the known data set, or drawn ones, always the same."""
    palette, number = list(named.get("palette") or ()), len(named["classes"])
    if not palette and label_map and names_of:
        known = registry.DATASETS.get(names_of).METAINFO["palette"]
        places = {label: old for old, label in label_map.items() if label != IGNORED}
        palette = [known[places[label]] for label in range(number)]
    if palette and len(palette) != number:
        raise ValueError(f"metainfo.palette has {len(palette)} colours for {number} classes; give one a class")
    return palette or np.random.default_rng(42).integers(0, 255, (number, 3)).tolist()
