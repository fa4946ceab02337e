"""Fine-tuning on STL-10 of a ViT-B/16 that was pre-trained on ImageNet-1K, 100 epochs.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, Table 1, which says "in
          accordance with the setting of MAE" and nothing of images and batches. Ours: the whole image at 224 px (crops
          of it in training), ImageNet's mean and deviation, batch 256, so that an epoch of 5000 images has 19 steps;
          the rest is MAE's recipe for ImageNet.
Command:  tools/dist_train.sh configs/finetune/stl10_vitb_100e.py 8 --init CHECKPOINT
Figure:   top-1 of the paper after 200 epochs of pre-training: 95.9 (MAE), 95.4 (BSS), 96.4 (PASS).
Hardware: 8 GPUs of 16 GB at batch 32 each, bf16.
"""

_base_ = [
    "../_base_/recipes/finetune.py",
    "../_base_/data/imagenet_labelled.py",
    "../_base_/runtime/classification.py",
]
data = dict(
    train=dict(data_root="data/stl10/train"),
    test=dict(data_root="data/stl10/test"),
    classes=10,
    center_crop=1.0,  # the whole image
)
model = dict(
    encoder=dict(
        type="SparseViT", arch="base", patch_size=16, image_size="data.size", positions="learned", drop_path=0.1
    ),
)
train_dataloader = dict(batch_size=32)
optim_wrapper = dict(paramwise_cfg=dict(layer_decay=0.65, no_decay=("cls_token", "positions")))
