"""timm's VisionTransformer, whose names official MAE encoders and classifiers, DINO and DINOv2 share."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from torch import Tensor

from ..adapt import conv_to_linear, fixed_grid, linear_to_conv, square_grid
from .weights import TABLE, Weights, as_teacher, count_blocks, rename

LABEL = "timm ViT"
KERNEL = "patch_embed.proj.weight"
POSITIONS = "pos_embed"
PREFIXES = {
    "cls_token": "encoder.cls_token",
    "patch_embed.proj.bias": "encoder.patch_embed.bias",
    "blocks.": "encoder.blocks.",
    "norm.": "encoder.norm.",
    "fc_norm.": "norm.",
    "head.": "head.",
}
MASK_TOKENS = {"mask_token": "encoder.mask_token", "masked_embed": "encoder.mask_token"}  # DINOv2, iBOT
WITHOUT_COUNTERPART = (
    "head_dist.",
    "pre_logits.",
    "mask_token",
    "vis_mask_token",
    "lm_head.",
)  # of other ways to train
CHUNKED = re.compile(r"^blocks\.\d+\.(\d+)\.")
"""Blocks in chunks, as DINOv2's training saves them: every number of a block counts from the first chunk."""
REGISTERS = ("register_tokens", "reg_token")
GATED = re.compile(r"blocks\.\d+\.mlp\.(w12|fc1_g)\.weight")


def fits(names: Collection[str]) -> bool:
    """Whether these are names of a ViT of timm."""
    return KERNEL in names and any(name.startswith(("blocks.0.attn.", "blocks.0.0.attn.")) for name in names)


def read(tensors: dict[str, Tensor], facts: Mapping[str, Any], ema: dict[str, Tensor] | None = None) -> Weights:
    """Read a ViT; ``ema`` is a copy with the same names."""
    return read_vit(LABEL, tensors, PREFIXES | MASK_TOKENS, ema)


def read_vit(
    label: str, tensors: dict[str, Tensor], prefixes: Mapping[str, str], ema: dict[str, Tensor] | None
) -> Weights:
    """Read timm-like names.

    A name that no prefix fits counts as a part of the encoder (or neck), where it meets no counterpart and is refused:
    what is not understood may change what the encoder computes.

    Raises:
        ValueError: it has register tokens, or gated feed-forward networks (SwiGLU).
    """
    tensors = {CHUNKED.sub(r"blocks.\1.", name): tensor for name, tensor in tensors.items()}
    _check_parts(tensors)
    kernel = tensors[KERNEL]
    weights = Weights(label, {"encoder.patch_embed.weight": conv_to_linear(kernel)})
    if "head.weight" in tensors:
        weights.pool = "avg" if "fc_norm.weight" in tensors else "cls"
    weights.patch = (kernel.shape[2], kernel.shape[1])
    for name, tensor in tensors.items():
        if name == KERNEL:
            continue
        if name == POSITIONS:
            _read_positions(weights, tensor)
        elif ours := rename(name, prefixes):
            weights.state[ours] = tensor[None] if ours == "encoder.mask_token" and tensor.ndim == 2 else tensor
        elif name.startswith(WITHOUT_COUNTERPART):
            weights.others.append(name)
        else:
            weights.state[f"neck.{name}" if name.startswith("decoder_") else f"encoder.{name}"] = tensor
    if ema is not None:
        weights.ema = read_vit(label, ema, prefixes, None).state
        weights.state.update(as_teacher(weights.ema))
    return weights


def _check_parts(tensors: Mapping[str, Tensor]) -> None:
    """Refuse parts that none of our ViTs has."""
    for name in REGISTERS:
        if name in tensors:
            raise ValueError(
                f"its ViT has {tensors[name].shape[-2]} register tokens ({name}), which ours have not; take a file of "
                "the model without registers, or DenseBackbone with timm's network and timm's file"
            )
    first, second = (tensors.get(f"blocks.0.mlp.{layer}.weight") for layer in ("fc1", "fc2"))
    halved = first is not None and second is not None and len(first) == 2 * second.shape[1]
    if halved or any(map(GATED.fullmatch, tensors)):
        raise ValueError(
            "its ViT has gated feed-forward networks (SwiGLU, as DINOv2's ViT-g), which ours have not; take a smaller "
            "model of the family, or DenseBackbone with timm's network and timm's file"
        )


def _read_positions(weights: Weights, positions: Tensor) -> None:
    table = positions.reshape(-1, positions.shape[-1])
    weights.grid = fixed_grid(table)
    if weights.grid is None:
        weights.grid = square_grid(len(table) - 1)
        weights.state[TABLE] = table


def write(weights: Weights, grid: tuple[int, int]) -> dict[str, Tensor]:
    """The tensors of timm's VisionTransformer for a patch grid; those without a place there are left out."""
    return write_vit(weights.state, weights, grid, prefixes_to_write(weights))


def write_vit(
    state: Mapping[str, Tensor], weights: Weights, grid: tuple[int, int], prefixes: Mapping[str, str]
) -> dict[str, Tensor]:
    """Tensors of ``state``, of a student or teacher, renamed by ``prefixes`` from ours to timm-like names.

    Raises:
        ValueError: the patch size is not known.
    """
    tensors = {KERNEL: linear_to_conv(state["encoder.patch_embed.weight"], weights.known_patch())}
    tensors[POSITIONS] = weights.table(grid)[None]
    for name, tensor in state.items():
        theirs = rename(name, prefixes)
        if theirs is not None:
            tensors[theirs] = tensor
    return tensors


def prefixes_to_write(weights: Weights) -> dict[str, str]:
    """From our names to timm's. A head is left out where BatchNorm precedes it or its pooling is not known."""
    prefixes = {ours: theirs for theirs, ours in PREFIXES.items()}
    if "norm.running_mean" in weights.state or weights.pool is None:
        del prefixes["norm."], prefixes["head."]
    return prefixes


def create_call(weights: Weights, tensors: Mapping[str, Tensor], grid: tuple[int, int], num_heads: int) -> str:
    """The line of Python that builds timm's model for the tensors of :func:`write`."""
    kernel = tensors[KERNEL]
    size = kernel.shape[-1]
    classes = len(tensors["head.weight"]) if "head.weight" in tensors else 0
    options = {
        "img_size": (grid[0] * size, grid[1] * size),
        "patch_size": size,
        "in_chans": kernel.shape[1],
        "embed_dim": len(kernel),
        "depth": count_blocks(weights.state, "encoder.blocks."),
        "num_heads": num_heads,
        "num_classes": classes,
        "global_pool": "token" if classes and weights.pool == "cls" else "avg",
        "fc_norm": "fc_norm.weight" in tensors,
    }
    if "blocks.0.ls1.gamma" in tensors:
        options["init_values"] = 1e-5  # LayerScale; the file's factors replace it
    arguments = ", ".join(f"{name}={value!r}" for name, value in options.items())
    return f'timm.create_model("vit_base_patch16_224", {arguments})'
