"""The official layout of MAE, HPM and FastMIM's ViT: timm's names for the encoder, ``decoder_*`` for the rest."""

from collections.abc import Collection, Mapping
from typing import Any

from torch import Tensor

from ..adapt import adapt_loss_head, fixed_grid, fixed_table
from . import timm
from .weights import Weights

POSITIONS = "decoder_pos_embed"
RECONSTRUCT = "tasks.reconstruct.decoder."
PREDICT = "tasks.predict_loss.decoder."
PREFIXES = {
    "decoder_embed.": "neck.project.",
    "mask_token": "neck.mask_token",
    "decoder_blocks.": f"{RECONSTRUCT}blocks.",
    "decoder_norm.": f"{RECONSTRUCT}norm.",
    "decoder_pred.": f"{RECONSTRUCT}head.",
    "decoder_blocks_losspred.": f"{PREDICT}blocks.",
    "decoder_norm_losspred.": f"{PREDICT}norm.",
    "decoder_pred_losspred.": f"{PREDICT}head.",
    **timm.PREFIXES,
}
PIXEL_TOKEN = 4
FASTMIM = {"mask_token": "encoder.mask_token"}
"""FastMIM's mask token ``(1, C, 1, 1)`` replaces pixels; MAE's ``(1, 1, D)`` is the decoder's."""
FASTMIM_NOTE = (
    "shapes do not tell attention heads: FastMIM's release pre-trains its ViT-B with 6 and fine-tunes with 12; for 6 "
    "set model.encoder.arch=dict(embed_dim=768, depth=12, num_heads=6) in a config"
)


def fits(names: Collection[str]) -> bool:
    """Whether these are names of a masked autoencoder with decoder."""
    return timm.fits(names) and any(name.startswith("decoder_") for name in names)


def read(tensors: dict[str, Tensor], facts: Mapping[str, Any], ema: dict[str, Tensor] | None = None) -> Weights:
    """Read an autoencoder; ``ema`` is HPM's teacher, a whole copy of the student.

    FastMIM's public ViT has the same names; its mask token tells it.
    """
    token = tensors.get("mask_token")
    if token is not None and token.ndim == PIXEL_TOKEN:
        weights = timm.read_vit("official FastMIM", without_fixed(tensors), PREFIXES | FASTMIM, None)
        weights.notes.append(FASTMIM_NOTE)
        return weights
    label = "official HPM" if any(name.startswith("decoder_blocks_losspred.") for name in tensors) else "official MAE"
    return timm.read_vit(label, without_fixed(tensors), PREFIXES, None if ema is None else without_fixed(ema))


def without_fixed(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Leave out the decoder's position table if it is the sine-cosine one, which the neck makes itself."""
    table = tensors.get(POSITIONS)
    if table is None or fixed_grid(table.reshape(-1, table.shape[-1])) is None:
        return tensors
    return {name: tensor for name, tensor in tensors.items() if name != POSITIONS}


def prefixes_to_write(weights: Weights) -> dict[str, str]:
    """From our names to the official ones."""
    decoders = {ours: theirs for theirs, ours in PREFIXES.items() if theirs not in timm.PREFIXES}
    token = weights.state.get("encoder.mask_token")
    if token is not None and token.ndim == PIXEL_TOKEN:
        decoders |= {ours: theirs for theirs, ours in FASTMIM.items()}
    return decoders | timm.prefixes_to_write(weights)


def write(weights: Weights, grid: tuple[int, int]) -> dict[str, dict[str, Tensor]]:
    """A checkpoint of the official layout: 'model', and 'ema_state_dict' where there is a teacher (HPM).

    HPM's loss predictor has as many outputs there as a patch has values, of which the mean is the prediction.
    """
    prefixes = prefixes_to_write(weights)
    checkpoint = {"model": weights.state} | ({} if weights.ema is None else {"ema_state_dict": weights.ema})
    return {key: _write_copy(state, weights, grid, prefixes) for key, state in checkpoint.items()}


def _write_copy(
    state: Mapping[str, Tensor], weights: Weights, grid: tuple[int, int], prefixes: Mapping[str, str]
) -> dict[str, Tensor]:
    tensors = timm.write_vit(state, weights, grid, prefixes)
    if "neck.project.weight" in state:
        tensors[POSITIONS] = fixed_table(grid, len(state["neck.project.weight"]))[None]
    for name in ("decoder_pred_losspred.weight", "decoder_pred_losspred.bias"):
        if name in tensors and len(tensors[name]) == 1:
            tensors[name] = adapt_loss_head(tensors[name], tensors[timm.KERNEL][0].numel()).tensor
    return tensors
