"""What can be said of a file that no format fits."""

import re
from collections.abc import Collection

from .weights import few_of

KNOWN = (
    "mimseg, official MAE, HPM, SimMIM, FastMIM, BEiT, DINO, DINOv2, Swin, CMT and PVTv2, timm ViT, BEiT and Swin, "
    "mmpretrain ViT, MAE, MaskFeat, BEiT, Swin and SimMIM, Hugging Face ViTMAE and ViT, detectron2 ViTDet, and with "
    "encoder.type=DenseBackbone every network that it takes, under that network's own names (docs/checkpoints.md)"
)
FAMILIES = (
    (r"stages\.0\.blocks\.0\.conv_dw\.weight", "timm's ConvNeXt", "encoder.backbone=convnext_tiny or its size"),
    (r"(stages\.0\.0\.dwconv|downsample_layers\.0\.0)\.weight", "the official ConvNeXt's", "timm's file of it"),
    (r"stages\.0\.blocks\.0\.mlp\.dwconv\.weight", "timm's PVTv2", "encoder.backbone=pvt_v2_b2 or its size"),
    (r"layer1\.0\.conv1\.weight", "a ResNet's", "encoder.backbone=resnet50 or its size"),
)
"""Networks that a DenseBackbone takes: a name, whose it is, and what to set."""
HOSTS = {
    "CMT": "encoder.type=DenseBackbone with encoder.backbone.type=CMT",
    "PVTv2": "encoder.type=DenseBackbone with encoder.backbone=pvt_v2_b2 or its size",
    "Swin": "encoder.type=DenseSwin",
    "mmpretrain Swin": "encoder.type=DenseSwin",
    "BEiT or SimMIM ViT": "encoder.type=DenseViT",
}
"""Which encoder a format is for, where there is one."""
CLIP = re.compile(r"(.*\.)?(transformer\.resblocks\.0\.|vision_model\.).*")


def hint(names: Collection[str]) -> str:
    """Advise what to do with a file of such names."""
    for pattern, whose, setting in FAMILIES:
        if any(re.fullmatch(rf"(.*\.)?{pattern}", name) for name in names):
            return f"they are {whose}; set encoder.type=DenseBackbone and {setting}"
    if any(map(CLIP.fullmatch, names)):
        return "they are CLIP's, which normalises before its blocks, as no ViT of ours does"
    return f"known are {KNOWN}"


def seen(label: str, names: Collection[str]) -> str:
    """A file in a few words, for a refusal."""
    encoder = f", for {HOSTS[label]}" if label in HOSTS else ""
    return f"read as {label} ({len(names)} tensors: {few_of(list(names))}){encoder}"
