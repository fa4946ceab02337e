"""Averages of a model, as MMEngine's EMAHook keeps them: a copy made before the first batch, then brought along."""

import pytest
import torch
from mmengine.model import ExponentialMovingAverage

from mimseg.models.backbones.positions import Positions

VIT = dict(arch=dict(embed_dim=32, depth=2, num_heads=2), patch_size=4)
DENSE = dict(encoder=dict(type="DenseViT", image_size=(16, 24), **VIT), neck=None)
LINEAR = dict(
    tasks=dict(
        reconstruct=dict(
            type="Task",
            decoder=dict(type="LinearDecoder"),
            target=dict(type="PixelTarget", normalize=False),
            loss=dict(type="PatchL1"),
        )
    )
)
ADAPTIVE = dict(
    masking=dict(
        type="MaskGenerator",
        score=dict(type="SalienceScore"),
        policy=dict(type="NoisyPolicy"),
        ratio=dict(type="AdaptiveRatio", ratio=0.6, spread=0.3, threshold=0.3),
    )
)
MODELS = {
    "mae": {},
    "learned": dict(encoder=dict(type="SparseViT", positions="learned", image_size=(16, 24), **VIT)),
    "amr": ADAPTIVE,
    "simmim": dict(DENSE, **LINEAR),
}


def step(model, inputs):
    torch.manual_seed(3)
    return model(inputs)["loss_reconstruct"]


@pytest.mark.parametrize("update_buffers", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_an_average_follows_a_model_through_grids(build, images, name, update_buffers):
    model = build("mae", **MODELS[name])
    average = ExponentialMovingAverage(model, momentum=0.999, update_buffers=update_buffers)
    keys = list(model.state_dict())
    for inputs in (images, images, images[..., :16]):
        step(model, inputs).backward()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(0.01)
        average.update_parameters(model)
        torch.testing.assert_close(step(average.module, inputs), step(model, inputs), rtol=1e-3, atol=1e-3)
    assert list(model.state_dict()) == keys
    assert not [key for key in keys if key.endswith((".place", ".numbers", ".index"))]


def test_fixed_positions_follow_the_type_of_the_model():
    positions = Positions(16)
    single = positions((4, 6))
    assert positions.half()((4, 6)).dtype == torch.float16
    torch.testing.assert_close(positions((4, 6)).float(), single, rtol=1e-3, atol=1e-3)
