"""Layer-wise decay of detectors and segmentors: whose backbones tell their layers."""

import pytest
import torch
from mmengine.registry import init_default_scope
from torch import nn

from mimseg.engine import LayerDecay
from mimseg.registry import MODELS

CFG = dict(type="MIMOptimWrapper", optimizer=dict(type="AdamW", lr=1.0, weight_decay=0.1))
VIT = dict(
    type="SparseViT", arch=dict(embed_dim=16, depth=3, num_heads=1), patch_size=4, positions="learned", image_size=16
)
SWIN = dict(
    type="DenseSwin", arch=dict(embed_dim=8, depths=(2, 2, 3, 2), num_heads=(1, 1, 2, 2)), image_size=64, window_size=2
)
CMT_ARCH = dict(stem_dim=2, embed_dims=(2, 4, 6, 8), depths=(1, 2, 1, 1), num_heads=(1, 1, 2, 2), mlp_ratio=2.0)
CMT = dict(type="DenseBackbone", backbone=dict(type="CMT", arch=CMT_ARCH), image_size=64, add_norm=True)
PVT = dict(
    type="DenseBackbone",
    backbone="pvt_v2_b0",
    image_size=64,
    options=dict(depths=(2, 1, 1, 1), embed_dims=(8, 8, 10, 16)),
)
CONVNEXT = dict(
    type="DenseBackbone", backbone="convnext_atto", image_size=64, options=dict(depths=(1, 1, 4, 1), dims=(4, 6, 8, 10))
)


class Detector(nn.Module):
    """Backbone, neck and head, as MMDetection and MMSegmentation name them."""

    def __init__(self, **backbone):
        super().__init__()
        init_default_scope("mmdet")
        self.backbone = MODELS.build({**backbone, "type": f"mimseg.{backbone['type']}"})
        self.neck = nn.Conv2d(2, 2, 1)
        self.head = nn.Linear(2, 2)
        init_default_scope("mimseg")


def rates(model, decay=0.5, **paramwise):
    """Learning rate and weight decay of every trained parameter, by name."""
    optimizer = LayerDecay(CFG, dict(layer_decay=decay, **paramwise))(model).optimizer
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return {
        names[id(parameter)]: (group["lr"], group["weight_decay"])
        for group in optimizer.param_groups
        for parameter in group["params"]
    }


@pytest.mark.parametrize("relative", ["decomposed", "table"])
def test_rates_of_a_vit_with_windows(relative):
    """ViTDet: decay ** (n + 1 - id), id 0 for embeddings, i + 1 for block i, n + 1 otherwise; n is 3."""
    model = Detector(type="ViTBackbone", encoder=VIT, window=2, global_blocks=(2,), relative=relative)
    found = rates(model, no_decay=("positions", "relative"))
    expected = {
        "backbone.encoder.patch_embed.weight": (1 / 16, 0.1),
        "backbone.encoder.patch_embed.bias": (1 / 16, 0.0),
        "backbone.encoder.positions.table": (1 / 16, 0.0),
        "backbone.encoder.blocks.0.attn.qkv.weight": (1 / 8, 0.1),
        "backbone.encoder.blocks.2.norm2.weight": (1 / 2, 0.0),
        "neck.weight": (1.0, 0.1),
        "head.bias": (1.0, 0.0),
    }
    assert expected.items() <= found.items()
    tables = {name: value for name, value in found.items() if ".relative." in name}
    assert len(tables) == (6 if relative == "decomposed" else 3)
    for name, value in tables.items():
        assert value == (2.0 ** (int(name.split(".")[2]) - 3), 0.0)
    assert len(found) == sum(p.requires_grad for p in model.parameters())


def test_shared_relative_positions_learn_at_the_full_rate():
    model = Detector(
        type="ViTBackbone", encoder=VIT, window=2, global_blocks=(2,), relative="table", relative_sharing="model"
    )
    found = rates(model)
    assert found["backbone.relative.windowed.table"][0] == found["backbone.relative.full.table"][0] == 1.0


def test_every_parameter_of_simmims_fine_tuning_is_of_the_layer_of_its_public_code():
    """12 blocks, decay .65 ** (13 - id): embeddings 0, block i and its table i + 1, norm and head 13; tables decay."""
    init_default_scope("mimseg")
    statistics = dict(type="ImagePreprocessor", mean=[0.0] * 3, std=[1.0] * 3)
    vit = dict(type="DenseViT", arch=dict(embed_dim=8, depth=12, num_heads=2), patch_size=16, image_size=32)
    encoder = dict(vit, relative_sharing="block")
    model = MODELS.build(dict(type="Classifier", data_preprocessor=statistics, encoder=encoder, num_classes=3))
    found = rates(model, decay=0.65, no_decay=("cls_token",))
    tables = {name: value for name, value in found.items() if "relative" in name}
    assert len(tables) == 12 and len(found) == 2 + 1 + 12 * 15 + 2 + 2  # embedding, token, blocks, norm, head
    for name, (rate, decay) in found.items():
        part = name.removeprefix("encoder.").split(".")
        inside = part[0] in ("blocks", "relative_position_bias")
        layer = int(part[1]) + 1 if inside else 0 if part[0] in ("patch_embed", "cls_token") else 13
        assert rate == pytest.approx(0.65 ** (13 - layer)), name
        exempt = part[0] == "cls_token" or dict(model.named_parameters())[name].ndim == 1
        assert decay == (0.0 if exempt else 0.1), name
    shared = MODELS.build(dict(type="Classifier", data_preprocessor=statistics, encoder=vit, num_classes=3))
    assert rates(shared, decay=0.65)["encoder.relative_position_bias.table"] == (1.0, 0.1)


def layers_of(encoder):
    """Layer ids (0 to N - 1) of all parameters, from the rates."""
    model = Detector(type="HierarchicalBackbone", encoder=encoder)
    return {name: round(-torch.tensor(rate).log2().item()) for name, (rate, _) in rates(model).items()}


@pytest.mark.parametrize(
    ("encoder", "blocks", "names"),
    [
        (SWIN, 9, {"patch_embed.proj.weight": 0, "layers.1.blocks.0.attn.qkv.weight": 3,
                   "layers.1.downsample.reduction.weight": 2,
                   "layers.3.blocks.1.attn.relative_position_bias_table": 9, "norm.weight": 10}),
        (PVT, 5, {"backbone.patch_embed.proj.weight": 0, "backbone.stages.0.blocks.1.attn.q.weight": 2,
                  "backbone.stages.3.blocks.0.attn.q.weight": 5}),
        (CMT, 5, {"backbone.stem.0.weight": 0, "backbone.stages.1.blocks.1.attn.query.weight": 3,
                  "backbone.stages.3.blocks.0.mlp.depthwise.weight": 5, "norm.weight": 6}),
        (CONVNEXT, 7, {"backbone.stem.0.weight": 0, "backbone.stages.2.blocks.0.mlp.fc1.weight": 3,
                       "backbone.stages.3.blocks.0.mlp.fc1.weight": 7}),
    ],
    ids=["swin", "pvt", "cmt", "convnext"],
)  # fmt: skip
def test_layers_of_hierarchical_encoders(encoder, blocks, names):
    """One id a block (Swin: 26 for its 24 blocks), the embedding before, norms, neck and head behind."""
    found = layers_of(encoder)
    last = max(found.values())
    assert last == blocks + 1
    assert {name: last - found[f"backbone.encoder.{name}"] for name in names} == names
    assert all(found[name] == 0 for name in found if not name.startswith("backbone.encoder."))
    assert {"neck.weight", "head.weight", "backbone.norms.0.weight"} < found.keys()


def test_24_blocks_of_swin_make_26_layers_and_12_of_vit_14():
    arch = dict(embed_dim=8, depths=(2, 2, 18, 2), num_heads=(1, 1, 1, 1))
    swin = MODELS.build(dict(type="mimseg.DenseSwin", arch=arch, image_size=224))
    arch = dict(embed_dim=8, depth=12, num_heads=1)
    vit = MODELS.build(dict(type="mimseg.ViTBackbone", encoder=dict(type="SparseViT", arch=arch)))
    assert (swin.num_layers, vit.num_layers) == (26, 14)
    assert vit.layer_of("encoder.blocks.11.attn.qkv.weight") == 12 and vit.layer_of("encoder.cls_token") == 0


def test_a_wrapper_hides_no_layers():
    class Wrapper(nn.Module):
        def __init__(self):
            super().__init__()
            self.module = Detector(type="ViTBackbone", encoder=VIT)

    assert rates(Wrapper())["module.backbone.encoder.patch_embed.weight"][0] == 1 / 16


def test_two_parts_with_layers_are_refused():
    model = Detector(type="ViTBackbone", encoder=VIT)
    model.teacher = Detector(type="ViTBackbone", encoder=VIT).backbone
    with pytest.raises(ValueError, match="Detector has layers in backbone, teacher; use WeightDecayByShape"):
        rates(model)
