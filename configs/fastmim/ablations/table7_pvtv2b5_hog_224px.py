"""FastMIM, PVTv2-B5 at 224 px, HOG, 800 epochs.

Paper:    FastMIM (Empirical Study on Enhancing Efficiency in Masked Image Modeling Pre-training), Table 7.
Command:  tools/dist_train.sh configs/fastmim/ablations/table7_pvtv2b5_hog_224px.py 8
Figure:   ImageNet-1K top-1 of the paper: 84.3 fine-tuned.
Hardware: 8 GPUs of 80 GB at batch 256 each, bf16 (or batch 128 and accumulative_counts=2 on 32 GB).
"""

_base_ = "../pvtv2b5_800e.py"
model = dict(
    encoder=dict(image_size=224),
)
train_dataloader = _base_.train_dataloader
train_dataloader.dataset.dataset.pipeline[0].scale = 224
