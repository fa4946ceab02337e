"""Attention maps of an encoder: the numbers of its own pass, from as little of it as possible."""

import pytest
import torch

from mimseg.models import SparseViT
from mimseg.models.backbones.attention_maps import attend, check_wants, cut_behind, observe
from mimseg.models.backbones.dense_swin import DenseSwin
from mimseg.models.backbones.dense_vit import DenseViT
from mimseg.ops.attention import ClassAttention, PatchAttention

ARCH = dict(embed_dim=32, depth=4, num_heads=4)
ALL = [PatchAttention(block, head) for block in range(4) for head in (*range(4), None)]


def make(kind):
    torch.manual_seed(0)
    sharing = "block" if kind == "dense, a table a block" else "model"
    vit = (
        SparseViT(ARCH, patch_size=4)
        if kind == "sparse"
        else DenseViT((16, 24), ARCH, patch_size=4, relative_sharing=sharing)
    )
    for name, parameter in vit.named_parameters():
        if "relative_position_bias" in name or "cls_token" in name:
            torch.nn.init.normal_(parameter)
    return vit.eval()


@pytest.fixture(params=["sparse", "dense", "dense, a table a block"])
def vit(request):
    return make(request.param)


def pairs_by_hand(vit, images, block):
    """Q K^T / sqrt(d) ``(B, heads, 1 + L, 1 + L)`` of a block, from what its projection gives in a whole pass."""
    seen = []
    handle = vit.blocks[block].attn.qkv.register_forward_hook(lambda module, inputs, output: seen.append(output))
    with torch.no_grad():
        vit(images)
    handle.remove()
    query, key, _ = (part.unflatten(-1, (4, 8)).transpose(1, 2) for part in seen[0].double().chunk(3, dim=-1))
    return query @ key.transpose(2, 3) / 8**0.5


def test_maps_equal_those_of_a_whole_pass(vit, images):
    wants = [*ALL, PatchAttention(-2, -1, "query", False, False), ClassAttention(2), ClassAttention()]
    maps = attend(vit, images, wants)
    assert set(maps) == set(wants)
    for want in ALL:
        pairs = pairs_by_hand(vit, images, want.block)
        chosen = pairs.sum(1) if want.head is None else pairs[:, want.head]
        torch.testing.assert_close(maps[want].double(), chosen.sum(1)[:, 1:], rtol=1e-4, atol=1e-4)
    pairs = pairs_by_hand(vit, images, 2)[:, 3, 1:, 1:]
    expected = pairs.sum(2) - pairs.diagonal(dim1=1, dim2=2)
    torch.testing.assert_close(maps[wants[-3]].double(), expected, rtol=1e-4, atol=1e-4)
    for want in wants[-2:]:
        pairs = pairs_by_hand(vit, images, want.block % 4)
        if isinstance(vit, DenseViT):
            tables = vit.relative_position_bias
            table = tables[want.block] if isinstance(tables, torch.nn.ModuleList) else tables
            pairs = pairs + table((4, 6)).detach().double()
        expected = pairs.softmax(-1)[:, :, 0, 1:].mean(1)
        torch.testing.assert_close(maps[want].double(), expected, rtol=1e-4, atol=1e-6)


def count_calls(vit):
    """Lists that collect the numbers of the blocks that run, and of those whose attention or first norm does."""
    calls = {"block": [], "attn": [], "norm1": []}
    for number, block in enumerate(vit.blocks):
        for name, module in {"block": block, "attn": block.attn, "norm1": block.norm1}.items():
            module.register_forward_hook(lambda *_, name=name, number=number: calls[name].append(number))
    vit.norm.register_forward_hook(lambda *_: calls["block"].append("norm"))
    return calls


def test_of_the_wanted_block_only_the_norm_runs_and_of_later_ones_nothing(vit, images):
    calls = count_calls(vit)
    attend(vit, images, [PatchAttention(2, 1)])
    assert calls == {"block": [0, 1], "attn": [0, 1], "norm1": [0, 1, 2]}


def test_all_blocks_and_heads_share_one_pass(vit, images):
    calls = count_calls(vit)
    assert len(attend(vit, images, ALL)) == 20
    assert calls["block"] == calls["attn"] == [0, 1, 2]


def test_attention_and_features_come_from_one_pass(vit, images):
    expected = vit(images)
    maps = attend(vit, images, [PatchAttention(1, 0), ClassAttention()])
    calls = count_calls(vit)
    latent, seen = observe(vit, images, list(maps), encode=True)
    assert calls["block"] == [0, 1, 2, 3, "norm"]
    torch.testing.assert_close(latent.patch_tokens, expected.patch_tokens)
    assert (latent.grid, latent.prefix, latent.order, latent.mask) == ((4, 6), 1, "raster", None)
    assert all(torch.equal(seen[want], maps[want]) for want in maps)


def test_a_cut_encoder_gives_the_same_maps_also_counted_from_the_last_block(vit, images):
    wants = [PatchAttention(-3, 1), PatchAttention(0, None)]
    expected = attend(vit, images, wants)
    names = {name for name, _ in vit.named_parameters()}
    cut_behind(vit, wants)
    kept = {name for name, _ in vit.named_parameters()}
    assert names - kept == {name for name in names if name.startswith(("blocks.2", "blocks.3", "norm"))}
    maps = attend(vit, images, wants)
    assert all(torch.equal(maps[want], expected[want]) for want in wants)


@pytest.mark.parametrize(
    ("want", "message"),
    [
        (PatchAttention(4, 0), r"\(head 0 of block 4\) is wanted, but the SparseViT has 4 blocks; set block to 0 .. 3"),
        (ClassAttention(-5), r"\(class token of block -5\) is wanted, but the SparseViT has 4 blocks"),
        (PatchAttention(1, 4), r"\(head 4 of block 1\) is wanted, but the SparseViT has 4 heads; set head to 0 .. 3"),
    ],
)
def test_what_the_encoder_does_not_have_is_refused(want, message):
    with pytest.raises(ValueError, match=message) as error:
        check_wants(make("sparse"), [PatchAttention(0, 0), want])
    assert "\n" not in str(error.value)


def test_a_swin_has_no_such_attention():
    swin = DenseSwin(image_size=64, arch=dict(embed_dim=16, depths=(1, 1, 1, 1), num_heads=(1, 1, 2, 2)), window_size=2)
    check_wants(swin, [])
    with pytest.raises(ValueError, match=r"has no attention of a class token .* PretrainedTeacher with encoder="):
        check_wants(swin, [PatchAttention(0, 0)])
