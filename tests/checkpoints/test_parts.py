"""Encoders of which a file has a part, wrapped encoders, and what describes a model."""

import pytest
import torch
from mmengine.registry import init_default_scope
from timm import create_model
from torch import nn

from mimseg.checkpoints import describe, load_weights
from mimseg.models.backbones.cmt import CMT
from mimseg.registry import MODELS

CMT_ARCH = dict(stem_dim=2, embed_dims=(2, 4), depths=(1, 1), num_heads=(1, 2), mlp_ratio=2.0)


class Wrapped(nn.Module):
    """A model whose encoder wraps a backbone of any kind."""

    def __init__(self, backbone):
        super().__init__()
        self.encoder = nn.Module()
        self.encoder.backbone = backbone
        self.encoder.mask_token = nn.Parameter(torch.zeros(1, 3, 1, 1))
        self.encoder.patch_size, self.encoder.in_channels = 32, 3


def build(seed, **encoder):
    init_default_scope("mimseg")
    torch.manual_seed(seed)
    preprocessor = dict(type="ImagePreprocessor", mean=[0.0] * 3, std=[1.0] * 3)
    return MODELS.build(dict(type="FeatureExtractor", data_preprocessor=preprocessor, encoder=encoder))


def snapshot(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def test_a_truncated_vit_fills_the_first_blocks(mim, vit, saved, quiet):
    """FastMIM, Table 1c: 8 of 12 blocks are pre-trained."""
    source, model = mim(depth=8), vit(depth=12, seed=3)
    before = snapshot(model)
    path = saved(source.state_dict())
    report = load_weights(model, path, scope="encoder.", least=0.6, log=quiet)
    after = model.state_dict()
    last = [name for name in after if name.startswith(tuple(f"encoder.blocks.{i}." for i in range(8, 12)))]
    assert list(report.missing) == last and set(report.missing.values()) == {"not in the file"}
    assert all(torch.equal(after[name], before[name]) for name in last)
    given = source.state_dict()
    assert all(torch.equal(tensor, given[name]) for name, tensor in after.items() if name in given)
    assert report.coverage == pytest.approx(2 / 3, abs=0.02) and "48 missing (not in the file)" in quiet[0]


def test_the_refusal_of_a_part_says_how_to_take_it(mim, vit, saved, quiet):
    path, model = saved(mim(depth=8).state_dict()), vit(depth=12, seed=3)
    with pytest.raises(ValueError, match=r"has 67.0% .* at least 90% .*encoder.blocks.8") as error:
        load_weights(model, path, scope="encoder.", least=0.9, log=quiet)
    message, _, enough = str(error.value).partition("set load_options.least=")
    assert "\n" not in message and float(enough) == 0.67
    load_weights(model, path, scope="encoder.", least=float(enough), log=quiet)
    with pytest.raises(ValueError) as error:  # where no config is read, its key would not help
        load_weights(model, path, scope="encoder.", log=quiet)
    assert "load_options" not in str(error.value)


def test_a_truncated_swin_fills_the_first_blocks_of_a_stage(saved, quiet):
    def swin(depths, seed):
        arch = dict(embed_dim=8, depths=depths, num_heads=(1, 1, 1, 1))
        return build(seed, type="DenseSwin", arch=arch, image_size=64, window_size=2)

    source, model = swin((1, 1, 2, 1), 0), swin((1, 1, 3, 1), 1)
    report = load_weights(model, saved(source.state_dict()), scope="encoder.", least=0.6, log=quiet)
    assert all(name.startswith("encoder.layers.2.blocks.2.") for name in report.missing)
    assert torch.equal(
        model.encoder.layers[3].blocks[0].mlp.fc1.weight, source.encoder.layers[3].blocks[0].mlp.fc1.weight
    )


def test_the_mask_token_of_pixels_does_not_matter_to_what_masks_nothing(saved, quiet):
    source, model = Wrapped(nn.Linear(2, 2)), Wrapped(nn.Linear(2, 2))
    model.encoder.mask_token = nn.Parameter(torch.zeros(1, 1, 8))
    report = load_weights(model, saved(source.state_dict()), log=quiet)
    assert report.coverage == 1 and "of another kind of masking" in report.missing["encoder.mask_token"]
    model.masking = nn.Identity()
    with pytest.raises(ValueError, match=r"encoder.mask_token is \(1, 3, 1, 1\) in the file and \(1, 1, 8\)"):
        load_weights(model, saved(source.state_dict()), log=quiet)
    del model.masking, model.encoder.mask_token
    report = load_weights(model, saved(source.state_dict()), log=quiet)
    assert report.ignored == ("encoder.mask_token",)


@pytest.mark.parametrize(
    ("make", "heads"),
    [
        (lambda: create_model("convnext_atto", depths=(1, 1, 1, 1), dims=(8, 8, 8, 8), num_classes=0), {}),
        (lambda: CMT(CMT_ARCH, 16), {"encoder.backbone.stages.0": 1, "encoder.backbone.stages.1": 2}),
        (
            lambda: create_model(
                "pvt_v2_b0", depths=(1, 1, 1, 1), embed_dims=(8, 8, 8, 8), num_heads=(1, 2, 4, 8), num_classes=0
            ),
            {f"encoder.backbone.stages.{i}": 2**i for i in range(4)},
        ),
        (
            lambda: create_model(
                "twins_svt_small", depths=(1, 1, 1, 1), embed_dims=(8, 8, 8, 8), num_heads=(2, 2, 2, 2), num_classes=0
            ),
            {"encoder.backbone": 2},
        ),
        (lambda: nn.Sequential(nn.Conv2d(3, 4, 3)), {}),
    ],
    ids=["convnext", "cmt", "pvt", "twins", "convolution"],
)
def test_a_wrapped_backbone_is_described_and_comes_back(make, heads, saved, quiet):
    source, model = Wrapped(make()), Wrapped(make())
    facts = describe(source)
    assert facts == {"patch_size": 32, "in_channels": 3, "heads": heads}
    report = load_weights(model, saved({"state_dict": source.state_dict(), "meta": {"mimseg": facts}}), log=quiet)
    assert report.coverage == 1 and report.label == "mimseg, student"
    assert all(torch.equal(tensor, source.state_dict()[name]) for name, tensor in model.state_dict().items())


def test_a_wrapped_backbone_without_mask_token_is_ours(saved, quiet):
    """Whatever the model at hand is."""
    source = Wrapped(nn.Linear(2, 2))
    del source.encoder.mask_token
    with pytest.raises(ValueError, match="its encoder has encoder.backbone.weight") as error:
        load_weights(build(0, type="SparseViT", arch="micro"), saved(source.state_dict()), log=quiet)
    assert "type, arch and sizes that the file was written with" in str(error.value) and "?" not in str(error.value)


def test_other_heads_of_a_wrapped_backbone_are_refused(saved, quiet):
    model = Wrapped(CMT(CMT_ARCH, 16))
    facts = describe(model) | {"heads": {"encoder.backbone.stages.1": 4}}
    path = saved({"state_dict": model.state_dict(), "meta": {"mimseg": facts}})
    with pytest.raises(ValueError, match="its encoder.backbone.stages.1 has 4 attention heads, the model's 2"):
        load_weights(model, path, log=quiet)


def test_another_width_names_the_first_tensor_that_differs(saved, quiet):
    source, model = Wrapped(nn.Linear(2, 2)), Wrapped(nn.Linear(3, 2))
    expected = (
        r"backbone.weight is \(2, 2\) in the file and \(2, 3\) in the model, 1 tensor differs; give model.encoder"
    )
    with pytest.raises(ValueError, match=expected) as error:
        load_weights(model, saved(source.state_dict()), log=quiet)
    assert "\n" not in str(error.value)
