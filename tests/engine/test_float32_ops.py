"""Which inputs and outputs of a detector become fp32."""

import torch
from torch import nn

from mimseg.engine import keep_ops_in_float32


class Head(nn.Module):
    """Two lists of maps, as mmdet's RPN gives."""

    def forward(self, maps):
        return [value * 2 for value in maps], [value + 1 for value in maps]


class Extractor(nn.Module):
    """Keeps what it was handed."""

    def forward(self, maps, boxes):
        self.handed = (maps, boxes)
        return maps[0]


def test_what_leaves_the_rpn_and_enters_the_extractors_is_fp32_and_has_gradients():
    detector = nn.Module()
    detector.rpn_head, detector.roi_head = Head(), nn.Module()
    detector.roi_head.bbox_roi_extractor = Extractor()
    detector.roi_head.mask_roi_extractor = Extractor()
    keep_ops_in_float32(detector)
    maps = [torch.ones(1, 2, 2, 2, dtype=torch.bfloat16, requires_grad=True) for _ in range(2)]
    scores, deltas = detector.rpn_head(maps)
    assert {value.dtype for value in (*scores, *deltas)} == {torch.float32}
    boxes = torch.tensor([[0.0, 1001.3, 2.0, 1020.7, 30.0]])
    for name in ("bbox_roi_extractor", "mask_roi_extractor"):
        extractor = getattr(detector.roi_head, name)
        assert extractor(tuple(maps), boxes).dtype == torch.float32
        assert isinstance(extractor.handed[0], tuple) and torch.equal(extractor.handed[1], boxes)
    (scores[0].sum() + extractor.handed[0][0].sum()).backward()
    assert torch.equal(maps[0].grad, torch.full_like(maps[0], 3.0))
