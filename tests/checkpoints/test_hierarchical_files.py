"""Files of CMT, PVTv2, ConvNeXt and of any network that a DenseBackbone wraps."""

import re

import pytest
import timm
import torch
from mmpretrain.registry import MODELS as THEIRS
from torch import nn

from mimseg.checkpoints import load_weights
from mimseg.models.backbones.cmt import CMT

CMT_ARCH = dict(stem_dim=4, embed_dims=(4, 8, 16, 32), depths=(1, 2, 1, 1), num_heads=(1, 2, 2, 4), mlp_ratio=2.0)
CMT_ENCODER = dict(type="DenseBackbone", backbone=dict(type="CMT", arch=CMT_ARCH), image_size=64, add_norm=True)
PVT = dict(depths=(1, 1, 1, 1), embed_dims=(8, 16, 16, 32), num_heads=(1, 1, 2, 2))
CONVNEXT = dict(depths=(1, 1, 2, 1), dims=(8, 16, 16, 32))


def dense(name, **options):
    return dict(type="DenseBackbone", backbone=name, image_size=64, options=options)


class PublicCMT(nn.Module):
    """CMT with the names and the arithmetic of its public code, written the long way from its equations."""

    def __init__(self):
        super().__init__()
        dims, depths, heads = CMT_ARCH["embed_dims"], CMT_ARCH["depths"], CMT_ARCH["num_heads"]
        for i in (1, 2, 3):
            setattr(self, f"stem_conv{i}", nn.Conv2d(3 if i == 1 else 4, 4, 3, 2 if i == 1 else 1, 1))
            setattr(self, f"stem_norm{i}", nn.BatchNorm2d(4))
        for i, letter in enumerate("abcd"):
            embed = nn.Module()
            embed.proj, embed.norm = nn.Conv2d(dims[i - 1] if i else 4, dims[i], 2, 2), nn.LayerNorm(dims[i])
            setattr(self, f"patch_embed_{letter}", embed)
            side, reduction = 64 // 2 ** (i + 2), 2 ** (3 - i)
            pairs = heads[i], side**2, (side // reduction) ** 2
            setattr(self, f"relative_pos_{letter}", nn.Parameter(torch.randn(pairs)))
            blocks = [self.block(dims[i], reduction) for _ in range(depths[i])]
            setattr(self, f"blocks_{letter}", nn.ModuleList(blocks))
        self.norm = nn.LayerNorm(32, eps=1e-5)

    @staticmethod
    def block(dim, reduction):
        block, hidden = nn.Module(), int(dim * CMT_ARCH["mlp_ratio"])
        block.proj = nn.Conv2d(dim, dim, 3, 1, 1, groups=dim)
        block.norm1, block.norm2 = nn.LayerNorm(dim, eps=1e-6), nn.LayerNorm(dim, eps=1e-6)
        block.attn, block.mlp = nn.Module(), nn.Module()
        for name in ("q", "k", "v", "proj"):
            setattr(block.attn, name, nn.Linear(dim, dim))
        if reduction > 1:
            block.attn.sr = nn.Sequential(nn.Conv2d(dim, dim, reduction, reduction, groups=dim), nn.BatchNorm2d(dim))
        block.mlp.conv1 = nn.Sequential(nn.Conv2d(dim, hidden, 1), nn.GELU(), nn.BatchNorm2d(hidden))
        block.mlp.proj = nn.Conv2d(hidden, hidden, 3, 1, 1, groups=hidden)
        block.mlp.proj_bn = nn.BatchNorm2d(hidden)
        block.mlp.conv2 = nn.Sequential(nn.Conv2d(hidden, dim, 1), nn.BatchNorm2d(dim))
        return block

    def forward(self, x):
        for i in (1, 2, 3):
            x = getattr(self, f"stem_norm{i}")(nn.functional.gelu(getattr(self, f"stem_conv{i}")(x)))
        for i, letter in enumerate("abcd"):
            embed = getattr(self, f"patch_embed_{letter}")
            x = embed.norm(embed.proj(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
            for block in getattr(self, f"blocks_{letter}"):
                x = self.run(block, x, getattr(self, f"relative_pos_{letter}"), CMT_ARCH["num_heads"][i])
        return self.norm(x.flatten(2).transpose(1, 2))

    @staticmethod
    def run(block, x, positions, heads):
        dim, h, w = x.shape[1:]
        x = x + block.proj(x)
        tokens = x.flatten(2).transpose(1, 2)
        normed = block.norm1(tokens)
        coarse = normed
        if hasattr(block.attn, "sr"):
            coarse = block.attn.sr(normed.transpose(1, 2).unflatten(2, (h, w))).flatten(2).transpose(1, 2)
        query, key, value = (
            layer(part).unflatten(2, (heads, -1)).transpose(1, 2)
            for layer, part in ((block.attn.q, normed), (block.attn.k, coarse), (block.attn.v, coarse))
        )
        weights = (query @ key.transpose(2, 3) / (dim // heads) ** 0.5 + positions).softmax(-1)
        tokens = tokens + block.attn.proj((weights @ value).transpose(1, 2).flatten(2))
        inner = block.mlp.conv1(block.norm2(tokens).transpose(1, 2).unflatten(2, (h, w)))
        inner = block.mlp.proj_bn(nn.functional.gelu(inner + block.mlp.proj(inner)))
        return tokens.transpose(1, 2).unflatten(2, (h, w)) + block.mlp.conv2(inner)


def test_fastmims_cmt_goes_on_pretraining(shaken, pretext, saved, pictures, quiet):
    public = shaken(PublicCMT())
    ours = pretext(CMT_ENCODER, neck=dict(type="ProjectionNeck", width=32))
    decoder = {"decoder_embed.weight": torch.randn(32, 32), "decoder_embed.bias": torch.randn(32)}
    for name in ours.tasks["reconstruct"].decoder.state_dict():
        tensor = ours.tasks["reconstruct"].decoder.state_dict()[name]
        decoder[f"decoder_{name.replace('head', 'pred')}"] = torch.randn(tensor.shape)
    state = {f"encoder.{name}": tensor for name, tensor in public.state_dict().items()}
    report = load_weights(
        ours, saved(dict(model={**state, **decoder, "mask_token": torch.randn(1, 3, 1, 1)})), log=quiet
    )
    assert report.coverage == 1 and not report.ignored
    torch.testing.assert_close(ours.encoder(pictures(64)).tokens, public(pictures(64)), rtol=0, atol=1e-5)


def test_a_fine_tuned_cmt_gives_its_trunk(shaken, extractor, saved, pictures, quiet):
    public = shaken(PublicCMT())
    public.norm = nn.Identity()
    head = {"_fc.weight": torch.randn(9, 32, 1, 1), "_fc.bias": torch.randn(9), "head.weight": torch.randn(5, 9)}
    ours = extractor({**CMT_ENCODER, "add_norm": False})
    report = load_weights(ours, saved({**public.state_dict(), **head}), log=quiet)
    assert set(report.ignored) == {"expand.conv.weight", "expand.conv.bias", "head.weight"}
    torch.testing.assert_close(ours.encoder(pictures(64)).tokens, public(pictures(64)), rtol=0, atol=1e-5)


def test_a_fine_tuned_cmt_is_the_same_function(shaken, classifier, saved, pictures, quiet):
    """Its classifier widens by a 1 x 1 convolution before the mean."""
    public = PublicCMT()
    public.norm = nn.Identity()
    public._fc, public._bn, public.head = nn.Conv2d(32, 9, 1), nn.BatchNorm2d(9), nn.Linear(9, 5)
    shaken(public)
    ours = classifier({**CMT_ENCODER, "add_norm": False}, norm=None, expand=9)
    report = load_weights(ours, saved(public.state_dict()), log=quiet)
    assert not report.ignored
    wide = public._bn(public._fc(public(pictures(64)).transpose(1, 2).unflatten(2, (2, 2))))
    expected = public.head(nn.functional.silu(wide).mean((2, 3)))
    torch.testing.assert_close(ours(pictures(64)), expected, rtol=0, atol=1e-5)


def test_cmts_positions_are_resized_for_other_images(shaken, extractor, saved, quiet):
    state = shaken(PublicCMT()).state_dict()
    ours = extractor({**CMT_ENCODER, "image_size": 96})
    report = load_weights(ours, saved(state), log=quiet)
    assert "queries x keys 256x4 -> 576x9 (bicubic)" in str(report)


def pvt(shaken):
    return shaken(timm.create_model("pvt_v2_b0", num_classes=5, **PVT))


def official_pvt(model):
    """timm's names under those of the public code, which number stages from 1."""
    state = {}
    for name, tensor in model.state_dict().items():
        name = re.sub(r"^patch_embed\.", "patch_embed1.", name)
        name = re.sub(r"^stages\.(\d)\.downsample\.", lambda m: f"patch_embed{int(m[1]) + 1}.", name)
        name = re.sub(r"^stages\.(\d)\.blocks\.", lambda m: f"block{int(m[1]) + 1}.", name)
        name = re.sub(r"^stages\.(\d)\.norm\.", lambda m: f"norm{int(m[1]) + 1}.", name)
        state[name.replace(".dwconv.", ".dwconv.dwconv.")] = tensor
    return state


@pytest.mark.parametrize("naming", ["official", "timm", "FastMIM"])
def test_pvtv2_computes_the_same(shaken, classifier, saved, pictures, quiet, naming):
    model = pvt(shaken)
    state = model.state_dict() if naming == "timm" else official_pvt(model)
    if naming == "FastMIM":
        state = {f"encoder.{name}": tensor for name, tensor in state.items() if not name.startswith("head.")}
        state |= {"mask_token": torch.randn(1, 3, 1, 1), "decoder_embed.weight": torch.randn(8, 32)}
    ours = classifier(dense("pvt_v2_b0", **PVT), norm=None)
    load_weights(ours, saved(dict(model=state)), scope="encoder.", log=quiet)
    expected = model.forward_features(pictures(64)).flatten(2).transpose(1, 2)
    torch.testing.assert_close(ours.encoder(pictures(64)).tokens, expected, rtol=0, atol=1e-5)
    if naming == "FastMIM":
        assert torch.equal(ours.encoder.mask_token, state["mask_token"])
    else:
        torch.testing.assert_close(ours(pictures(64)), model(pictures(64)), rtol=0, atol=1e-5)


@pytest.mark.parametrize("prefix", ["", "backbone.", "module.encoder."])
def test_timms_convnext_computes_the_same(shaken, classifier, saved, pictures, quiet, prefix):
    model = shaken(timm.create_model("convnext_atto", num_classes=5, **CONVNEXT))
    ours = classifier(dense("convnext_atto", **CONVNEXT))
    path = saved({prefix + name: tensor for name, tensor in model.state_dict().items()})
    load_weights(ours, path, log=quiet)
    torch.testing.assert_close(ours(pictures(64)), model(pictures(64)), rtol=0, atol=1e-5)


def test_its_norm_is_the_encoders_where_there_is_no_classifier(shaken, extractor, saved, pictures, quiet):
    for classes in (0, 5):
        model = shaken(timm.create_model("convnext_atto", num_classes=classes, **CONVNEXT))
        ours = extractor(dense("convnext_atto", **CONVNEXT))
        report = load_weights(ours, saved(model.state_dict()), log=quiet)
        assert list(report.missing) == ["encoder.mask_token"]
        expected = model.head.norm(model.forward_features(pictures(64))).flatten(2).transpose(1, 2)
        torch.testing.assert_close(ours.encoder(pictures(64)).tokens, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["resnet10t", "vit_tiny_patch16_224", "twins_pcpvt_small"])
def test_every_network_of_timm_takes_its_own_files(shaken, extractor, saved, pictures, quiet, name):
    ours = extractor(dict(type="DenseBackbone", backbone=name, image_size=64))
    options = dict(img_size=64) if "vit" in name or "twins" in name else {}
    model = shaken(timm.create_model(name, num_classes=5, **options))
    load_weights(ours, saved(dict(state_dict=model.state_dict())), log=quiet)
    expected = model.forward_features(pictures(64))
    expected = expected.flatten(2).transpose(1, 2) if expected.ndim == 4 else expected
    torch.testing.assert_close(ours.encoder(pictures(64)).tokens, expected, rtol=0, atol=1e-5)


def test_a_backbone_of_mmpretrain_takes_its_files(shaken, extractor, saved, pictures, quiet):
    arch = dict(depths=[1, 1, 2, 1], channels=[8, 16, 16, 32])
    config = dict(type="mmpretrain.ConvNeXt", arch=arch, out_indices=(3,), gap_before_final_norm=False)
    ours = extractor(dict(type="DenseBackbone", backbone=config, image_size=64))
    model = shaken(THEIRS.build(config))
    state = {f"backbone.{name}": tensor for name, tensor in model.state_dict().items()}
    load_weights(ours, saved(dict(state_dict={**state, "head.fc.weight": torch.randn(5, 32)})), log=quiet)
    expected = model(pictures(64))[0].flatten(2).transpose(1, 2)
    torch.testing.assert_close(ours.encoder(pictures(64)).tokens, expected, rtol=0, atol=1e-5)


def test_a_detectors_backbone_starts_from_timms_file(shaken, saved, pictures, quiet):
    from mmengine.registry import init_default_scope

    from mimseg.registry import MODELS

    init_default_scope("mimseg")
    model = pvt(shaken)
    ours = MODELS.build(dict(type="HierarchicalBackbone", encoder=dense("pvt_v2_b0", **PVT), norms=False)).eval()
    load_weights(ours, saved(official_pvt(model)), scope="encoder.", least=0.9, log=quiet)
    expected = model.forward_intermediates(pictures(64), intermediates_only=True)
    for got, wanted in zip(ours(pictures(64)), expected, strict=True):
        torch.testing.assert_close(got, wanted, rtol=0, atol=1e-5)


def test_what_needs_a_dense_backbone_says_so(shaken, extractor, saved, quiet):
    vit = extractor(dict(type="SparseViT", arch=dict(embed_dim=32, depth=2, num_heads=2), patch_size=4))
    convnext = timm.create_model("convnext_atto", **CONVNEXT).state_dict()
    for state, words in (
        (convnext, "they are timm's ConvNeXt; set encoder.type=DenseBackbone and encoder.backbone=convnext_tiny"),
        (pvt(shaken).state_dict(), "they are timm's PVTv2"),
        ({f"visual.transformer.resblocks.{i}.ln_1.weight": torch.ones(1) for i in range(3)}, "they are CLIP's"),
        ({"a.b": torch.ones(1), "c": torch.ones(1)}, "no known format: a.b, c, 2 in all; known are mimseg,"),
    ):
        with pytest.raises(ValueError, match=words) as error:
            load_weights(vit, saved(state), scope="encoder.", least=0.9, log=quiet)
        assert "\n" not in str(error.value)


def test_a_refusal_names_the_encoder_that_a_file_is_for(shaken, extractor, saved, quiet):
    vit = extractor(dict(type="SparseViT", arch=dict(embed_dim=32, depth=2, num_heads=2), patch_size=4))
    for state, words in (
        (PublicCMT().state_dict(), r"read as CMT \(\d+ tensors: .*\), for encoder.type=DenseBackbone with .*type=CMT"),
        (official_pvt(pvt(shaken)), r"read as PVTv2 .* for encoder.type=DenseBackbone with encoder.backbone=pvt_v2_b2"),
    ):
        with pytest.raises(ValueError, match=words) as error:
            load_weights(vit, saved(state), scope="encoder.", least=0.9, log=quiet)
        assert "\n" not in str(error.value)


def test_cmt_of_this_project_keeps_its_names(saved, extractor, quiet):
    source, ours = extractor(CMT_ENCODER), extractor(CMT_ENCODER)
    report = load_weights(ours, saved(dict(state_dict=source.state_dict())), log=quiet)
    assert report.label == "mimseg, student" and report.coverage == 1 and isinstance(ours.encoder.backbone, CMT)
