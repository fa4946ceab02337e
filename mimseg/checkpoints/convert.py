"""From a checkpoint of any known format to a file of another program."""

import io
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import save
from torch import Tensor

from ..ops.patches import patch_grid
from ..places import check_output
from .atomic import write_atomically
from .formats import Weights, detectron2, hf, hf_vit, mae, mimseg, timm
from .formats.weights import KERNEL, RELATIVE, SIZE, TABLE, as_teacher, count_blocks, few_of, rename
from .report import grouped, part_of
from .sound import check_finite
from .source import open_weights

LAYOUTS: dict[str, Any] = {"timm": timm, "hf": hf, "hf-vit": hf_vit, "mae": mae, "detectron2": detectron2}
FOLDERS = ("hf", "hf-vit")
"""Layouts that are folders, which must be new."""
FORMATS = ("mimseg", *LAYOUTS)
Grid = tuple[int, int]


@dataclass(frozen=True)
class Conversion:
    """The result of a conversion.

    Attributes:
        title: source, format and where it was written.
        written: our names of the tensors that the file holds.
        left_out: the other tensors of the source, by our names or, without counterpart, by its own.
        positions: where the encoder's position table comes from.
        hints: how to load the file, and what to mind.
    """

    title: str
    written: tuple[str, ...]
    left_out: tuple[str, ...]
    positions: str
    hints: tuple[str, ...]

    def __str__(self) -> str:
        """One line per part, then what was left out and how to load it."""
        lines = [self.title]
        counts: dict[str, int] = {}
        for name in self.written:
            counts[part_of(name)] = counts.get(part_of(name), 0) + 1
        lines += [f"  {part:<24} {count} tensors" for part, count in counts.items()]
        lines.append(f"  {'positions':<24} {self.positions}")
        lines.append(f"  {'left out':<24} {', '.join(grouped(self.left_out)) or 'nothing'}")
        return "\n".join([*lines, *(f"  {hint}" for hint in self.hints)])


def convert_checkpoint(
    source: str | Path,
    out: str | Path,
    to: str,
    *,
    archs: Iterable[Mapping[str, Any]],
    weights: Literal["student", "ema"] = "student",
    image_size: tuple[int, int] | None = None,
    num_heads: int | None = None,
    trust: bool = False,
    overwrite: bool = False,
) -> Conversion:
    """Write a checkpoint in another format, whole or not at all.

    Args:
        source: a file or folder; see :func:`mimseg.checkpoints.source.open_weights`.
        out: the file to write ('.safetensors' is one for timm), for 'hf' and 'hf-vit' a folder that does not exist
            yet.
        to: 'mimseg', 'timm', 'hf' (``ViTMAEForPreTraining``), 'hf-vit' (``ViTModel``), 'mae' (the official layout of
            MAE and HPM) or 'detectron2' (the backbone of its ViTDet).
        archs: the standard ViTs, each with ``embed_dim``, ``depth`` and ``num_heads``: how many heads an encoder has
            whose file does not tell.
        weights: 'ema' writes the EMA teacher in the student's place, and no teacher beside it.
        image_size: (H, W) of the position table, in pixels; default: the source's own.
        num_heads: the encoder's attention heads, if the source does not tell and the size is no standard one.
        trust: as in :func:`mimseg.checkpoints.read_checkpoint`.
        overwrite: whether an existing file may be replaced; never the source, nor a folder.

    Raises:
        CheckpointError: the source is missing, damaged or not trusted.
        ValueError: ``out`` exists or cannot hold this model, something that it needs is not known or makes no sense,
            or weights are not finite.
        AtomicWriteError: ``out`` cannot be written.
    """
    out = Path(out)
    if to not in FORMATS:
        raise ValueError(f"--to {to}: known are {', '.join(FORMATS)}")
    _check_numbers(image_size, num_heads)
    if to not in FOLDERS:
        check_output(out, [source], overwrite)
    found = open_weights(source, trust)
    try:
        chosen = _choose(found, weights, num_heads, to, archs)
        written = _written(chosen, to)
        _check_whole(chosen, written, to)
        check_finite({name: tensor for name, tensor in chosen.state.items() if name in written})
        hints = _write(chosen, out, to, image_size)
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from error
    which = "EMA teacher" if weights == "ema" else "student"
    return Conversion(
        title=f"{source} ({found.label}, {which}) -> {out} ({to})",
        written=tuple(name for name in found.state if name in written),
        left_out=(*(name for name in found.state if name not in written), *found.others),
        positions=_positions(found),
        hints=tuple(hints),
    )


def _check_numbers(image_size: tuple[int, int] | None, num_heads: int | None) -> None:
    if image_size is not None and min(image_size) < 1:
        raise ValueError(f"--image-size {image_size[0]} {image_size[1]}: both sides must be at least 1 pixel")
    if num_heads is not None and num_heads < 1:
        raise ValueError(f"--num-heads {num_heads}: there must be at least 1")


def _positions(found: Weights) -> str:
    if RELATIVE in found.state:
        return "relative bias"
    if KERNEL not in found.state:
        return "the encoder's own"
    return "learned table" if TABLE in found.state else "fixed sine-cosine"


def _check_whole(chosen: Weights, written: set[str], to: str) -> None:
    """Refuse to write an encoder without a part that changes what it computes."""
    dispensable = ("encoder.mask_token", *(detectron2.LEFT_OUT if to == "detectron2" else ()))
    left = [name for name in chosen.state if name.startswith("encoder.") and name not in written]
    if left := [name for name in left if not name.startswith(dispensable)]:
        raise ValueError(f"--to {to} has no place for {few_of(left)} of the encoder; use --to mimseg")
    if to not in ("mimseg", "detectron2") and "encoder.cls_token" not in chosen.state:
        raise ValueError(f"it holds no class token, which --to {to} has; use --to mimseg or detectron2")


def _choose(
    found: Weights, weights: str, num_heads: int | None, to: str, archs: Iterable[Mapping[str, Any]]
) -> Weights:
    """The weights to write; the EMA teacher's leave no teacher."""
    state = found.student(weights)
    if KERNEL not in state and to != "mimseg":
        raise ValueError(f"it holds no ViT encoder, and --to {to} knows no other; use --to mimseg")
    if weights == "ema":
        state = {name: tensor for name, tensor in state.items() if not name.startswith("teachers.")}
    if num_heads is not None:
        _check_heads(num_heads, found, state)
    heads = found.heads if num_heads is None else {**found.heads, "encoder": num_heads}
    if to != "mimseg" and "encoder" not in heads and (standard := _standard_heads(state, archs)):
        heads = {**heads, "encoder": standard}
    ema = found.ema if weights == "student" else None
    return Weights(found.label, state, ema, found.patch, found.grid, heads, found.normalize, found.pool)


def _check_heads(num_heads: int, found: Weights, state: Mapping[str, Tensor]) -> None:
    told = found.heads.get("encoder", num_heads)
    if num_heads != told:
        raise ValueError(f"--num-heads {num_heads}: it tells that its encoder has {told} heads; leave --num-heads out")
    width = len(state[KERNEL]) if KERNEL in state else num_heads
    if num_heads < 1 or width % num_heads:
        raise ValueError(f"--num-heads {num_heads}: an encoder of width {width} cannot be divided into so many heads")


def _write(weights: Weights, out: Path, to: str, image_size: tuple[int, int] | None) -> list[str]:
    """Write the file or folder; gives hints how to use it."""
    if to == "mimseg":
        write_atomically(out, _pickled(mimseg.write(weights)))
        return [f"load it with: python tools/train.py CONFIG --init {out}"]
    writers = {"timm": _write_timm, "hf": _write_hf, "hf-vit": _write_hf, "mae": _write_mae}
    writers["detectron2"] = _write_detectron2
    return writers[to](weights, out, to, _grid(weights, image_size))


def _write_timm(weights: Weights, out: Path, to: str, grid: Grid) -> list[str]:
    heads = _encoder_heads(weights)
    tensors = timm.write(weights, grid)
    safe = out.suffix == ".safetensors"
    write_atomically(out, save(tensors) if safe else _pickled(tensors))
    loader = "safetensors.torch.load_file" if safe else "torch.load"
    return [
        f"model = {timm.create_call(weights, tensors, grid, heads)}",
        f"model.load_state_dict({loader}({str(out)!r}))",
    ]


def _write_hf(weights: Weights, out: Path, to: str, grid: Grid) -> list[str]:
    heads = _encoder_heads(weights)
    tensors = LAYOUTS[to].write(weights, grid)
    _write_folder(out, LAYOUTS[to].config(weights, grid, heads), tensors, to)
    if to == "hf-vit":
        return [f"load it with: ViTModel.from_pretrained({str(out)!r}, add_pooling_layer=False)"]
    hints = [f"load it with: ViTMAEForPreTraining.from_pretrained({str(out)!r})"]
    if weights.normalize is None:
        hints.append("the source does not tell whether pixels are normalised: config.json says norm_pix_loss=false")
    return hints


def _write_mae(weights: Weights, out: Path, to: str, grid: Grid) -> list[str]:
    write_atomically(out, _pickled(mae.write(weights, grid)))
    return []


def _write_detectron2(weights: Weights, out: Path, to: str, grid: Grid) -> list[str]:
    heads = _encoder_heads(weights)
    checkpoint = detectron2.write(weights, grid)
    write_atomically(out, _pickled(checkpoint))
    size, channels = weights.known_patch()
    width, depth = len(weights.state[KERNEL]), count_blocks(weights.state, "encoder.blocks.")
    return [
        f"in ViTDet's config: model.backbone.net has embed_dim={width}, depth={depth}, num_heads={heads}, "
        f"patch_size={size}, in_chans={channels}, pretrain_img_size={grid[0] * size}, pretrain_use_cls_token=True",
        f"train.init_checkpoint={str(out)!r}",
    ]


def _grid(weights: Weights, image_size: tuple[int, int] | None) -> Grid:
    size, _ = weights.known_patch()
    if image_size is None:
        if weights.grid is None:
            raise ValueError("it does not tell an image size; add --image-size H W")
        return weights.grid
    return patch_grid(*image_size, size)


def _standard_heads(state: Mapping[str, Tensor], archs: Iterable[Mapping[str, Any]]) -> int | None:
    """Attention heads of the standard ViT of this encoder's width and depth, if there is one."""
    size = (len(state[KERNEL]), count_blocks(state, "encoder.blocks."))
    return next((arch["num_heads"] for arch in archs if (arch["embed_dim"], arch["depth"]) == size), None)


def _encoder_heads(weights: Weights) -> int:
    if "encoder" in weights.heads:
        return weights.heads["encoder"]
    width, depth = len(weights.state[KERNEL]), count_blocks(weights.state, "encoder.blocks.")
    raise ValueError(f"{depth} blocks of width {width} are no standard ViT; add --num-heads N")


def _written(weights: Weights, to: str) -> set[str]:
    """Our names of what the file holds."""
    if to == "mimseg":
        return set(weights.state)
    prefixes = LAYOUTS[to].prefixes_to_write(weights)
    names = {name for name in weights.state if rename(name, prefixes) or name in (KERNEL, TABLE, SIZE)}
    if to == "mae" and weights.ema is not None:
        names |= as_teacher(weights.ema).keys()
    return names


def _write_folder(out: Path, config: Mapping[str, Any], tensors: Mapping[str, Tensor], to: str) -> None:
    """A folder as ``save_pretrained`` writes it; it gets its name once it is complete."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"--to {to} writes a folder, but {out} exists; name a new one or remove it")
    temporary = out.with_name(f".{out.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        write_atomically(temporary / "config.json", json.dumps(config, indent=2).encode())
        write_atomically(temporary / "model.safetensors", save(dict(tensors), {"format": "pt"}))
        temporary.replace(out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _pickled(checkpoint: Mapping[str, Any]) -> bytes:
    file = io.BytesIO()
    torch.save(checkpoint, file)
    return file.getvalue()
