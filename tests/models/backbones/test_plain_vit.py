"""What the sparse and the dense ViT share, and what of it other encoders do not have."""

import pytest
import torch
from torch import nn

from mimseg.models import CMT, DenseBackbone, DenseSwin, DenseViT, SparseViT
from mimseg.models.backbones import PlainViT
from mimseg.models.backbones.archs import find_arch
from mimseg.models.backbones.attention_maps import attend
from mimseg.models.backbones.plain_vit import ARCHS
from mimseg.models.backbones.positions import Positions
from mimseg.models.backbones.vit_blocks import make_blocks
from mimseg.ops.attention import ClassAttention

ARCH = dict(embed_dim=16, depth=3, num_heads=2)
VITS = {
    "sparse": lambda: SparseViT(ARCH, patch_size=4),
    "sparse, learned": lambda: SparseViT(ARCH, patch_size=4, positions="learned", image_size=16),
    "dense": lambda: DenseViT(16, ARCH, patch_size=4, positions="sincos"),
    "dense, learned": lambda: DenseViT(16, ARCH, patch_size=4, positions="learned"),
    "dense, relative": lambda: DenseViT(16, ARCH, patch_size=4),
    "dense, finer masks": lambda: DenseViT(16, ARCH, patch_size=4, mask_at="pixels", mask_size=2),
}
STAGES = dict(embed_dim=8, depths=(1, 1), num_heads=(1, 1))
CMT_STAGES = dict(stem_dim=8, embed_dims=(8,) * 4, depths=(1,) * 4, num_heads=(1,) * 4, mlp_ratio=2)


@pytest.mark.parametrize("make", VITS.values(), ids=VITS.keys())
def test_what_enters_the_blocks_and_leaves_the_norm_is_what_the_encoder_gives(make):
    vit, images = make().eval(), torch.randn(2, 3, 16, 16)
    x = vit.enter(images)
    assert x.shape == (2, 1 + 16, 16) and vit.token_grid(images) == (4, 4)
    for block, bias in zip(vit.blocks, vit.position_biases((4, 4)), strict=True):
        x = block(x, bias=bias)
    torch.testing.assert_close(vit.norm(x), vit(images).tokens)
    assert vit.block(-1) is vit.blocks[2]


@pytest.mark.parametrize("make", VITS.values(), ids=VITS.keys())
def test_layers_are_embeddings_then_blocks_then_the_norm(make):
    vit = make()
    layers = {name: vit.layer_of(name) for name, _ in vit.named_parameters()}
    assert vit.num_layers == 5 and layers["cls_token"] == layers["patch_embed.weight"] == 0
    assert [layers[f"blocks.{block}.attn.qkv.weight"] for block in range(3)] == [1, 2, 3]
    assert layers["norm.weight"] == 4


class LastRow(PlainViT):
    """A ViT of a user's own: of every image only the last row of patches enters."""

    def __init__(self):
        super().__init__(4, 3, 16)
        self.patch_embed = nn.Linear(48, 16)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, 16))
        self.positions = Positions(16)
        self.blocks = make_blocks(16, 2, 2)
        self.norm = nn.LayerNorm(16)

    def enter(self, images):
        return super().enter(images)[:, [0, -4, -3, -2, -1]]


def test_attention_of_a_vit_of_ones_own_is_read():
    maps = attend(LastRow(), torch.randn(2, 3, 16, 16), [ClassAttention(1)])
    assert maps[ClassAttention(1)].shape == (2, 4)


def test_an_encoder_gives_embedded_patches_if_it_says_so():
    images = torch.randn(2, 3, 32, 32)
    swin = DenseSwin(32, window_size=2, arch=STAGES)
    cmt = DenseBackbone(dict(type="mimseg.CMT", arch=CMT_STAGES), 32)
    for encoder in (SparseViT(ARCH), DenseViT(32, ARCH), swin, cmt):
        if encoder.embeds:
            assert encoder.embed(images).ndim == 3
        else:
            with pytest.raises(NotImplementedError):
                encoder.embed(images)
    assert swin.embeds and not cmt.embeds


@pytest.mark.parametrize(
    ("arch", "complaint"),
    [
        ("bass", "unknown ViT arch 'bass'; use one of micro, tiny, small, base, large, huge or a dict of "),
        (dict(embed_dim=8), "a ViT arch dict has exactly the keys .*, got .'embed_dim'."),
    ],
)
def test_an_arch_that_is_none_names_those_that_are(arch, complaint):
    with pytest.raises(ValueError, match=complaint):
        find_arch(arch, ARCHS, "ViT")
    with pytest.raises(ValueError, match=complaint.replace("ViT", "CMT").split(";")[0].split(".")[0]):
        CMT(arch)


def test_an_arch_without_blocks_is_refused():
    with pytest.raises(ValueError, match="^a ViT arch's depth must be above 0, got 0$"):
        find_arch(dict(embed_dim=8, depth=0, num_heads=2), ARCHS, "ViT")
