"""HOG and pixels as targets, at every patch size."""

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope

from mimseg.models.backbones.base import MaskedEncoder
from mimseg.models.step import Step
from mimseg.models.targets.hog import HOGTarget
from mimseg.models.targets.pixels import PixelTarget
from mimseg.ops.hog import hog
from mimseg.ops.masking import PatchMask
from mimseg.registry import MODELS

SIZES = pytest.mark.parametrize(("patch", "dim"), [(8, 27), (16, 108), (32, 432), (64, 1728)])


def step_of(patch, grid=(2, 3), seed=0):
    """A step in which two patches of each of two images are masked."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(2, 3, grid[0] * patch, grid[1] * patch, generator=generator)
    mask = torch.zeros(2, grid[0] * grid[1], dtype=torch.bool)
    mask[0, [1, 5]] = mask[1, [0, 3]] = True
    return Step(images, patch, grid, 1.0, mask=PatchMask.from_bool(mask, 2))


@SIZES
def test_a_patch_predicts_all_its_cells(patch, dim):
    """In the order (channel, bin, cell row, cell column), each read from the histogram of its place."""
    step, target, k = step_of(patch), HOGTarget(), patch // 8
    assert target.out_dim(MaskedEncoder(patch, 3, 32), {}) == dim
    everything, cells = target(step, "all"), hog(step.images)
    assert everything.shape == (2, 6, dim)
    for place in range(6):
        top, left = place // 3 * k, place % 3 * k
        own = cells[:, :, top : top + k, left : left + k]
        assert torch.equal(everything[:, place], own.reshape(2, dim))
    masked = target(step)
    assert torch.equal(masked, torch.stack([everything[0, [1, 5]], everything[1, [0, 3]]]))


def test_settings_reach_the_histograms():
    step = step_of(16)
    target = HOGTarget(cell=4, bins=6, normalize=False, gaussian=8)
    assert target.out_dim(MaskedEncoder(16, 1, 32), {}) == 6 * 16
    expected = hog(step.images, 4, 6, 8, normalize=False)[:, :, :4, 4:8].reshape(2, -1)
    assert torch.equal(target(step, "all")[:, 1], expected)


@SIZES
def test_pixels_at_every_patch_size(patch, dim):
    """(row, column, channel), each patch standardised by its own mean and unbiased variance."""
    step = step_of(patch)
    own = step.images[1, :, patch:, :patch].double().numpy().transpose(1, 2, 0).reshape(-1)  # patch 3 of 2x3
    expected = (own - own.mean()) / np.sqrt(own.var(ddof=1) + 1e-6)
    np.testing.assert_allclose(PixelTarget(normalize=True)(step)[1, 1].numpy(), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(PixelTarget()(step)[1, 1].numpy(), own, rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (dict(cell=0), "cell must be 1 or more, got 0"),
        (dict(bins=0), "bins must"),
        (dict(gaussian=-1), "gaussian must"),
    ],
)
def test_bad_settings_are_one_clear_line(options, complaint):
    with pytest.raises(ValueError, match=complaint):
        HOGTarget(**options)


def test_a_patch_of_no_whole_cells_is_refused_with_a_cell_that_fits():
    for patch, fit in ((12, 6), (4, 4)):
        with pytest.raises(ValueError, match=f"patch size {patch} is no multiple of cell=8; use cell={fit}$"):
            HOGTarget().out_dim(MaskedEncoder(patch, 3, 32), {})


MASKFEAT = dict(
    type="MaskedImageModel",
    data_preprocessor=dict(type="ImagePreprocessor", mean=[120.0, 110.0, 100.0], std=[50.0, 60.0, 70.0]),
    encoder=dict(
        type="DenseViT",
        arch=dict(embed_dim=32, depth=2, num_heads=2),
        patch_size=16,
        image_size=64,
        layer_scale=None,
        positions="learned",
        init="normal",
    ),
    neck=None,
    masking=dict(type="MaskGenerator", policy=dict(type="BlockPolicy", min_area=2), ratio=dict(type="FixedRatio")),
    tasks=dict(
        reconstruct=dict(
            type="Task",
            decoder=dict(type="LinearDecoder"),
            target=dict(type="HOGTarget", gaussian=16),
            loss=dict(type="PatchMSE"),
        )
    ),
)


def test_maskfeats_loss_written_out():
    init_default_scope("mimseg")
    torch.manual_seed(0)
    model = MODELS.build(MASKFEAT)
    images = torch.randn(2, 3, 64, 64)
    mask = torch.arange(16).expand(2, -1) % 3 == 0
    predicted = model.tasks["reconstruct"].decoder.head(
        model.encoder(images, PatchMask.from_bool(mask, 6)).patch_tokens
    )
    cells = hog(images, gaussian=16)
    errors = []
    for image, place in mask.nonzero().tolist():
        top, left = place // 4 * 2, place % 4 * 2
        own = cells[image, :, top : top + 2, left : left + 2].flatten()
        errors.append((predicted[image, place] - own).square().mean())
    loss = model.loss_under(images, PatchMask.from_bool(mask, 6))["loss_reconstruct"]
    torch.testing.assert_close(loss, torch.stack(errors).mean())


def test_a_step_never_waits_for_the_device():
    """Meta tensors hold no data: any .item(), bool() or data-dependent shape raises."""
    init_default_scope("mimseg")
    with torch.device("meta"):
        model = MODELS.build(MASKFEAT)
        losses = model(torch.randn(2, 3, 64, 64))
        losses["loss_reconstruct"].backward()
    assert all(p.grad is not None for p in model.parameters())
