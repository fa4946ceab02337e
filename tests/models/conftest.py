import copy

import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import init_default_scope

from mimseg.models import Step
from mimseg.ops.posembed import sincos_2d
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


@pytest.fixture
def reference_mae_loss():
    """MAE's loss, one image after another."""
    return mae_loss_the_long_way


def mae_loss_the_long_way(model, images, mask):
    """MAE's loss written out the long way: convolution, un-shuffled tokens, whole decoder, all pixels."""
    patch, encoder, neck = model.encoder.patch_size, model.encoder, model.neck
    decoder = model.tasks["reconstruct"].decoder
    batch, channels, height, width = images.shape
    grid = (height // patch, width // patch)
    kernel = encoder.patch_embed.weight.view(-1, patch, patch, channels).permute(0, 3, 1, 2)
    tokens = F.conv2d(images, kernel, encoder.patch_embed.bias, stride=patch).flatten(2).transpose(1, 2)
    tokens = tokens + sincos_2d(grid, encoder.embed_dim)
    losses = []
    for b in range(batch):
        x = torch.cat([encoder.cls_token[0], tokens[b][~mask[b]]])[None]
        for block in encoder.blocks:
            x = block(x)
        x = neck.project(encoder.norm(x))[0]
        full = neck.mask_token[0].repeat(mask.shape[1], 1)
        full[~mask[b]] = x[1:]
        x = torch.cat([x[:1], full + sincos_2d(grid, neck.width)])[None]
        for block in decoder.blocks:
            x = block(x)
        predicted = decoder.head(decoder.norm(x))[0, 1:]
        for index in mask[b].nonzero().flatten().tolist():
            y, x0 = divmod(index, grid[1])
            pixels = images[b, :, y * patch : (y + 1) * patch, x0 * patch : (x0 + 1) * patch]
            pixels = pixels.permute(1, 2, 0).flatten()
            pixels = (pixels - pixels.mean()) / (pixels.var() + 1e-6).sqrt()
            losses.append((predicted[index] - pixels).square().mean())
    return torch.stack(losses).mean()


@pytest.fixture
def step_of():
    """``step_of(model, images)`` -> a step without mask."""

    def make(model, images, progress=1.0):
        return Step(images, model.encoder.patch_size, model.encoder.grid_of(images), progress)

    return make
