"""Micro runs of every method on embedded scenes, as config files for ``tools/train.py``."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
BASE = f"{ROOT}/configs/_base_"
TEACHER = "teacher.pth"
"""Random weights of :data:`MAE`'s model, which GPA's frozen teacher reads."""

EVERY_RUN = """
default_hooks = dict(
    logger=dict(interval=1),
    checkpoint=dict({checkpoint}),
    throughput=None,
    **_hooks,
)
log_processor = dict(window_size=1)
visualizer = dict(vis_backends=[dict(type="LocalVisBackend"), dict(type="TensorboardVisBackend")])
"""
PRETRAINING = """
_base_ = [
    "{base}/models/{model}.py",
    "{base}/data/scenes.py",
    "{base}/runtime/default.py",
]
_arch = dict(arch=dict(embed_dim=32, depth=2, num_heads=2, _delete_=True), patch_size=8, drop_path=0.1)
model = dict(encoder=_arch, neck=dict(width=32))
_decoder = dict(depth=1, num_heads=2)
_hooks = dict(knn=dict(interval=2), rankme=dict(interval=2), masked_loss=dict(interval=2), pictures=dict(interval=2))
train_dataloader = dict(batch_size=8, num_workers=0, persistent_workers=False)
optim_wrapper = dict(optimizer=dict(lr=0.02), clip_grad=dict(max_norm=5.0))
schedule = dict(epochs=3, warmup_epochs=1)
"""
RECONSTRUCT = "model['tasks'] = dict(reconstruct=dict(decoder=_decoder))\n"
HPM = (
    "model['tasks'] = dict(reconstruct=dict(decoder=_decoder), predict_loss=dict(decoder=_decoder))\n"
    "train_dataloader['num_workers'] = 1\n"
)
SBAM = """
model['masking'] = dict(
    score=dict(type="SalienceScore", positions=True),
    policy=dict(type="NoisyPolicy", amplitude=0.5, _delete_=True),
    ratio=dict(type="AdaptiveRatio", spread=0.15, threshold=0.1, level="sample"),
)
"""
GPA = """
_attention = dict(block=1, head=1)
model['tasks'] = dict(reconstruct=dict(decoder=_decoder), attention=dict(decoder=_decoder, target=_attention))
model['masking'] = dict(score=_attention)
model['teachers'] = dict(mae=dict(checkpoint="teacher.pth"))
"""
FASTMIM = """
model['encoder'] = dict(
    type="DenseViT",
    arch=dict(embed_dim=32, depth=2, num_heads=2),
    patch_size=8,
    drop_path=0.1,
    image_size="data.size",
    layer_scale=None,
    positions="sincos",
    init="xavier",
    mask_at="pixels",
)
model['tasks'] = dict(reconstruct=dict(target=dict(cell=8)))
schedule['stages'] = [
    dict(epoch=0, size=32, batch_size=8),
    dict(epoch=1, size=48, batch_size=4, accumulative_counts=2),
    dict(epoch=2, size=64, batch_size=4, accumulative_counts=2),
]
"""
PASS = """
_loss = dict(
    type="Task",
    decoder=dict(type="TransformerDecoder", depth=1, num_heads=2),
    target=dict(type="PatchLossTarget", task="reconstruct"),
    loss=dict(type="AbsolutePatchLoss", target="raw", divide_by="all"),
)
model['tasks'] = dict(reconstruct=dict(decoder=_decoder), predict_loss=_loss)
schedule['epochs'] = 4
_hooks['selection'] = dict(
    type="SelectionHook",
    selector=dict(type="WSSSelector", tau=0.1),
    warmup_epochs=2,
    interval=1,
    keep=0.5,
    dt_epochs=1,
    transform=[dict(type="LoadImage"), dict(type="mmpretrain.PackInputs", meta_keys=("img_path",))],
)
"""
FINETUNING = """
_base_ = [
    "{base}/recipes/finetune.py",
    "{base}/data/scenes.py",
    "{base}/runtime/classification.py",
]
data = dict(augment=["randaugment"])
model = dict(
    encoder=dict(
        type="SparseViT",
        image_size="data.size",
        arch=dict(embed_dim=32, depth=2, num_heads=2),
        patch_size=8,
        drop_path=0.1,
        positions="learned",
    ),
)
_workers = dict(num_workers=0, persistent_workers=False)
train_dataloader = dict(batch_size=8, **_workers)
val_dataloader = dict(batch_size=8, **_workers)
test_dataloader = val_dataloader
_hooks = dict(ema=dict(type="EMAHook", momentum=0.2))
load_options = dict(scratch=True)
optim_wrapper = dict(
    precision="fp32", optimizer=dict(lr=0.05), paramwise_cfg=dict(no_decay=("cls_token", "positions"))
)
schedule = dict(epochs=4, warmup_epochs=1)
"""
DENSE_ARCH = "dict(embed_dim=32, depth=4, num_heads=2, _delete_=True)"
DENSE_LOADERS = """
train_dataloader = dict(batch_size=8, num_workers=1, persistent_workers=False)
val_dataloader = dict(batch_size=4, num_workers=1, persistent_workers=False)
test_dataloader = val_dataloader
optim_wrapper = dict(paramwise_cfg=dict(layer_decay=0.9))
_hooks = dict(predictions=None)
"""
DETECTOR = """
_base_ = "{root}/configs/demo/mask-rcnn_vit-micro_scenes.py"
_head = dict(in_channels=16, conv_out_channels=16)
model = dict(
    backbone=dict(encoder=dict(arch={arch}), window=2, global_blocks=(3,), taps=(0, 1, 2, 3)),
    neck=[
        dict(type="mimseg.FourTapPyramid", in_channels=32, norm_cfg=dict(type="GN", num_groups=32)),
        dict(type="FPN", in_channels=[32] * 4, out_channels=16, num_outs=5),
    ],
    rpn_head=dict(in_channels=16, feat_channels=16),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=16),
        bbox_head=dict(fc_out_channels=16, **_head),
        mask_roi_extractor=dict(out_channels=16),
        mask_head=_head,
    ),
    train_cfg=dict(rpn_proposal=dict(nms_pre=50, max_per_img=20), rcnn=dict(sampler=dict(num=8))),
    test_cfg=dict(rpn=dict(nms_pre=50, max_per_img=20), rcnn=dict(score_thr=0.0, max_per_img=5)),
)
schedule = dict(epochs=3, warmup_epochs=1, steps=[2], val_interval=1)
"""
SEGMENTOR = """
_base_ = "{root}/configs/demo/upernet_vit-micro_scenes.py"
model = dict(
    backbone=dict(encoder=dict(arch={arch}, drop_path=0.2), taps=(0, 1, 2, 3)),
    neck=dict(in_channels=32),
    decode_head=dict(in_channels=[32] * 4, channels=16),
    auxiliary_head=dict(in_channels=32, channels=16),
)
schedule = dict(iterations=12, warmup_iterations=2, val_interval=4)
"""


@dataclass(frozen=True)
class Method:
    """A run that is killed.

    Attributes:
        text: its config.
        checkpoint: settings of the checkpoint hook.
        processes: how many train it.
    """

    text: str
    checkpoint: str = "max_keep_ckpts=2"
    processes: int = 1

    def write(self, path: Path) -> Path:
        """The config file at ``path``."""
        path.write_text(self.text + EVERY_RUN.format(checkpoint=self.checkpoint), encoding="utf-8")
        return path


def pretraining(model: str, *parts: str, checkpoint: str = "max_keep_ckpts=2", processes: int = 1) -> Method:
    """A method that has no labels."""
    return Method(PRETRAINING.format(base=BASE, model=model) + "".join(parts), checkpoint, processes)


def transfer(text: str, checkpoint: str) -> Method:
    """A detector or segmentor."""
    return Method(text.format(root=ROOT, arch=DENSE_ARCH) + DENSE_LOADERS, checkpoint)


WITHIN_EPOCHS = "max_keep_ckpts=2, by_epoch=False, interval=3"
MAE = pretraining("mae_vit-micro", RECONSTRUCT, "train_dataloader['num_workers'] = 1\n", checkpoint=WITHIN_EPOCHS)
METHODS = {
    "mae": MAE,
    "hpm": pretraining("hpm_vit-micro", HPM),
    "sbam+amr": pretraining("mae_vit-micro", RECONSTRUCT, SBAM, checkpoint=WITHIN_EPOCHS),
    "gpa+mam": pretraining("gpa_mae-vit-micro", GPA, checkpoint=WITHIN_EPOCHS),
    "fastmim-p": pretraining("fastmim_micro", FASTMIM),
    "pass": pretraining("mae_vit-micro", PASS),
    "fine-tuning": Method(FINETUNING.format(base=BASE)),
    "upernet": transfer(SEGMENTOR, 'max_keep_ckpts=1, interval=4, save_best="mIoU", rule="greater"'),
    "mask-rcnn": transfer(DETECTOR, 'max_keep_ckpts=1, save_best="coco/bbox_mAP", rule="greater"'),
    "hpm, 2 processes": pretraining("hpm_vit-micro", HPM, processes=2),
}
