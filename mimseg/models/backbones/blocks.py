"""Transformer blocks are timm's; this is the part of running them that masked image modeling can save."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import torch.nn.functional as F
from timm.models.vision_transformer import Block
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


def make_blocks(dim: int, depth: int, num_heads: int, drop_path: float = 0.0) -> nn.ModuleList:
    """``depth`` pre-norm ViT blocks (MLP ratio 4, qkv bias, LayerNorm eps 1e-6), drop path rising linearly.

    Raises:
        ValueError: the width is not a multiple of the number of heads.
    """
    if dim % num_heads:
        raise ValueError(f"width {dim} is not a multiple of num_heads={num_heads}")
    rates = [drop_path * i / max(1, depth - 1) for i in range(depth)]
    norm = partial(nn.LayerNorm, eps=1e-6)
    return nn.ModuleList(Block(dim, num_heads, qkv_bias=True, norm_layer=norm, drop_path=rate) for rate in rates)


def run_blocks(blocks: Iterable[nn.Module], x: Tensor, recompute: bool = False) -> Tensor:
    """Tokens ``(B, N, D)`` through the blocks; ``recompute`` stores only each block's input for the backward pass."""
    for block in blocks:
        x = checkpoint(block, x, use_reentrant=False) if recompute else block(x)
    return x


def run_block_on_last(block: Block, x: Tensor, n: int) -> Tensor:
    """Output ``(B, n, D)`` of a block at the last ``n`` of its tokens ``(B, N, D)``.

    All tokens serve as keys and values but only the last ``n`` ask, so nothing is computed for rows that no loss reads.
    Equal to ``block(x)[:, -n:]``.
    """
    attn = block.attn
    batch, length, dim = x.shape
    normed = block.norm1(x)
    weight, bias = attn.qkv.weight, attn.qkv.bias
    query = F.linear(normed[:, -n:], weight[:dim], bias[:dim])
    key_value = F.linear(normed, weight[dim:], bias[dim:])
    q = query.reshape(batch, n, attn.num_heads, attn.head_dim).transpose(1, 2)
    k, v = key_value.reshape(batch, length, 2, attn.num_heads, attn.head_dim).permute(2, 0, 3, 1, 4).unbind(0)
    out = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, n, dim)
    rows: Tensor = x[:, -n:] + block.drop_path1(attn.proj(out))
    rows = rows + block.drop_path2(block.mlp(block.norm2(rows)))
    return rows


def compile_blocks(module: nn.Module, options: Mapping[str, Any]) -> None:
    """Compile every transformer block inside ``module`` with ``torch.compile``, teachers' blocks included.

    Blocks of one width share their compiled code, so that compiling takes the time of a few blocks, not of the model.
    """
    for part in module.modules():
        if isinstance(part, Block):
            part.compile(**{"dynamic": False, **options})
