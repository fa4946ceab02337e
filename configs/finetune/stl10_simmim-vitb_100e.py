"""Fine-tuning on STL-10 of a ViT-B/16 that SimMIM trained on ImageNet-1K, 100 epochs.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, Table 1, which says "in
          accordance with the setting of simMIM" and nothing of images and batches. Ours: the whole image at 224 px
          (crops of it in training), ImageNet's mean and deviation, batch 256, so that an epoch of 5000 images has 19
          steps; the rest is SimMIM's recipe for ImageNet.
Command:  tools/dist_train.sh configs/finetune/stl10_simmim-vitb_100e.py 8 --init CHECKPOINT
Figure:   top-1 of the paper after 200 epochs of pre-training: 92.3 (SimMIM), 91.1 (BSS), 92.7 (PASS).
Hardware: 8 GPUs of 16 GB at batch 32 each, bf16.
"""

_base_ = "./simmim_vitb_100e.py"
data = dict(
    train=dict(data_root="data/stl10/train"),
    test=dict(data_root="data/stl10/test"),
    classes=10,
    center_crop=1.0,  # the whole image
)
train_dataloader = dict(batch_size=32)
# warmup_lr and min_lr are absolute here: 2.5e-7 per 512 images at batch 256, the same for all layers
schedule = dict(warmup_lr=1.25e-7, min_lr=1.25e-7)
