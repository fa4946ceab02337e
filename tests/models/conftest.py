import copy

import pytest
import torch
from mmengine.registry import init_default_scope

from mimseg.registry import MODELS

MAE = dict(
    type="MaskedImageModel",
    data_preprocessor=dict(type="ImagePreprocessor", mean=[120.0, 110.0, 100.0], std=[50.0, 60.0, 70.0]),
    encoder=dict(type="SparseViT", arch=dict(embed_dim=32, depth=2, num_heads=2), patch_size=4),
    neck=dict(type="MaskTokenNeck", width=32),
    masking=dict(type="MaskGenerator", policy=dict(type="RandomPolicy"), ratio=dict(type="FixedRatio", ratio=0.75)),
    tasks=dict(
        reconstruct=dict(
            type="Task",
            decoder=dict(type="TransformerDecoder", depth=2, num_heads=2),
            target=dict(type="PixelTarget", normalize=True),
            loss=dict(type="PatchMSE"),
        )
    ),
)


def merged(base, changes):
    """A deep copy of a config with nested changes; None and non-dict values replace."""
    out = copy.deepcopy(base)
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(out.get(key), dict) and "type" not in value:
            out[key] = merged(out[key], value)
        else:
            out[key] = value
    return out


HPM = merged(
    MAE,
    dict(
        masking=dict(
            type="MaskGenerator",
            score=dict(type="PredictedLossScore"),
            policy=dict(type="EasyToHardPolicy"),
            ratio=dict(type="FixedRatio", ratio=0.75),
        ),
        tasks=dict(
            predict_loss=dict(
                type="Task",
                decoder=dict(type="TransformerDecoder", depth=2, num_heads=2),
                target=dict(type="PatchLossTarget", task="reconstruct"),
                loss=dict(type="RelativePatchLoss"),
            )
        ),
        teachers=dict(ema=dict(type="EMATeacher")),
    ),
)


@pytest.fixture
def build():
    """``build('mae' | 'hpm', **changes)`` -> a tiny model with fixed weights."""
    init_default_scope("mimseg")

    def make(name="mae", **changes):
        torch.manual_seed(0)
        return MODELS.build(merged({"mae": MAE, "hpm": HPM}[name], changes))

    return make


@pytest.fixture
def images():
    return torch.randn(4, 3, 16, 24, generator=torch.Generator().manual_seed(1))
