"""FastMIM, ViT-L/16 at 224 px, HOG, 800 epochs.

Paper:    FastMIM (Empirical Study on Enhancing Efficiency in Masked Image Modeling Pre-training), Table 7.
Command:  tools/dist_train.sh configs/fastmim/ablations/table7_vitl_hog_224px.py 8
Figure:   ImageNet-1K top-1 of the paper: 85.1 fine-tuned.
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16.
"""

_base_ = "../vitl_800e.py"
model = dict(
    encoder=dict(image_size=224),
)
train_dataloader = dict(
    dataset=dict(
        dataset=dict(
            pipeline=[
                dict(type="LoadResizedCrop", scale=224, crop_ratio_range=(0.2, 1.0)),
                dict(type="mmpretrain.RandomFlip", prob=0.5),
                _base_._pack,
            ],
        ),
    ),
)
