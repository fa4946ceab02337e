"""The distribution that every kind of parameter starts with, by formula."""

import math

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from torch import nn

from mimseg.models import (
    CMT,
    Classifier,
    DenseSwin,
    DenseViT,
    LinearDecoder,
    MaskTokenNeck,
    ProjectionNeck,
    SparseViT,
    TransformerDecoder,
    ViTBackbone,
)

ARCH = dict(embed_dim=192, depth=2, num_heads=3)
CUT_AT_ONE = math.sqrt(1 - 2 * math.exp(-0.5) / math.sqrt(2 * math.pi) / math.erf(1 / math.sqrt(2)))  # .5396


@pytest.fixture(autouse=True)
def scope():
    init_default_scope("mimseg")
    torch.manual_seed(0)


def is_normal(weight, std, cut=math.inf):
    """Mean, deviation (within four of its own errors) and, where it is cut, the bound."""
    factor = CUT_AT_ONE if cut == 1 else 1.0
    error = 4 / math.sqrt(2 * weight.numel())
    assert weight.std().item() == pytest.approx(factor * std, rel=max(error, 0.01))
    assert abs(weight.mean().item()) < 4 * std / math.sqrt(weight.numel())
    if cut < math.inf:
        assert 0.9 * cut * std < weight.abs().max() <= cut * std * (1 + 1e-6)
    else:
        assert weight.abs().max() > 2.2 * std


def is_uniform(weight, bound):
    """Within the bound, up to it, and of the deviation of a uniform distribution."""
    assert 0.99 * bound < weight.abs().max() <= bound * (1 + 1e-6)
    assert weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.02)


def is_xavier(weight):
    """Of a matrix as it is, out x in: qkv as one, a patch embedding flattened (MAE, public code)."""
    is_uniform(weight, math.sqrt(6 / sum(weight.shape)))


def check(module, rules):
    """Each parameter against the first rule whose end its name has; norms are 1 and 0, biases 0."""
    norms = {f"{name}." for name, part in module.named_modules() if isinstance(part, nn.LayerNorm | nn.BatchNorm2d)}
    for name, parameter in module.named_parameters():
        value = parameter.detach()
        if any(name.startswith(norm) for norm in norms):
            assert torch.equal(value, torch.full_like(value, float(name.endswith("weight")))), name
            continue
        rule = next((rule for end, rule in rules.items() if name.endswith(end)), None)
        if rule is None and name.endswith("bias"):
            assert not value.any(), name
            continue
        assert rule is not None, f"no rule for {name}"
        try:
            rule(value)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error


def plain_sincos(h, w, dim):
    """MAE's get_2d_sincos_pos_embed: columns' sines and cosines, then rows'."""
    omega = 1 / 10000 ** (np.arange(dim // 4) / (dim / 4))
    rows, columns = np.repeat(np.arange(h), w), np.tile(np.arange(w), h)
    parts = [f(np.outer(place, omega)) for place in (columns, rows) for f in (np.sin, np.cos)]
    return torch.from_numpy(np.concatenate(parts, axis=1)).float()


MAE = {"cls_token": lambda x: is_normal(x, 0.02), "mask_token": lambda x: is_normal(x, 0.02), "weight": is_xavier}


def test_a_sparse_vit():
    """MAE, public code: xavier matrices, the patch embedding as one of 768 inputs; tokens at .02; fixed positions."""
    encoder = SparseViT(arch=ARCH)
    check(encoder, MAE)
    assert encoder.patch_embed.weight.shape == (192, 768) and encoder.blocks[0].attn.qkv.weight.shape == (576, 192)
    torch.testing.assert_close(encoder.position_table((14, 14)), plain_sincos(14, 14, 192), rtol=0, atol=2e-6)
    assert not any("position" in name for name, _ in encoder.named_parameters())


def test_learned_positions_begin_as_the_fixed_ones():
    table = SparseViT(arch=ARCH, positions="learned", image_size=224).positions.table
    assert not table[0].any()
    torch.testing.assert_close(table[1:].detach(), plain_sincos(14, 14, 192), rtol=0, atol=2e-6)


@pytest.mark.parametrize("mask_at", ["tokens", "pixels"])
def test_a_dense_vit_of_fastmim(mask_at):
    """As MAE's; the mask token, too, where there are enough numbers to tell."""
    encoder = DenseViT(128, arch=ARCH, layer_scale=None, positions="sincos", init="xavier", mask_at=mask_at)
    if mask_at == "pixels":
        tokens = torch.stack([
            DenseViT(16, arch=dict(embed_dim=8, depth=1, num_heads=1), init="xavier", mask_at="pixels").mask_token
            for _ in range(200)
        ])  # fmt: skip
        is_normal(tokens.detach(), 0.02)
    check(encoder, MAE if mask_at == "tokens" else {**MAE, "mask_token": lambda x: None})


def test_a_dense_vit_of_simmim():
    """BEiT: normal .02 cut at .02, divided by the root of 2 i in the last matrices of block i; scales .1; tables 0."""
    encoder = DenseViT(224, arch=dict(ARCH, depth=3), drop_path=0.1)
    rules = {f"blocks.{i}.{end}": (lambda x, i=i: is_normal(x, 0.02 / math.sqrt(2 * i + 2), cut=1))
             for i in range(3) for end in ("attn.proj.weight", "mlp.fc2.weight")}  # fmt: skip
    rules |= {"gamma": lambda x: torch.testing.assert_close(x, torch.full_like(x, 0.1))}
    rules |= {"table": lambda x: torch.testing.assert_close(x, torch.zeros(732, 3))}
    rules |= {end: lambda x: is_normal(x, 0.02, cut=1) for end in ("token", "weight")}
    check(encoder, rules)
    assert {"gamma", "table"} <= {name.rsplit(".", 1)[-1] for name, _ in encoder.named_parameters()}


def test_a_dense_vit_of_maskfeat():
    """Plain normals of .02; positions and tokens, too."""
    encoder = DenseViT(224, arch=ARCH, layer_scale=None, positions="learned", init="normal")
    check(encoder, {end: lambda x: is_normal(x, 0.02) for end in ("token", "weight", "positions.table")})


@pytest.mark.parametrize("mask_at", ["tokens", "pixels"])
def test_a_dense_swin(mask_at):
    """Swin, public code: matrices and tables normal .02, practically uncut (at 2.0)."""
    encoder = DenseSwin(64, arch=dict(embed_dim=96, depths=(2, 2), num_heads=(3, 6)), window_size=7, mask_at=mask_at)
    rules = {end: lambda x: is_normal(x, 0.02) for end in ("relative_position_bias_table", "mlp.fc1.weight")}
    rules |= {
        end: lambda x: is_normal(x, 0.02) for end in ("qkv.weight", "proj.weight", "fc2.weight", "reduction.weight")
    }
    rules |= {"mask_token": lambda x: is_normal(x, 0.02) if mask_at == "tokens" else None}
    kernel = {"patch_embed.proj.weight": lambda x: is_uniform(x, 1 / math.sqrt(3 * 16))}
    kernel |= {"patch_embed.proj.bias": lambda x: None}
    check(encoder, {**kernel, **rules})
    assert 0.9 / math.sqrt(48) < encoder.patch_embed.proj.bias.abs().max() <= 1 / math.sqrt(48)


def test_a_cmt():
    """Public code: linear layers normal .02, convolutions Kaiming's normal by fan-out, tables normal 1."""
    network = CMT(arch=dict(stem_dim=16, embed_dims=(32, 64), depths=(1, 1), num_heads=(1, 2), mlp_ratio=4.0),
                  image_size=64)  # fmt: skip

    def is_kaiming(weight):
        is_normal(weight, math.sqrt(2 / (weight.shape[0] * weight[0, 0].numel())))

    linear = {f"{name}.weight" for name, part in network.named_modules() if isinstance(part, nn.Linear)}
    whole = {f"{name}.weight" for name, part in network.named_modules() if isinstance(part, nn.Conv2d)}
    rules = {name: lambda x: is_normal(x, 0.02) for name in linear}
    rules |= {name: is_kaiming for name in whole if dict(network.named_parameters())[name].numel() > 500}
    rules |= {"relative_position_bias": lambda x: is_normal(x, 1.0), "weight": lambda x: None}
    check(network, rules)
    assert len(linear) >= 6 and len(whole) >= 6


@pytest.mark.parametrize(
    "module",
    [
        lambda: MaskTokenNeck(192, 512),
        lambda: ProjectionNeck(192, 256),
        lambda: TransformerDecoder(256, 768, depth=2),
        lambda: TransformerDecoder(256, 1, depth=1, mean_of=768),
    ],
    ids=["mask token neck", "projection", "decoder", "head of 768"],
)
def test_necks_and_decoders(module):
    check(module(), MAE)


def test_the_head_of_one_number_is_xavier_too():
    heads = torch.stack([TransformerDecoder(64, 1, depth=1).head.weight.detach() for _ in range(60)])
    is_uniform(heads, math.sqrt(6 / 65))


def test_a_linear_decoder_begins_as_a_convolution_of_pytorch():
    """SimMIM, public code: uniform up to 1 / sqrt(inputs), weights and biases."""
    decoder = LinearDecoder(192, 3072)
    is_uniform(decoder.head.weight.detach(), 1 / math.sqrt(192))
    is_uniform(decoder.head.bias.detach(), 1 / math.sqrt(192))


@pytest.mark.parametrize("std", [2e-5, 0.01])
def test_the_head_of_a_classifier(std):
    """As timm cuts it, at 2 and not at two deviations (MAE, public code)."""
    model = Classifier(
        encoder=dict(type="SparseViT", arch=ARCH),
        num_classes=1000,
        data_preprocessor=dict(type="ImagePreprocessor", mean=[0.0] * 3, std=[1.0] * 3),
        head_std=std,
    )
    is_normal(model.head.weight.detach(), std)
    assert not model.head.bias.any()


@pytest.mark.parametrize("relative", ["table", "decomposed"])
def test_relative_positions_of_detectors_begin_at_zero(relative):
    backbone = ViTBackbone(
        encoder=dict(type="SparseViT", arch=ARCH, positions="learned", image_size=64),
        image_size=64,
        relative=relative,
    )
    tables = [value for name, value in backbone.named_parameters() if "relative" in name]
    assert tables and not any(table.any() for table in tables)


def test_the_deviation_of_a_cut_normal():
    """The factor that this file computes with, against a draw."""
    draw = nn.init.trunc_normal_(torch.empty(400000), std=1.0, a=-1, b=1)
    assert draw.std().item() == pytest.approx(CUT_AT_ONE, rel=5e-3)
