"""Keeps box operations in fp32 while a detector trains in bf16 or fp16."""

from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn

from ...ops.precision import without_autocast
from ...registry import HOOKS


@HOOKS.register_module()
class Float32Ops(Hook):
    """Let a two-stage detector of mmdet train under autocast, see :func:`keep_ops_in_float32`."""

    def before_train(self, runner: Runner) -> None:
        """Before the first step."""
        keep_ops_in_float32(runner.bare_model)


def keep_ops_in_float32(detector: Any) -> None:
    """Hand fp32 to non-maximum suppression and RoIAlign; convolutions and linear layers keep their precision.

    mmcv compiles neither of its own for bf16, and mmdet rounds RoIs to the maps' precision, which in bf16 is 4 px at a
    coordinate of 1000. So what leaves the RPN and what enters a RoI extractor becomes fp32. The RPN's last layers run
    in fp32 as a whole: their scores are ranked.

    Args:
        detector: has ``rpn_head``, and ``roi_head`` with ``bbox_roi_extractor`` and perhaps ``mask_roi_extractor``.
    """
    detector.rpn_head.register_forward_hook(lambda module, inputs, outputs: _as_float32(outputs))
    for name in ("rpn_cls", "rpn_reg"):
        layer: nn.Module | None = getattr(detector.rpn_head, name, None)
        if layer is not None:
            _run_in_float32(layer)
    for name in ("bbox_roi_extractor", "mask_roi_extractor"):
        extractor: nn.Module | None = getattr(detector.roi_head, name, None)
        if extractor is not None:
            extractor.register_forward_pre_hook(lambda module, inputs: _as_float32(inputs))


def _run_in_float32(layer: Any) -> None:
    forward = layer.forward

    def exact(x: Tensor) -> Tensor:
        with without_autocast(x):
            out: Tensor = forward(x.float())
            return out

    layer.forward = exact


def _as_float32(value: Any) -> Any:
    if torch.is_tensor(value):
        tensor: Tensor = value
        return tensor.float()
    return type(value)(_as_float32(part) for part in value) if isinstance(value, tuple | list) else value
