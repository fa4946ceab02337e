"""Hugging Face's ViTMAE, and its plain ViT."""

import re
from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import Tensor

from ..adapt import conv_to_linear, fixed_grid, fixed_table, linear_to_conv, square_grid
from .weights import TABLE, Weights, count_blocks, rename

LABEL = "Hugging Face ViTMAE"
RECONSTRUCT = "tasks.reconstruct.decoder."
KERNEL = "embeddings.patch_embeddings.projection.weight"
POSITIONS = "embeddings.position_embeddings"
DECODER_POSITIONS = "decoder.decoder_pos_embed"
PREFIXES = {
    "embeddings.cls_token": "encoder.cls_token",
    "embeddings.patch_embeddings.projection.bias": "encoder.patch_embed.bias",
    "encoder.layer.": "encoder.blocks.",
    "layernorm.": "encoder.norm.",
    "decoder.decoder_embed.": "neck.project.",
    "decoder.mask_token": "neck.mask_token",
    "decoder.decoder_layers.": f"{RECONSTRUCT}blocks.",
    "decoder.decoder_norm.": f"{RECONSTRUCT}norm.",
    "decoder.decoder_pred.": f"{RECONSTRUCT}head.",
    "classifier.": "head.",
}
BLOCK_PARTS = {
    "attention.output.dense.": "attn.proj.",
    "intermediate.dense.": "mlp.fc1.",
    "output.dense.": "mlp.fc2.",
    "layernorm_before.": "norm1.",
    "layernorm_after.": "norm2.",
}
BLOCK = re.compile(r"(.*\.blocks\.\d+\.)(.*)")
QKV = re.compile(r"attention\.attention\.(query|key|value)\.(weight|bias)")
QKV_ORDER = ("query", "key", "value")
WITHOUT_COUNTERPART = ("pooler.", "embeddings.mask_token")


def fits(names: Collection[str]) -> bool:
    """Whether these are names of a ViT of transformers, with or without decoder or head."""
    return KERNEL in names or f"vit.{KERNEL}" in names


def read(tensors: dict[str, Tensor], facts: Mapping[str, Any], ema: dict[str, Tensor] | None = None) -> Weights:
    """Read a model; ``facts`` is its config.json, or empty. There is never a teacher.

    Raises:
        ValueError: the config has an activation other than GELU.
    """
    if facts.get("hidden_act", "gelu") != "gelu":
        raise ValueError(f"its config.json has hidden_act={facts['hidden_act']!r}; SparseViT has 'gelu'")
    tensors = {name.removeprefix("vit."): tensor for name, tensor in tensors.items()}
    kernel = tensors.pop(KERNEL)
    table = tensors.pop(POSITIONS)[0]
    decoder_table = tensors.get(DECODER_POSITIONS)
    if decoder_table is not None and fixed_grid(decoder_table[0]) is not None:
        del tensors[DECODER_POSITIONS]
    others = [name for name in tensors if name.startswith(WITHOUT_COUNTERPART)]
    state = {"encoder.patch_embed.weight": conv_to_linear(kernel)}
    state |= _read_blocks({name: tensor for name, tensor in tensors.items() if name not in others})
    grid = fixed_grid(table)
    if grid is None:
        grid, state[TABLE] = _grid(facts, kernel.shape[2], len(table) - 1), table
    return Weights(
        LABEL,
        state,
        patch=(kernel.shape[2], kernel.shape[1]),
        grid=grid,
        heads=_heads(facts),
        normalize=facts.get("norm_pix_loss"),
        pool="cls" if "head.weight" in state else None,
        others=others,
    )


def _grid(facts: Mapping[str, Any], patch: int, length: int) -> tuple[int, int] | None:
    """The patch grid of a learned table: as the config tells, or a square."""
    size = facts.get("image_size")
    height, width = size if isinstance(size, list) and len(size) == 2 else (size, size)
    if isinstance(height, int) and isinstance(width, int) and (height // patch) * (width // patch) == length:
        return height // patch, width // patch
    return square_grid(length)


def _heads(facts: Mapping[str, Any]) -> dict[str, int]:
    keys = {"encoder": "num_attention_heads", RECONSTRUCT[:-1]: "decoder_num_attention_heads"}
    return {module: facts[key] for module, key in keys.items() if key in facts}


def _read_blocks(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename, and join the three projections of attention, which are one here."""
    state: dict[str, Tensor] = {}
    thirds: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        ours = rename(name, PREFIXES) or (f"neck.{name}" if name.startswith("decoder.") else f"encoder.{name}")
        block = BLOCK.fullmatch(ours)
        if block is None:
            state[ours] = tensor
        elif third := QKV.fullmatch(block[2]):
            thirds.setdefault(f"{block[1]}attn.qkv.{third[2]}", {})[third[1]] = tensor
        else:
            state[block[1] + (rename(block[2], BLOCK_PARTS) or block[2])] = tensor
    for name, parts in thirds.items():
        if len(parts) < len(QKV_ORDER):
            raise ValueError(f"its {name} is incomplete: only {', '.join(parts)}; copy the file again")
        state[name] = torch.cat([parts[which] for which in QKV_ORDER])
    return state


def prefixes_to_write(weights: Weights) -> dict[str, str]:
    """From our names to the outer part of Hugging Face's; a head has no place."""
    return {ours: theirs for theirs, ours in PREFIXES.items() if theirs != "classifier."}


def write(weights: Weights, grid: tuple[int, int]) -> dict[str, Tensor]:
    """The tensors of ``ViTMAEForPreTraining``; those without a place there are left out.

    Raises:
        ValueError: there is no decoder to write, or blocks have parts that ViTMAE's have not.
    """
    if "neck.project.weight" not in weights.state:
        raise ValueError("--to hf: it holds no decoder, which ViTMAEForPreTraining has; use --to hf-vit or timm")
    tensors = encoder_tensors(weights, grid, prefixes_to_write(weights), "hf")
    tensors[DECODER_POSITIONS] = fixed_table(grid, len(weights.state["neck.project.weight"]))[None]
    return {name if name.startswith("decoder.") else f"vit.{name}": tensor for name, tensor in tensors.items()}


def encoder_tensors(weights: Weights, grid: tuple[int, int], outer: Mapping[str, str], to: str) -> dict[str, Tensor]:
    """The tensors that ``outer`` has prefixes for, under names without ``vit.``, and the encoder's position table.

    Raises:
        ValueError: the patch size is not known, or blocks have parts that transformers' have not.
    """
    inner = {ours: theirs for theirs, ours in BLOCK_PARTS.items()}
    tensors = {KERNEL: linear_to_conv(weights.state["encoder.patch_embed.weight"], weights.known_patch())}
    for name, tensor in weights.state.items():
        theirs = rename(name, outer)
        if theirs is None:
            continue
        block = BLOCK.fullmatch(name)
        if block is None:
            tensors[theirs] = tensor
        elif block[2].startswith("attn.qkv."):
            head, kind = theirs[: -len(block[2])], block[2].rsplit(".", 1)[1]
            for which, part in zip(QKV_ORDER, tensor.chunk(3), strict=True):
                tensors[f"{head}attention.attention.{which}.{kind}"] = part.contiguous()
        else:
            inside = rename(block[2], inner)
            if inside is None:
                raise ValueError(f"--to {to}: it has {name}, for which transformers' blocks have no place")
            tensors[theirs[: -len(block[2])] + inside] = tensor
    tensors[POSITIONS] = weights.table(grid)[None]
    return tensors


def config(weights: Weights, grid: tuple[int, int], num_heads: int) -> dict[str, Any]:
    """Write config.json; an unknown kind of pixel target is written as plain pixels.

    Raises:
        ValueError: the grid is no square, which ViTMAE's position tables are made for.
    """
    if grid[0] != grid[1]:
        raise ValueError(f"--to hf: ViTMAE takes square images, not a {grid[0]}x{grid[1]} patch grid; use --to hf-vit")
    state = weights.state
    decoder_width = len(state["neck.project.weight"])
    return {
        "architectures": ["ViTMAEForPreTraining"],
        "model_type": "vit_mae",
        **encoder_sizes(weights, num_heads),
        "image_size": grid[0] * weights.known_patch()[0],
        "decoder_hidden_size": decoder_width,
        "decoder_num_hidden_layers": count_blocks(state, f"{RECONSTRUCT}blocks."),
        "decoder_num_attention_heads": weights.heads.get(RECONSTRUCT[:-1], max(1, decoder_width // 32)),
        "decoder_intermediate_size": 4 * decoder_width,
        "mask_ratio": 0.75,
        "norm_pix_loss": bool(weights.normalize),
    }


def encoder_sizes(weights: Weights, num_heads: int) -> dict[str, Any]:
    """Write the part of config.json that every ViT of transformers has, besides its image size."""
    size, channels = weights.known_patch()
    width = len(weights.state["encoder.patch_embed.weight"])
    return {
        "hidden_size": width,
        "num_hidden_layers": count_blocks(weights.state, "encoder.blocks."),
        "num_attention_heads": num_heads,
        "intermediate_size": 4 * width,
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-6,
        "qkv_bias": True,
        "patch_size": size,
        "num_channels": channels,
    }
