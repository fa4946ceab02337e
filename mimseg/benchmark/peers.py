"""Other libraries' models, as they come, to measure beside ours."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ..engine.log_failures import one_line
from ..quiet import quiet_imports
from .subject import Subject

MASKFEAT_SIZE = (224, 224)  # its HOG target is cut into 14 x 14 cells, whatever the image
SIMMIM_SIZE = (192, 192)  # its attention windows of 6 x 6 fit no other size of the paper


class PeerError(ValueError):
    """A peer that cannot take part, with the reason in one line."""


def build_peer(name: str, image_size: tuple[int, int], device: torch.device) -> Subject:
    """One of :data:`PEERS`.

    Args:
        name: key of :data:`PEERS`.
        image_size: ``(H, W)``; SimMIM's Swin is always measured at 192, MaskFeat at 224.
        device: where it trains.

    Raises:
        PeerError: its library is missing or does not build it.
    """
    try:
        with quiet_imports():
            return PEERS[name](name, image_size, device)
    except ImportError as error:
        raise PeerError(f"{name}: {one_line(error)}; install the library to compare with it") from error
    except Exception as error:
        raise PeerError(f"{name}: cannot be built here: {one_line(error)}") from error


def _mmpretrain(model: dict[str, Any]) -> nn.Module:
    import mmpretrain.models  # noqa: F401
    from mmpretrain.registry import MODELS

    built: nn.Module = MODELS.build({**model, "_scope_": "mmpretrain"})
    return built


def _mmpretrain_mae(name: str, image_size: tuple[int, int], device: torch.device) -> Subject:
    """MAE ViT-B/16 with the decoder and the target of the MAE paper."""
    model = _mmpretrain(
        dict(
            type="MAE",
            backbone=dict(type="MAEViT", arch="b", img_size=image_size, patch_size=16, mask_ratio=0.75),
            neck=dict(
                type="MAEPretrainDecoder",
                num_patches=image_size[0] * image_size[1] // 256,
                patch_size=16,
                embed_dim=768,
                decoder_embed_dim=512,
                decoder_depth=8,
                decoder_num_heads=16,
            ),
            head=dict(
                type="MAEPretrainHead",
                norm_pix=True,
                patch_size=16,
                loss=dict(type="PixelReconstructionLoss", criterion="L2"),
            ),
        )
    ).to(device)
    return _of_mmpretrain(name, model, image_size, lambda images: [])


def _mmpretrain_simmim(name: str, image_size: tuple[int, int], device: torch.device) -> Subject:
    """SimMIM Swin-B, window 6, at 192, 60 % masked in units of 32 pixels."""
    model = _mmpretrain(
        dict(
            type="SimMIM",
            backbone=dict(
                type="SimMIMSwinTransformer",
                arch="base",
                img_size=SIMMIM_SIZE[0],
                stage_cfgs=dict(block_cfgs=dict(window_size=6)),
            ),
            neck=dict(type="SimMIMLinearDecoder", in_channels=1024, encoder_stride=32),
            head=dict(
                type="SimMIMHead",
                patch_size=4,
                loss=dict(type="PixelReconstructionLoss", criterion="L1", channel=3),
            ),
        )
    ).to(device)
    units = torch.rand(6, 6).flatten().argsort().argsort().reshape(6, 6) < 22  # ceil(0.6 * 36)
    mask = units.repeat_interleave(8, 0).repeat_interleave(8, 1).long().to(device)
    return _of_mmpretrain(name, model, SIMMIM_SIZE, lambda images: _with_mask(mask, len(images)))


def _mmpretrain_maskfeat(name: str, image_size: tuple[int, int], device: torch.device) -> Subject:
    """MaskFeat ViT-B/16 with the HOG target, 40 % of the patches masked."""
    model = _mmpretrain(
        dict(
            type="MaskFeat",
            backbone=dict(type="MaskFeatViT", arch="b", patch_size=16),
            neck=dict(type="LinearNeck", in_channels=768, out_channels=108, norm_cfg=None),
            head=dict(type="MIMHead", loss=dict(type="PixelReconstructionLoss", criterion="L2")),
            target_generator=dict(type="HOGGenerator", nbins=9, pool=8, gaussian_window=16),
        )
    ).to(device)
    mask = (torch.rand(196).argsort().argsort() < 78).reshape(14, 14).to(device)
    return _of_mmpretrain(name, model, MASKFEAT_SIZE, lambda images: _with_mask(mask, len(images)))


def _with_mask(mask: Tensor, batch: int) -> list[Any]:
    from mmpretrain.structures import DataSample

    return [DataSample(mask=mask) for _ in range(batch)]


def _of_mmpretrain(
    name: str, model: Any, image_size: tuple[int, int], samples: Callable[[Tensor], list[Any]]
) -> Subject:
    return Subject(
        name,
        model,
        (3, *image_size),
        loss=lambda images: sum(model.loss(images, samples(images)).values(), torch.zeros(())),
        parts={"encoder": [(model.backbone, "forward")], "decoders": [(model.neck, "forward")]},
    )


def _hf_vitmae(name: str, image_size: tuple[int, int], device: torch.device) -> Subject:
    """transformers' ViTMAEForPreTraining: ViT-B/16, normalised pixels."""
    from transformers import ViTMAEConfig, ViTMAEForPreTraining

    if image_size[0] != image_size[1]:
        raise PeerError(f"it takes square images only, not {image_size[0]}x{image_size[1]}")
    model = ViTMAEForPreTraining(ViTMAEConfig(image_size=image_size[0], norm_pix_loss=True)).to(device)
    return Subject(
        name,
        model,
        (3, *image_size),
        loss=lambda images: model(pixel_values=images).loss,
        parts={"encoder": [(model.vit, "forward")], "decoders": [(model.decoder, "forward")]},
    )


PEERS: dict[str, Callable[[str, tuple[int, int], torch.device], Subject]] = {
    "mmpretrain-mae": _mmpretrain_mae,
    "hf-vitmae": _hf_vitmae,
    "mmpretrain-simmim": _mmpretrain_simmim,
    "mmpretrain-maskfeat": _mmpretrain_maskfeat,
}
