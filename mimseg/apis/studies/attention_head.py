"""Which attention head of a loaded model points at objects: the few-shot selection of GPA."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from mmengine.dataset import Compose
from mmengine.model import BaseModel
from numpy.typing import NDArray
from torch import Tensor, nn

from ...models.backbones import PlainViT
from ...models.backbones.attention_maps import attend
from ...ops.attention import PatchAttention
from ...ops.masking import number_masked
from ...ops.patches import patch_grid
from ...registry import TRANSFORMS
from ...tables import TextTable
from ..inference.inference import evaluation_transform
from .object_masks import ObjectImage, patch_coverage

KEY_FORM = PatchAttention()


@dataclass(frozen=True)
class HeadSelection:
    """Recall of objects by every head.

    Attributes:
        recall: of every image, block and head ``(N, blocks, heads)``, 0 to 1.
        together: of the sum over the heads ``(N, blocks)``.
        chance: mean recall of a random choice.
        grid: patches ``(h, w)`` of an image.
        files: the N images.
        left_out: images that were drawn, too, but in which no patch, or every patch, is an object's.
    """

    recall: Tensor
    together: Tensor
    chance: float
    grid: tuple[int, int]
    files: list[str]
    left_out: int

    @property
    def best(self) -> tuple[int, int]:
        """Block and head with the largest mean recall."""
        return choose_head(self.recall)

    @property
    def best_sum(self) -> int | None:
        """The block whose heads together find more objects than the best head; None where none does."""
        together = self.together.mean(dim=0)
        block = int(together.argmax())
        return block if together[block] > self.recall.mean(dim=0)[self.best] else None

    def table(self) -> TextTable:
        """Build the mean recall in percent by block and head, the best one with a star."""
        rows = []
        for block, (heads, together) in enumerate(zip(self.recall.mean(0), self.together.mean(0), strict=True)):
            cells = [f"{100 * value:.1f}{'*' * ((block, head) == self.best)}" for head, value in enumerate(heads)]
            rows.append([str(block), *cells, f"{100 * together:.1f}"])
        header = ["block", *map(str, range(self.recall.shape[2])), "all heads"]
        return TextTable(header, rows, "recall of object patches, %", text=())

    def as_json(self) -> dict[str, Any]:
        """Everything as data, means over the images."""
        recall, (block, head) = self.recall.mean(dim=0), self.best
        return {
            "grid": self.grid,
            "images": self.files,
            "left_out": self.left_out,
            "chance": self.chance,
            "best": {"block": block, "head": head, "recall": float(recall[block, head])},
            "recall": recall.tolist(),
            "all_heads": self.together.mean(dim=0).tolist(),
        }


@dataclass(frozen=True)
class _Shot:
    """An image to look at, its object patches ``(L,)``, and the size ``(H, W)`` of the mask that told."""

    path: str
    objects: NDArray[np.bool_]
    size: tuple[int, ...]


@torch.no_grad()
def select_attention_head(
    model: BaseModel,
    labelled: Sequence[ObjectImage],
    *,
    shots: int | None = None,
    size: tuple[int, int] | None = None,
    coverage: float = 0.5,
    k: Literal["objects"] | float = "objects",
    seed: int = 0,
    form: PatchAttention = KEY_FORM,
    batch_size: int = 16,
) -> HeadSelection:
    """Recall of object patches by every block and head of a model's encoder (GPA, few-shot attention selection).

    A patch belongs to M_gt where at least ``coverage`` of it is object, of whichever object. M_h are the k patches with
    the largest global patch-wise attention of a head. Score of a head: the mean over the images of Recall(M_gt, M_h).

    Images are drawn at random, one after the other, until ``shots`` of them have both kinds of patches: with one seed
    the first shots of many are the shots of few.

    Args:
        model: what :func:`mimseg.apis.load_model` gave; any with an ``encoder`` of transformer blocks.
        labelled: images and their objects, see :mod:`mimseg.apis.studies.object_masks`.
        shots: number of images; default: all that can be used.
        size: ``(H, W)`` of the crop in pixels, default the config's, see :func:`evaluation_transform`.
        coverage: share of object pixels, in (0, 1], from which a patch counts as one of an object.
        k: how many patches a head chooses: 'objects', as many as there are object patches in the image; or a mask
            ratio, as many as it masks.
        seed: of the draw.
        form: how attention is summed; its block and head are not read.
        batch_size: images a forward pass.

    Raises:
        ValueError: an encoder without attention blocks, shots or shares out of range, fewer usable images than shots,
            or a mask of another size than its image.
        UnreadableImageError: an image or a mask cannot be read.
    """
    blocks, heads = _attention_of(model)
    if not 0 < coverage <= 1:
        raise ValueError(f"coverage is {coverage}; give the share of a patch that must be object, in (0, 1]")
    if shots is not None and not 1 <= shots <= len(labelled):
        raise ValueError(f"shots is {shots}; there are 1 to {len(labelled)} labelled images to choose")
    *load, crop = evaluation_transform(model.cfg, size)
    height, width = (crop["scale"],) * 2 if isinstance(crop["scale"], int) else crop["scale"]
    grid = patch_grid(height, width, model.encoder.patch_size)
    drawn = [labelled[index] for index in np.random.default_rng(seed).permutation(len(labelled))]
    chosen, left_out = _choose(drawn, shots, grid, crop["crop_fraction"], coverage)
    transform = Compose([TRANSFORMS.build(step) for step in (*load, crop)])
    wants = [replace(form, block=block, head=head) for block in range(blocks) for head in (*range(heads), None)]
    recalls, chances = [], []
    for start in range(0, len(chosen), batch_size):
        batch = chosen[start : start + batch_size]
        images = model.data_preprocessor({"inputs": [_read(transform, shot) for shot in batch]})["inputs"]
        objects = torch.from_numpy(np.stack([shot.objects for shot in batch])).to(images.device)
        number = objects.sum(dim=1) if k == "objects" else torch.tensor([number_masked(objects.shape[1], k)])
        maps = attend(model.encoder, images, wants)
        recalls.append(recall_by_head(torch.stack([maps[want] for want in wants], dim=1), objects, number).cpu())
        chances.append((number.cpu() / objects.shape[1]).expand(len(batch)))
    recall = torch.cat(recalls).unflatten(1, (blocks, heads + 1))
    chance = float(torch.cat(chances).mean())
    return HeadSelection(recall[..., :-1], recall[..., -1], chance, grid, [shot.path for shot in chosen], left_out)


def config_options(part: str, form: PatchAttention, block: int, head: int | None) -> str:
    """Write the ``--cfg-options`` by which a part of the model reads the map that was measured.

    Args:
        part: below ``model``, e.g. ``masking.score``.
        form: how attention was summed; its block and head are not read.
        block: of the map.
        head: of the map; None for the sum over the heads.
    """
    values: dict[str, Any] = {"block": block, "head": head}
    values |= {} if form.axis == KEY_FORM.axis else {"axis": form.axis}
    values |= {name: False for name in ("with_self", "with_class") if not getattr(form, name)}
    return " ".join(f"model.{part}.{name}={value}" for name, value in values.items())


def _attention_of(model: nn.Module) -> tuple[int, int]:
    """Number of blocks of the encoder, and of heads in each."""
    encoder = getattr(model, "encoder", None)
    if not isinstance(encoder, PlainViT):
        raise ValueError(
            f"{type(encoder or model).__name__} is no ViT: it has no attention over all patches whose heads could be "
            "compared; take a model with e.g. a SparseViT encoder"
        )
    return len(encoder.blocks), encoder.block(0).attn.num_heads


def _choose(
    drawn: Sequence[ObjectImage], shots: int | None, grid: tuple[int, int], crop_fraction: float, coverage: float
) -> tuple[list[_Shot], int]:
    """The first ``shots`` images with patches of both kinds, and how many were passed over."""
    chosen: list[_Shot] = []
    for number, image in enumerate(drawn):
        if len(chosen) == shots:
            return chosen, number - len(chosen)
        mask = image.read_mask()
        objects = patch_coverage(mask, grid, crop_fraction) >= coverage
        if objects.any() and not objects.all():
            chosen.append(_Shot(image.path, objects, mask.shape))
    if not chosen or (shots is not None and len(chosen) < shots):
        raise ValueError(
            f"only {len(chosen)} of {len(drawn)} images have both patches of objects and others (coverage {coverage}), "
            f"{shots or 1} wanted: give more images, fewer shots or another coverage"
        )
    return chosen, len(drawn) - len(chosen)


def _read(transform: Compose, shot: _Shot) -> Tensor:
    """The cropped image ``(C, H, W)`` in the file's units."""
    results: dict[str, Any] = transform({"img_path": shot.path})
    if tuple(results["ori_shape"]) != shot.size:
        raise ValueError(
            f"image {shot.path} has {results['ori_shape'][0]}x{results['ori_shape'][1]} pixels but its mask "
            f"{shot.size[0]}x{shot.size[1]}: they belong to different versions of the picture"
        )
    return torch.from_numpy(results["img"]).permute(2, 0, 1).float()


def recall_by_head(maps: Tensor, objects: Tensor, k: Tensor | int) -> Tensor:
    """Recall(M_gt, M_h) of GPA's head selection: share of the object patches among the k largest values of a map.

    Patches that tie for the last places share them: each counts as the probability with which a random choice among
    them would take it. So a constant map has recall k / L, whatever the objects.

    Args:
        maps: ``(B, ..., L)``, higher = ranked first; for example one map per block and head.
        objects: bool ``(B, L)``, the object patches M_gt, at least one in each image.
        k: how many patches M_h a map chooses, 1 to L; one number, or one an image ``(B,)``.

    Returns:
        ``(B, ...)``, 0 to 1.

    Raises:
        ValueError: shapes that do not belong together, an image without object patches, k out of range, or maps that
            are not finite.
    """
    batch, length = objects.shape
    if maps.shape[0] != batch or maps.shape[-1] != length:
        raise ValueError(f"maps {tuple(maps.shape)} do not belong to objects {(batch, length)}: (B, ..., L) and (B, L)")
    k = torch.as_tensor(k, device=maps.device).expand(batch)
    if not ((k >= 1) & (k <= length)).all():
        raise ValueError(f"k is {k.tolist()}; a map chooses 1 to {length} of {length} patches")
    if not objects.any(dim=1).all():
        raise ValueError("an image has no object patch: its recall is undefined; leave it out")
    if not maps.isfinite().all():
        raise ValueError("the attention maps are not finite: check the checkpoint and the images")
    ones = (1,) * (maps.ndim - 2)
    k, objects = k.view(batch, *ones, 1), objects.view(batch, *ones, length)
    descending = maps.sort(dim=-1, descending=True).values
    last = descending.gather(-1, (k - 1).expand(*maps.shape[:-1], 1))
    above, tied = maps > last, maps == last
    places = (k - above.sum(-1, keepdim=True)) / tied.sum(-1, keepdim=True)
    hits = ((above + tied * places) * objects).sum(-1)
    return hits / objects.sum(-1)


def choose_head(recall: Tensor) -> tuple[int, int]:
    """Block and head ``(b, h)`` of the largest mean recall; the earliest of equals.

    Args:
        recall: ``(N, blocks, heads)``, of N images.
    """
    mean = recall.mean(dim=0)
    block, head = divmod(int(mean.flatten().argmax()), mean.shape[1])
    return block, head
