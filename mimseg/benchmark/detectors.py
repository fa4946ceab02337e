"""A detector's step on images of which only the shape is known: as many regions as its samplers take at most."""

from typing import Any

import torch.nn.functional as F
from torch import Tensor


def losses_of_detector(model: Any, images: Tensor) -> dict[str, Tensor]:
    """The losses of mmdet's MaskRCNN for images ``(B, C, H, W)``, with all regions on its finest map.

    Which map a region is read from changes nothing: what is read has one size. Left out are the matrices by which
    anchors and regions are matched with boxes, which live for a moment and grow with the number of boxes.
    """
    maps = model.extract_feat(images)
    scores, boxes = model.rpn_head(maps)
    losses = {
        "loss_rpn_cls": sum(F.softplus(score.float()).mean() for score in scores),
        "loss_rpn_bbox": sum(box.float().abs().mean() for box in boxes),
    }
    sampler, heads = model.train_cfg.rcnn.sampler, model.roi_head
    number = len(images) * sampler.num
    classes, offsets = heads.bbox_head(_read(heads.bbox_roi_extractor, maps, number))
    losses["loss_cls"] = F.cross_entropy(classes.float(), classes.new_empty(number).long())
    losses["loss_bbox"] = offsets.float().abs().mean()
    if heads.with_mask:
        positive = int(sampler.pos_fraction * number)
        masks = heads.mask_head(_read(heads.mask_roi_extractor, maps, positive))
        own = masks.float()[:, 0]  # of each region's class
        losses["loss_mask"] = F.binary_cross_entropy_with_logits(own, own.detach().clone())
    return losses


def _read(extractor: Any, maps: tuple[Tensor, ...], number: int) -> Tensor:
    """Regions ``(number, D, s, s)``, in fp32 as the operators of boxes have them."""
    finest = maps[0].float()
    read: Tensor = extractor.roi_layers[0](finest, finest.new_empty(number, 5))
    return read
