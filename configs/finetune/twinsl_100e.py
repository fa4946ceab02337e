"""Fine-tuning of FastMIM's Twins-SVT-L on ImageNet-1K, 100 epochs.

Paper:    FastMIM, Tables 4 and 12; rate, layer decay and drop path of this backbone are not told, these are Swin-B's.
Command:  tools/dist_train.sh configs/finetune/twinsl_100e.py 8 --init work_dirs/fastmim/twinsl_800e/epoch_800.pth
Figure:   ImageNet-1K top-1 of the paper: 84.0 after 800 epochs of pre-training.
Hardware: 8 GPUs of 24 GB at batch 128 each, bf16.
"""

_base_ = [
    "../_base_/recipes/finetune.py",
    "../_base_/data/imagenet_labelled.py",
    "../_base_/runtime/classification.py",
]
model = dict(
    encoder=dict(type="DenseBackbone", backbone="twins_svt_large", image_size="data.size", drop_path=0.1),
    norm=None,
)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
