"""The transform that loads a label map."""

from typing import Any

from mmcv.transforms import BaseTransform

from ...registry import TRANSFORMS
from ..labels import refuse_other_size
from .reading import IGNORED, read_label_map, to_classes


@TRANSFORMS.register_module()
class LoadLabelMap(BaseTransform):
    """Read ``seg_map_path`` into ``gt_seg_map`` ``(H, W)`` uint8, as mmseg's LoadAnnotations, and check it.

    Required keys: ``seg_map_path``, ``img_path``, ``ori_shape`` (so it comes behind the image's loading), and what the
    dataset says: ``reduce_zero_label``, ``label_map``, ``num_classes``, ``ignore_index``.

    Raises:
        UnreadableImageError: the map is missing or damaged.
        LabelError: on loading, colours, a label beyond the classes, or another size than the picture's.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add ``gt_seg_map``; see the class."""
        path = results["seg_map_path"]
        values = read_label_map(path)
        refuse_other_size(results["img_path"], results["ori_shape"], values.shape, f"its label map {path} is")
        results["gt_seg_map"] = to_classes(
            values,
            results.get("num_classes"),
            results.get("label_map"),
            results.get("reduce_zero_label", False),
            results.get("ignore_index", IGNORED),
            path,
        )
        results.setdefault("seg_fields", []).append("gt_seg_map")
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"
