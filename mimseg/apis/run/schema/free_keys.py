"""Keys of the dicts of which mmdet, mmseg and datasets read some and pass over the others."""

from collections.abc import Iterator, Mapping
from typing import Any

Found = tuple[str, Mapping[str, Any], frozenset[str]]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SINGLE_STAGE = (
    "assigner sampler allowed_border pos_weight debug neg_pos_ratio smoothl1_beta initial_epoch initial_assigner alpha "
    "beta reg_assigner ga_assigner ga_sampler center_ratio ignore_ratio init refine isr carl augments num_points "
    "oversample_ratio importance_sample_ratio"
)
_PROPOSALS = "nms_pre nms_post max_per_img nms min_bbox_size score_thr"
_SAMPLER = _words(
    "type num pos_fraction neg_pos_ub add_gt_as_proposals pos_sampler neg_sampler floor_thr floor_fraction num_bins "
    "loss_key k bias score_thr iou_thr"
)
_NMS = _words(
    "type iou_threshold iou_thr class_agnostic split_thr score_threshold sigma min_score method offset max_num"
)
_MASKS = "mask_thr_binary subdivision_steps subdivision_num_points scale_factor"

# By library and section, then by the key of the dict ("" is the section itself): what its config zoo and code name.
MODEL: Mapping[tuple[str, str], Mapping[str, frozenset[str]]] = {
    ("mmdet", "train_cfg"): {
        "": _words(f"rpn rpn_proposal rcnn {_SINGLE_STAGE}"),
        "rpn": _words(_SINGLE_STAGE),
        "rpn_proposal": _words(_PROPOSALS),
        "rcnn": _words(
            "assigner sampler mask_size pos_weight debug dynamic_rcnn isr carl pos_radius max_num_grid num_points "
            "oversample_ratio importance_sample_ratio mask_thr_binary"
        ),
        "dynamic_rcnn": _words("iou_topk beta_topk update_iter_interval initial_iou initial_beta"),
        "isr": _words("k bias"),
        "carl": _words("k bias"),
        "init": _words(_SINGLE_STAGE),
        "refine": _words(_SINGLE_STAGE),
        "sampler": _SAMPLER,
        "ga_sampler": _SAMPLER,
        "nms": _NMS,
    },
    ("mmdet", "test_cfg"): {
        "": _words(
            f"rpn rcnn {_PROPOSALS} {_MASKS} chunked_size corner_topk local_maximum_kernel distance_threshold conf_thr "
            "mask_thr filter_thr kernel panoptic_on semantic_on instance_on max_per_image object_mask_thr iou_thr "
            "filter_low_score panoptic topk top_k score_voting sigma mask_overlap stuff_area_limit"
        ),
        "rpn": _words(_PROPOSALS),
        "rcnn": _words(f"score_thr nms max_per_img async_sleep_interval {_MASKS}"),
        "panoptic": _words("mask_overlap stuff_area_limit"),
        "nms": _NMS,
    },
    ("mmseg", "train_cfg"): {
        "": _words("sampler assigner num_points oversample_ratio importance_sample_ratio"),
    },
    ("mmseg", "test_cfg"): {
        "": _words("mode crop_size stride scale_factor subdivision_steps subdivision_num_points"),
    },
}

_FILTER = _words("filter_empty_gt min_size bbox_min_size")
_PICTURES = {"filter_cfg": _FILTER, "data_prefix": _words("img img_path seg sub_data_root")}
_MAPS = {"data_prefix": _words("img_path seg_map_path")}
DATASETS: Mapping[str, Mapping[str, frozenset[str]]] = {
    "CocoInstances": {"filter_cfg": _words("filter_empty_gt min_size"), "data_prefix": _words("img")},
    "CocoDataset": _PICTURES,
    "LVISV1Dataset": _PICTURES,
    "VOCDataset": _PICTURES,
    "LabelMaps": _MAPS,
    "ADE20KDataset": _MAPS,
    "BaseSegDataset": _MAPS,
}
"""By dataset and argument."""


def keys_of_model(cfg: Mapping[str, Any]) -> Iterator[Found]:
    """The free dicts of a detector or segmentor: dotted key, value, and the keys that are read of it.

    There are none where ``custom_imports`` brings modules, whose classes may read keys of their own.
    """
    model = cfg.get("model")
    if not isinstance(model, Mapping) or cfg.get("custom_imports"):
        return
    own, _, _ = str(model.get("type", "")).rpartition(".")
    library = own or str(cfg.get("default_scope"))
    for section in ("train_cfg", "test_cfg"):
        known = MODEL.get((library, section))
        if known is not None:
            yield from _dicts(model.get(section), f"model.{section}", "", known)


def _dicts(value: Any, key: str, name: str, known: Mapping[str, frozenset[str]]) -> Iterator[Found]:
    """A dict with a table of its keys, and those in it; a list is as many of them."""
    if isinstance(value, list | tuple):
        for place, inner in enumerate(value):
            yield from _dicts(inner, f"{key}.{place}", name, known)
    elif isinstance(value, Mapping) and name in known:
        yield key, value, known[name]
        for inner_name, inner in value.items():
            yield from _dicts(inner, f"{key}.{inner_name}", str(inner_name), known)


def keys_of_dataset(kind: str, part: Mapping[str, Any]) -> Iterator[Found]:
    """The free dicts of a dataset: argument, value, and the keys that are read of it."""
    for name, known in DATASETS.get(kind, {}).items():
        if isinstance(part.get(name), Mapping):
            yield name, part[name], known
