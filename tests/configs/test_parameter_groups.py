"""Weight decay and layer of every parameter, as the public recipe of the config has it."""

import re
from pathlib import Path

import pytest
import torch
from config_tree import expanded
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope, init_default_scope

import mimseg.engine  # noqa: F401  (fills the registries)
from mimseg.registry import MODELS

CONFIGS = Path(__file__).parents[2] / "configs"
TINY_SWIN = dict(embed_dim=8, depths=(1, 1, 1, 1), num_heads=(1, 1, 1, 2))


def read(name: str) -> Config:
    init_default_scope("mimseg")
    return expanded(CONFIGS / f"{name}.py")


def found(cfg: Config, model) -> dict[str, tuple[float, float]]:
    """(weight decay, learning rate) of every parameter, by name."""
    cfg.optim_wrapper.pop("precision", None)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        optimizer = build_optim_wrapper(model, cfg.optim_wrapper).optimizer
    groups = ((g, p) for g in optimizer.param_groups for p in g["params"])
    return {names[id(parameter)]: (group["weight_decay"], group["lr"]) for group, parameter in groups}


def dense(name: str) -> dict[str, tuple[float, float]]:
    """Of a detector or segmentor with a narrow encoder."""
    pytest.importorskip("mmcv._ext", reason="needs an mmcv with compiled ops")
    cfg = read(name)
    encoder = cfg.model.backbone.encoder
    encoder.arch = TINY_SWIN if encoder.type == "DenseSwin" else dict(embed_dim=24, depth=12, num_heads=2)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        return found(cfg, MODELS.build(cfg.model))


@pytest.mark.parametrize("name", ["vitdet-b_12e", "vitdet-b_100e"])
def test_vitdet_decays_what_detectron2_decays(name):
    """All but norms of tokens and absolute positions: biases, relative positions, the norms of pyramid and heads."""
    groups = dense(f"coco/mask-rcnn_{name}")
    exempt = {key for key, (decay, _) in groups.items() if decay == 0}
    norms = {
        f"backbone.encoder.blocks.{i}.norm{n}.{kind}" for i in range(12) for n in (1, 2) for kind in ("weight", "bias")
    }
    assert exempt == {"backbone.encoder.positions.table", *norms}
    assert {decay for decay, _ in groups.values()} == {0.0, 0.1}
    some = ("backbone.relative.2.rows", "backbone.encoder.blocks.0.attn.qkv.bias", "neck.outputs.0.1.weight")
    assert all(key in groups for key in some)


def test_four_taps_decay_what_mimdet_decays():
    """All but norms (those of pyramid and heads are BatchNorms and GroupNorms), absolute and relative positions."""
    groups = dense("coco/mask-rcnn_fpn4-vitb_25e")
    decays = {key for key, (decay, _) in groups.items() if decay}
    assert {"backbone.encoder.blocks.3.mlp.fc1.bias", "neck.0.scales.0.0.bias", "rpn_head.rpn_cls.bias"} < decays
    exempt = set(groups) - decays
    assert {"backbone.relative.windowed.table", "backbone.relative.full.table", "neck.0.scales.0.1.weight"} < exempt
    assert {"backbone.encoder.positions.table", "neck.1.lateral_convs.0.bn.weight"} < exempt
    assert not [key for key in exempt if not re.search(r"norm|positions|relative|\.bn\.|scales\.0\.1\.", key)]


def test_swins_detector_decays_what_fastmims_release_decays():
    """All but tables and what has "norm" in its name: the biases of layers and the heads' BatchNorms decay."""
    groups = dense("coco/mask-rcnn_swinb_36e")
    exempt = {key for key, (decay, _) in groups.items() if decay == 0}
    assert exempt == {key for key in groups if "norm" in key or "relative_position_bias_table" in key}
    assert {"backbone.encoder.layers.0.blocks.0.attn.qkv.bias", "neck.lateral_convs.0.bn.weight"} < set(groups) - exempt
    assert "backbone.encoder.patch_embed.norm.weight" in exempt and "backbone.norms.0.bias" in exempt


def test_upernet_on_a_vit_decays_what_mmseg_decays():
    """All that has two dimensions and is no bias, positions and class token too."""
    groups = dense("ade20k/upernet_vitb_160k")
    decays = {key for key, (decay, _) in groups.items() if decay}
    assert {"backbone.encoder.positions.table", "backbone.encoder.cls_token", "backbone.relative.0.table"} < decays
    assert not [key for key in decays if key.endswith((".bias", ".gamma")) or ".norm" in key or ".bn." in key]


def test_upernet_on_swin_exempts_tables():
    groups = dense("ade20k/upernet_swinb_160k")
    assert {decay for key, (decay, _) in groups.items() if "bias_table" in key} == {0.0}


def classified(name: str):
    cfg = read(f"finetune/{name}")
    cfg.model.update(mixup=0.0, cutmix=0.0)  # whose distributions want numbers
    with torch.device("meta"):
        model = MODELS.build(cfg.model)
    groups = found(cfg, model)
    decay = cfg.optim_wrapper.paramwise_cfg.layer_decay
    peak = cfg.optim_wrapper.optimizer.lr
    below = {
        key: round((torch.tensor(rate / peak).log() / torch.tensor(decay).log()).item())
        for key, (_, rate) in groups.items()
    }
    last = model.num_layers - 1
    return groups, {key: last - steps for key, steps in below.items()}, last


def test_fine_tuning_of_fastmims_swin_decays_its_tables():
    """Its code exempts one-dimensional parameters and absolute positions, which this Swin has not."""
    groups, _, last = classified("swinb_100e")
    assert {decay for key, (decay, _) in groups.items() if "bias_table" in key} == {0.05}
    assert {decay for key, (decay, _) in groups.items() if "norm" in key or key.endswith(".bias")} == {0.0}
    assert last == 25


@pytest.mark.parametrize(("name", "depths"), [("pvtv2b2", (3, 4, 6, 3)), ("pvtv2b5", (3, 6, 40, 3))])
def test_layers_of_pvtv2_are_those_of_fastmims_release(name, depths):
    """A patch embedding and a stage's norm go with the block before them, the last norm with the head."""
    _, layers, last = classified(f"{name}_200e")
    before = [sum(depths[:stage]) for stage in range(5)]
    assert last == sum(depths) + 1
    for key, layer in layers.items():
        part = key.removeprefix("encoder.backbone.").split(".")
        if part[0] == "patch_embed":
            expected = 0
        elif part[0] != "stages":
            expected = last
        elif part[2] == "blocks":
            expected = before[int(part[1])] + int(part[3]) + 1
        elif part[2] == "downsample":
            expected = before[int(part[1])]
        else:
            expected = last if part[1] == "3" else before[int(part[1]) + 1]
        assert layer == expected, key
    assert layers["encoder.backbone.stages.1.downsample.proj.weight"] == before[1] == 3
