"""FastMIM, ViT-B/16 at 224 px, HOG, 800 epochs.

Paper:    FastMIM (Empirical Study on Enhancing Efficiency in Masked Image Modeling Pre-training), Table 7 (Table 1b,
          too).
Command:  tools/dist_train.sh configs/fastmim/ablations/table7_vitb_hog_224px.py 8
Figure:   ImageNet-1K top-1 of the paper: 83.8 fine-tuned (83.9 in Table 1b).
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16.
"""

_base_ = "../vitb_800e.py"
model = dict(
    encoder=dict(image_size=224),
)
train_dataloader = _base_.train_dataloader
train_dataloader.dataset.dataset.pipeline[0].scale = 224
