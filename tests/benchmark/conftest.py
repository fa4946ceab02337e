import copy

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mimseg.benchmark.subject import our_subject

ARCH = dict(embed_dim=32, depth=2, num_heads=2)
MAE = dict(
    type="MaskedImageModel",
    data_preprocessor=dict(type="ImagePreprocessor", mean=[120.0] * 3, std=[50.0] * 3),
    encoder=dict(type="SparseViT", arch=ARCH, patch_size=4),
    neck=dict(type="MaskTokenNeck", width=32),
    masking=dict(type="MaskGenerator", policy=dict(type="RandomPolicy"), ratio=dict(type="FixedRatio", ratio=0.75)),
    tasks=dict(
        reconstruct=dict(
            type="Task",
            decoder=dict(type="TransformerDecoder", depth=1),
            target=dict(type="PixelTarget"),
            loss=dict(type="PatchMSE"),
        )
    ),
)
SBAM = dict(score=dict(type="SalienceScore"), policy=dict(type="NoisyPolicy"))
ADAPTIVE = dict(type="AdaptiveRatio", ratio=0.6, spread=0.2)
KINDS = {
    "mae": {},
    "sbam": dict(masking=SBAM),
    "amr": dict(masking=dict(SBAM, ratio=ADAPTIVE)),
    "amr units": dict(masking=dict(SBAM, ratio=ADAPTIVE, unit=8)),
    "gpa": dict(
        masking=dict(
            score=dict(type="AttentionScore", teacher="mae", block=1, head=0), policy=dict(type="SoftToHardPolicy")
        ),
        teachers=dict(mae=dict(type="PretrainedTeacher", checkpoint="nowhere/mae.pth")),
    ),
    "amt": dict(
        masking=dict(
            score=dict(type="ClassAttentionScore", teacher="ema"),
            policy=dict(type="AMTPolicy", throw=0.2),
            ratio=dict(type="FixedRatio", ratio=0.5),
        ),
        teachers=dict(ema=dict(type="EMATeacher")),
    ),
    "block": dict(masking=dict(policy=dict(type="BlockPolicy", min_area=2))),
    "simmim": dict(
        encoder=dict(type="DenseViT", arch=ARCH, patch_size=4, image_size=24),
        neck=None,
        masking=dict(unit=8),
        tasks=dict(reconstruct=dict(decoder=dict(type="LinearDecoder"))),
    ),
}


def merged(base, changes):
    """A deep copy with nested changes; what names a type replaces."""
    out = copy.deepcopy(base)
    for key, value in changes.items():
        inner = isinstance(value, dict) and isinstance(out.get(key), dict) and "type" not in value
        out[key] = merged(out[key], value) if inner else copy.deepcopy(value)
    return out


@pytest.fixture
def config():
    """``config(kind, **changes)`` -> the config of a tiny model."""
    init_default_scope("mimseg")
    return lambda kind, **changes: Config(dict(model=merged(merged(MAE, KINDS[kind]), changes)))


@pytest.fixture
def subject_of(config, images):
    """``subject_of(kind, **changes)`` -> the subject of a tiny model, for 6 x 4 patches."""

    def make(kind, **changes):
        torch.manual_seed(0)
        return our_subject("model", config(kind, **changes), tuple(images.shape[2:]), torch.device("cpu"))

    return make


@pytest.fixture(params=KINDS)
def kind(request):
    """Each of the kinds."""
    return request.param


@pytest.fixture
def images():
    """Four images of 24 x 16."""
    return torch.randn(4, 3, 24, 16, generator=torch.Generator().manual_seed(0))
