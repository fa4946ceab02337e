"""Maps of a Swin beside those of the Swin that MMDetection's and MMSegmentation's public configs use."""

from importlib import import_module

import pytest
import torch

pytest.importorskip("mmcv._ext", reason="needs an mmcv with compiled ops")
DETECTION, SEGMENTATION = "mmdet.models.backbones.swin", "mmseg.models.backbones.swin"
pytest.importorskip(DETECTION)
pytest.importorskip(SEGMENTATION)

ARCH = dict(embed_dim=8, depths=(2, 2, 4, 2), num_heads=(1, 2, 2, 4))
NAMES = {
    "patch_embed.proj.": "patch_embed.projection.",
    "layers.": "stages.",
    ".attn.": ".attn.w_msa.",
    ".mlp.fc1.": ".ffn.layers.0.0.",
    ".mlp.fc2.": ".ffn.layers.1.",
}


def in_their_order(weight):
    """What merging patches reads, from (column, row, channel) to the (channel, row, column) of ``nn.Unfold``."""
    return weight.unflatten(-1, (2, 2, -1)).transpose(-1, -3).flatten(-3)


def ported(model):
    """The weights of a HierarchicalBackbone under their names; they merge at the end of a stage."""
    state = {}
    for name, tensor in model.state_dict().items():
        part, _, inner = name.partition(".")
        if part == "norms":
            state[f"norm{inner}"] = tensor
        elif inner.startswith("norm."):
            state[f"norm3.{inner.removeprefix('norm.')}"] = tensor
        elif ".downsample." in inner:
            _, stage, rest = inner.split(".", 2)
            state[f"stages.{int(stage) - 1}.{rest}"] = in_their_order(tensor)
        elif inner != "mask_token":
            for ours, theirs in NAMES.items():
                inner = inner.replace(ours, theirs)
            state[inner] = tensor
    return state


@pytest.fixture
def pair(backbone):
    """Our backbone for detection and theirs, of the same weights."""

    def build(module, window, image_size):
        ours = backbone(
            "HierarchicalBackbone", encoder=dict(type="DenseSwin", image_size=image_size, window_size=window, arch=ARCH)
        )
        theirs = import_module(module).SwinTransformer(
            embed_dims=ARCH["embed_dim"],
            depths=ARCH["depths"],
            num_heads=ARCH["num_heads"],
            window_size=window,
            drop_path_rate=0.0,
        )
        left = theirs.load_state_dict(ported(ours), strict=False)
        assert left.unexpected_keys == []
        assert all(name.endswith("relative_position_index") for name in left.missing_keys)
        theirs.eval()  # gives None
        return ours, theirs

    return build


SIZES = [(224, 224), (224, 448), (64, 64), (96, 80), (150, 110), (33, 259), (256, 256)]


@pytest.mark.parametrize("module", [DETECTION, SEGMENTATION])
@pytest.mark.parametrize("window", [3, 7])
@pytest.mark.parametrize("size", SIZES)
def test_every_stage_is_that_of_public_detectors(pair, module, window, size):
    """Whether windows divide the stages (224 px and 7) or not, and for sides that no patch and no merging divides."""
    ours, theirs = pair(module, window, 512)
    images = torch.randn(1, 3, *size, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        for one, other in zip(ours(images), theirs(images), strict=True):
            assert one.shape == other.shape
            assert (one - other).norm() < 1e-5 * other.norm()


@pytest.mark.parametrize(("window", "side"), [(7, 512), (14, 512), (7, 640)])
def test_at_the_sizes_that_recipes_train_at(pair, window, side):
    ours, theirs = pair(DETECTION, window, side)
    images = torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        for one, other in zip(ours(images), theirs(images), strict=True):
            assert (one - other).norm() < 1e-5 * other.norm()


def test_gradients_are_those_of_public_detectors(pair):
    ours, theirs = pair(DETECTION, 3, 512)
    grads = []
    for model in (ours, theirs):
        images = torch.randn(1, 3, 100, 70, generator=torch.Generator().manual_seed(1)).requires_grad_()
        sum(x.square().mean() for x in model(images)).backward()
        grads.append(images.grad)
    assert (grads[0] - grads[1]).norm() < 1e-4 * grads[1].norm()
