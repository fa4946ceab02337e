"""Basic sample selection on SimMIM, ViT-B/16 at 224 px, 200 epochs: the highest losses under random masks.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, Eq. 3 and Table 1.
Command:  tools/dist_train.sh configs/pass/simmim-vitb_200e_bss.py 8
Figure:   ImageNet-1K top-1 of the paper: 81.3 fine-tuned, in 0.39 of SimMIM's time (SimMIM: 81.5).
Hardware: 8 GPUs of 80 GB at batch 256 each, bf16 (or batch 64 and accumulative_counts=4 on 32 GB).
"""

_base_ = [
    "../_base_/models/simmim.py",
    "../_base_/data/imagenet_simmim.py",
    "../_base_/runtime/default.py",
    "../_base_/recipes/pass.py",
]
model = dict(
    encoder=dict(type="DenseViT", arch="base", patch_size=16, image_size="data.size", drop_path=0.1),
)
optim_wrapper = dict(paramwise_cfg=dict(no_decay=("cls_token", "mask_token")))
default_hooks = dict(selection=dict(_base_._selection, selector=dict(type="BSSSelector")))
schedule = dict(epochs=200, steps=[175])
