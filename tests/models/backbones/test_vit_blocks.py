import pytest
import torch

from mimseg.models.backbones.vit_blocks import make_blocks


def test_a_block_read_at_its_last_rows_equals_the_whole_block():
    torch.manual_seed(0)
    (block,) = make_blocks(32, 1, 4)
    x = torch.randn(2, 10, 32)
    torch.testing.assert_close(block.at_last(x, 3), block(x)[:, -3:])
    torch.testing.assert_close(block.at_last(x, 10), block(x))


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match="width 32 is not a multiple of num_heads=5"):
        make_blocks(32, 1, 5)


def test_drop_path_rises_linearly_over_the_depth():
    blocks = make_blocks(32, 3, 4, drop_path=0.2)
    assert [getattr(block.drop_path1, "drop_prob", 0.0) for block in blocks] == pytest.approx([0.0, 0.1, 0.2])
