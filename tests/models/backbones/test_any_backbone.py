"""Networks of timm, of other libraries or of a user as encoders."""

import sys

import pytest
import torch
from mmengine.registry import init_default_scope
from torch import nn

from mimseg import packages
from mimseg.models.backbones.any_backbone import DenseBackbone, Skip
from mimseg.ops.masking import PatchMask
from mimseg.registry import MODELS


@pytest.fixture(scope="module", autouse=True)
def scope():
    init_default_scope("mimseg")


def one_masked(length):
    """A mask of two images that hides the first patch of one and the last of the other."""
    mask = torch.zeros(2, length, dtype=torch.bool)
    mask[0, 0] = mask[1, -1] = True
    return PatchMask.from_bool(mask, 1)


TINY = {
    "vit_tiny_patch16_224": (dict(embed_dim=16, depth=2, num_heads=2), 16, 1),
    "swin_tiny_patch4_window7_224": (dict(embed_dim=8, depths=(1, 1), num_heads=(1, 1), window_size=4), 8, 0),
    "pvt_v2_b0": (dict(depths=(1, 1, 1, 2), embed_dims=(8, 8, 8, 8), num_heads=(1, 1, 1, 1)), 32, 0),
    "twins_svt_small": (dict(depths=(1, 1, 1, 2), embed_dims=(8, 8, 8, 8), num_heads=(1, 1, 1, 1)), 32, 0),
    "resnet18": (dict(layers=(1, 1, 1, 1), channels=(8, 8, 8, 8)), 32, 0),
}


@pytest.mark.parametrize("name", TINY)
def test_timm_models_of_every_kind_are_encoders(name):
    options, stride, prefix = TINY[name]
    encoder = DenseBackbone(name, 64, options=options)
    latent = encoder(torch.randn(2, 3, 64, 64), one_masked((64 // stride) ** 2))
    assert (encoder.patch_size, encoder.prefix) == (stride, prefix)
    assert latent.patch_tokens.shape == (2, (64 // stride) ** 2, encoder.embed_dim)
    latent.tokens.square().mean().backward()
    assert not [name for name, parameter in encoder.named_parameters() if parameter.grad is None]
    layers = [encoder.layer_of(parameter) for parameter, _ in encoder.named_parameters()]
    assert min(layers) == 0
    assert set(layers) <= set(range(encoder.num_layers))


def test_layers_of_backbones_are_blocks():
    with torch.device("meta"):
        pvt, convnext, twins = (DenseBackbone(name, 64) for name in ("pvt_v2_b2", "convnext_tiny", "twins_svt_large"))
    assert [encoder.num_layers for encoder in (pvt, convnext, twins)] == [3 + 4 + 6 + 3 + 2, 18 + 2, 24 + 2]
    assert pvt.layer_of("backbone.patch_embed.proj.weight") == 0
    assert pvt.layer_of("backbone.stages.1.blocks.0.mlp.fc1.weight") == 4
    assert pvt.layer_of("backbone.stages.1.downsample.proj.weight") == 4
    assert pvt.layer_of("backbone.stages.0.norm.weight") == 3
    assert pvt.layer_of("backbone.stages.3.norm.weight") == 16
    arch = dict(stem_dim=8, embed_dims=(8,) * 4, depths=(1, 2, 1, 1), num_heads=(1,) * 4, mlp_ratio=2)
    cmt = DenseBackbone(dict(type="CMT", arch=arch), 64, add_norm=True)  # as FastMIM's public code has it
    layers = {"stem.0.weight": 0, "stages.0.embed.weight": 1, "stages.0.relative_position_bias": 1}
    layers |= {"stages.1.norm.weight": 2, "stages.1.blocks.1.norm1.bias": 3, "stages.3.embed.bias": 5}
    assert {name: cmt.layer_of(f"backbone.{name}") for name in layers} == layers
    assert cmt.layer_of("norm.bias") == cmt.num_layers - 1 == 6
    assert convnext.layer_of("norm.weight") == 19
    assert pvt.layer_of("mask_token") == 0


class Odd(nn.Module):
    """Gives one vector an image."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 4)

    def forward(self, images):
        return self.layer(images.mean(dim=(2, 3)))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (dict(backbone="convnext_tin"), "timm has no model 'convnext_tin'; did you mean convnext_tiny"),
        (dict(backbone="Odd"), "timm has no model 'Odd'"),
        (dict(backbone=dict(type="CMT", arch="small"), drop_path=0.1), "are for timm models; write them into"),
        (dict(mask_size=3), "encoder.mask_size=3 px does not divide the encoder's tokens of 32 px"),
    ],
)
def test_bad_backbones_are_one_clear_line(options, complaint):
    with pytest.raises(ValueError) as error:
        DenseBackbone(**{"backbone": "convnext_atto", "options": None, "image_size": 32, **options})
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)


def test_an_output_that_is_no_map_is_refused():
    MODELS.register_module(module=Odd, force=True)
    try:
        with pytest.raises(ValueError, match=r"encoder.backbone gives \(1, 4\) for an image"):
            DenseBackbone(dict(type="Odd"), 32)
    finally:
        MODELS.module_dict.pop("Odd")


PVT = dict(type="mmdet.PyramidVisionTransformer", num_layers=(1, 1, 1, 1), pretrain_img_size=64)


def test_a_backbone_of_a_package_that_is_not_there_names_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(packages, "find_spec", lambda name: None)
    needs = "^encoder.backbone of type mmdet.PyramidVisionTransformer needs mmdet, which is not installed here: install"
    with pytest.raises(ValueError, match=needs) as told:
        DenseBackbone(PVT, 64)
    assert "tools/env/setup.sh test" in str(told.value) and "\n" not in str(told.value)
    monkeypatch.setattr(packages, "find_spec", lambda name: True)
    monkeypatch.setitem(sys.modules, "mmcv._ext", None)  # what importing it finds in mmcv-lite: nothing
    with pytest.raises(ValueError, match="PyramidVisionTransformer needs an mmcv with compiled ops, which is not"):
        DenseBackbone(PVT, 64)
    with pytest.raises(
        ValueError, match="encoder.backbone: there is no model 'CMTT'; register it, or correct its type"
    ):
        DenseBackbone(dict(type="CMTT"), 64)


def test_a_block_that_was_left_out_takes_what_the_others_take():
    x = torch.randn(2, 3)
    assert Skip()(x, (1, 2), "more") is x
