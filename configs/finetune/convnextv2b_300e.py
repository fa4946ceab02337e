"""Fine-tuning of FastMIM's ConvNeXt V2-B on ImageNet-1K, 300 epochs.

Paper:    FastMIM, Tables 4 and 12; rate, layer decay and drop path of this backbone are not told, these are Swin-B's.
Command:  tools/dist_train.sh configs/finetune/convnextv2b_300e.py 8 \
              --init work_dirs/fastmim/convnextv2b_800e/epoch_800.pth
Figure:   ImageNet-1K top-1 of the paper: 84.6 after 800 epochs of pre-training.
Hardware: 8 GPUs of 80 GB at batch 128 each, bf16 (or batch 64 and accumulative_counts=2 on 32 GB).
"""

_base_ = [
    "../_base_/recipes/finetune.py",
    "../_base_/data/imagenet_labelled.py",
    "../_base_/runtime/classification.py",
]
model = dict(
    encoder=dict(type="DenseBackbone", backbone="convnextv2_base", image_size="data.size", drop_path=0.1),
)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
schedule = dict(epochs=300)
