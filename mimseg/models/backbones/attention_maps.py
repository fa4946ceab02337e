"""Attention maps and block features of a ViT that is shown full images: only as much of it is run as they take."""

from collections import defaultdict
from collections.abc import Collection, Sequence

import torch
from torch import Tensor, nn

from ...ops.attention import AttentionMap, PatchAttention, class_attention, patch_attention
from .base import BlockFeatures, Latent, MaskedEncoder
from .plain_vit import PlainViT
from .vit_blocks import Attention, Block

Inside = AttentionMap | BlockFeatures
"""What can be read of the blocks of a ViT."""


def attend(encoder: MaskedEncoder, images: Tensor, wants: Collection[AttentionMap]) -> dict[AttentionMap, Tensor]:
    """Attention maps ``(B, L)``, fp32, of full images ``(B, C, H, W)``, all from one pass.

    The blocks before the deepest one that is wanted run; of that one only its first norm does. Maps of other blocks or
    heads cost a few matrix-vector products each.

    Raises:
        ValueError: see :func:`check_wants`.
    """
    seen = observe(encoder, images, wants, encode=False)[1]
    return {want: seen[want] for want in wants}


@torch.no_grad()
def observe(
    encoder: MaskedEncoder, images: Tensor, wants: Collection[Inside], encode: bool
) -> tuple[Latent | None, dict[Inside, Tensor]]:
    """What :func:`attend` gives, also features ``(B, L, D)`` of blocks, and, if ``encode``, what the encoder gives."""
    if not wants:
        return encoder(images) if encode else None, {}
    vit = vit_with(encoder, wants)
    depth = len(vit.blocks)
    biases = vit.position_biases(vit.token_grid(images))
    entering: dict[int, list[Inside]] = defaultdict(list)  # by the block whose input they are read of
    for want in wants:
        entering[want.block % depth + isinstance(want, BlockFeatures)].append(want)
    stop = depth if encode else max(entering)
    seen: dict[Inside, Tensor] = {}
    x = vit.enter(images)
    for index in range(stop + 1):
        here = entering.get(index, [])
        seen.update({want: x[:, vit.prefix :] for want in here if isinstance(want, BlockFeatures)})
        maps = [want for want in here if not isinstance(want, BlockFeatures)]
        if maps or index < stop:
            bias = next(biases)
        if maps:
            seen.update(maps_of(vit.block(index), x, maps, bias))
        if index < stop:
            x = vit.block(index)(x, bias=bias)
    latent = Latent(vit.norm(x), vit.grid_of(images), vit.prefix, None, "raster") if encode else None
    return latent, seen


def maps_of(block: Block, x: Tensor, wants: Sequence[AttentionMap], bias: Tensor | None) -> dict[Inside, Tensor]:
    """Attention maps ``(B, L)`` of one block, from its input ``(B, prefix + L, D)``."""
    normed = block.norm1(x)
    return {want: map_of(block.attn, normed, want, bias) for want in wants}


def map_of(attention: Attention, normed: Tensor, want: AttentionMap, position_bias: Tensor | None) -> Tensor:
    """One map ``(B, L)`` of a block's attention layer, from its input ``(B, 1 + L, D)``.

    A bias on the logits is part of the class token's attention, but not of the products of queries and keys that global
    patch-wise attention sums.
    """
    weight, bias, heads = attention.qkv.weight, attention.qkv.bias, attention.num_heads
    if isinstance(want, PatchAttention):
        return patch_attention(normed, weight, bias, heads, want)
    return class_attention(normed, weight, bias, heads, position_bias, want.heads)


def check_wants(encoder: MaskedEncoder, wants: Collection[Inside]) -> None:
    """Refuse maps and block features that an encoder does not have.

    Raises:
        ValueError: see :func:`vit_with`.
    """
    if wants:
        vit_with(encoder, wants)


def vit_with(encoder: MaskedEncoder, wants: Collection[Inside]) -> PlainViT:
    """Take an encoder as the ViT that has these attention maps and block features.

    Raises:
        ValueError: there is no such block or head, or the encoder is no ViT with a class token.
    """
    kind = type(encoder).__name__
    if not isinstance(encoder, PlainViT):
        if all(isinstance(want, BlockFeatures) for want in wants):
            raise ValueError(f"{kind} has no blocks with tokens of all patches to read; leave the target's block out")
        raise ValueError(
            f"{kind} has no attention of a class token and all patches to read; give the teacher a ViT "
            "(a PretrainedTeacher with encoder=dict(type='SparseViT', ...)), or the masks another score"
        )
    for want in sorted(wants, key=str):
        depth = len(encoder.blocks)
        if not -depth <= want.block < depth:
            raise ValueError(f"{want} is wanted, but the {kind} has {depth} blocks; set block to 0 .. {depth - 1}")
        if not isinstance(want, PatchAttention) or want.head is None:
            continue
        heads = encoder.block(want.block).attn.num_heads
        if not -heads <= want.head < heads:
            raise ValueError(
                f"{want} is wanted, but the {kind} has {heads} heads; set head to 0 .. {heads - 1}, or None for all"
            )
    return encoder


def cut_behind(encoder: MaskedEncoder, wants: Collection[Inside]) -> None:
    """Drop what :func:`observe` does not need for these: later blocks and the final norm, in place.

    Empty layers take the later blocks' places, so that blocks keep their numbers, from either end.
    """
    vit = vit_with(encoder, wants)
    depth = len(vit.blocks)
    for index in range(max(want.block % depth for want in wants) + 1, depth):
        vit.blocks[index] = nn.Identity()
    vit.norm = nn.Identity()
