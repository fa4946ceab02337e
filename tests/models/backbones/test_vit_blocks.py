import pytest
import torch

from mimseg.models.backbones.vit_blocks import make_blocks


@pytest.mark.parametrize("layer_scale", [None, 0.3])
def test_a_block_read_at_some_rows_equals_the_whole_block(layer_scale):
    torch.manual_seed(0)
    (block,) = make_blocks(32, 1, 4, layer_scale=layer_scale)
    x = torch.randn(2, 10, 32)
    torch.testing.assert_close(block.at_last(x, 3), block(x)[:, -3:])
    torch.testing.assert_close(block.at_last(x, 10), block(x))
    torch.testing.assert_close(block.at_rows(x, lambda rows: rows[:, 2:5]), block(x)[:, 2:5])
    torch.testing.assert_close(block.with_attention(x, block.attn), block(x))


def test_layer_scale_of_zero_makes_a_block_do_nothing():
    (block,) = make_blocks(32, 1, 4, layer_scale=0.0)
    x = torch.randn(2, 10, 32)
    assert torch.equal(block(x), x)
    assert [name for name, _ in make_blocks(32, 1, 4).named_parameters() if "ls" in name] == []


def test_a_bias_that_forbids_all_but_a_tokens_own_key_leaves_it_its_own_value():
    (block,) = make_blocks(32, 1, 4)
    x = torch.randn(2, 10, 32)
    alone = torch.full((4, 10, 10), -torch.inf).masked_fill(torch.eye(10, dtype=torch.bool), 0.0)
    own = block.with_attention(x, lambda normed: block.attn.project(block.attn.qkv(normed)[..., 64:]))
    torch.testing.assert_close(block(x, bias=alone), own)


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match="width 32 is not a multiple of num_heads=5"):
        make_blocks(32, 1, 5)


def test_drop_path_rises_linearly_over_the_depth():
    blocks = make_blocks(32, 3, 4, drop_path=0.2)
    assert [getattr(block.drop_path1, "drop_prob", 0.0) for block in blocks] == pytest.approx([0.0, 0.1, 0.2])


def test_truncating_keeps_the_rates_of_the_blocks_that_stay():
    blocks = make_blocks(32, 3, 4, drop_path=0.2, truncate=1)
    assert [getattr(block.drop_path1, "drop_prob", 0.0) for block in blocks] == pytest.approx([0.0, 0.1])
