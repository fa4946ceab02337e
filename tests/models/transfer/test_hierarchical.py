"""Maps of hierarchical encoders."""

import pytest
import torch
import torch.nn.functional as F
from timm import create_model

SWIN = dict(
    type="DenseSwin", arch=dict(embed_dim=8, depths=(1, 1, 2, 1), num_heads=(1, 1, 2, 2)), image_size=64, window_size=3
)
CMT_ARCH = dict(stem_dim=2, embed_dims=(2, 4, 6, 8), depths=(1, 1, 1, 1), num_heads=(1, 1, 2, 2), mlp_ratio=2.0)
CMT = dict(type="DenseBackbone", backbone=dict(type="CMT", arch=CMT_ARCH), image_size=64, add_norm=True)
PVT = dict(
    type="DenseBackbone",
    backbone="pvt_v2_b0",
    image_size=64,
    options=dict(depths=(1, 1, 1, 1), embed_dims=(8, 8, 10, 16)),
)
CONVNEXT = dict(
    type="DenseBackbone", backbone="convnext_atto", image_size=64, options=dict(depths=(1, 1, 2, 1), dims=(4, 6, 8, 10))
)
ENCODERS = dict(swin=SWIN, cmt=CMT, pvt=PVT, convnext=CONVNEXT)
WIDTHS = dict(swin=(8, 16, 32, 64), cmt=(2, 4, 6, 8), pvt=(8, 8, 10, 16), convnext=(4, 6, 8, 10))


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("size", [(64, 64), (45, 67)])
def test_strides_are_exact_for_any_image_size(backbone, name, size):
    model = backbone("HierarchicalBackbone", encoder=ENCODERS[name])
    assert model.out_channels == WIDTHS[name]
    maps = model(torch.randn(2, 3, *size))
    expected = [
        (2, width, -(-size[0] // s), -(-size[1] // s)) for width, s in zip(WIDTHS[name], (4, 8, 16, 32), strict=True)
    ]
    assert [tuple(x.shape) for x in maps] == expected


@pytest.mark.parametrize("name", ENCODERS)
def test_the_last_map_is_the_encoders(backbone, name):
    """Normalised as in pre-training; the other stages get norms of their own."""
    model = backbone("HierarchicalBackbone", encoder=ENCODERS[name])
    images = torch.randn(2, 3, 64, 96)
    last = model(images)[-1]
    tokens = model.encoder(images).patch_tokens
    if name == "pvt":  # has no final norm in timm but that of its last stage; ours comes on top
        norm = model.norms[-1]
        tokens = F.layer_norm(tokens, (16,), norm.weight, norm.bias, norm.eps)
    torch.testing.assert_close(last, tokens.transpose(1, 2).unflatten(2, (2, 3)), rtol=1e-4, atol=1e-4)


def test_every_stage_of_swin_is_timms_with_a_norm(backbone):
    model = backbone("HierarchicalBackbone", encoder=dict(SWIN, image_size=96))
    theirs = create_model(
        "swin_tiny_patch4_window7_224",
        img_size=96,
        window_size=3,
        embed_dim=8,
        depths=(1, 1, 2, 1),
        num_heads=(1, 1, 2, 2),
    ).eval()
    own = {name: tensor for name, tensor in model.encoder.state_dict().items() if name in theirs.state_dict()}
    missing = theirs.load_state_dict(own, strict=False).missing_keys
    assert all(name.startswith("head.") or "index" in name or "mask" in name for name in missing)
    images = torch.randn(1, 3, 96, 96)
    stages = theirs.forward_intermediates(images, intermediates_only=True)
    norms = [*model.norms[:3], model.encoder.norm]
    for x, stage, norm in zip(model(images), stages, norms, strict=True):
        expected = F.layer_norm(stage.permute(0, 2, 3, 1), stage.shape[1:2], norm.weight, norm.bias, norm.eps)
        torch.testing.assert_close(x, expected.permute(0, 3, 1, 2), rtol=1e-4, atol=1e-4)


def test_norms_can_be_left_out(backbone):
    model = backbone("HierarchicalBackbone", encoder=PVT, norms=False)
    images = torch.randn(1, 3, 64, 64)
    for x, stage in zip(model(images), model.encoder.stage_maps(images), strict=True):
        assert torch.equal(x, stage)
    assert not any("norms" in name for name, _ in model.named_parameters())


@pytest.mark.parametrize("name", ENCODERS)
def test_every_trained_parameter_gets_a_gradient(backbone, name):
    for norms in (True, False):
        model = backbone("HierarchicalBackbone", encoder=ENCODERS[name], norms=norms).train()
        sum(x.square().sum() for x in model(torch.randn(2, 3, 64, 64))).backward()
        assert [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None] == []


def test_recomputing_changes_no_gradient(backbone):
    images, gradients = torch.randn(1, 3, 64, 64), []
    for recompute in (False, True):
        model = backbone("HierarchicalBackbone", encoder=SWIN, activation_checkpointing=recompute).train()
        sum(x.square().sum() for x in model(images)).backward()
        gradients.append([p.grad for p in model.parameters() if p.requires_grad])
    assert all(torch.equal(one, other) for one, other in zip(*gradients, strict=True))


def test_a_vit_has_no_stages(backbone):
    arch = dict(embed_dim=16, depth=1, num_heads=1)
    for kind, options in (("SparseViT", {}), ("DenseViT", dict(image_size=32))):
        with pytest.raises(ValueError, match=f"needs a DenseSwin or DenseBackbone as encoder, not a {kind}"):
            backbone("HierarchicalBackbone", encoder=dict(type=kind, arch=arch, **options))
