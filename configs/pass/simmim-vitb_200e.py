"""PASS on SimMIM, ViT-B/16 at 224 px, 200 epochs: 20 on all images, then on 30 % of them, chosen anew every 20.

SimMIM has no neck that narrows its tokens, and the paper does not say how wide the predictor is: 512 is MAE's.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, Table 1.
Command:  tools/dist_train.sh configs/pass/simmim-vitb_200e.py 8
Figure:   ImageNet-1K top-1 of the paper: 82.1 fine-tuned, in 0.45 of SimMIM's time (SimMIM: 81.5).
Hardware: 8 GPUs of 80 GB at batch 256 each, bf16 (or batch 64 and accumulative_counts=4 on 32 GB).
"""

_base_ = [
    "../_base_/models/simmim.py",
    "../_base_/data/imagenet_simmim.py",
    "../_base_/runtime/default.py",
    "../_base_/recipes/pass.py",
]
_decoder = dict(type="TransformerDecoder", depth=8, dim=512)
model = dict(
    encoder=dict(type="DenseViT", arch="base", patch_size=16, image_size="data.size", drop_path=0.1),
    tasks=dict(predict_loss=dict(_base_._predict_loss, decoder=_decoder)),
)
optim_wrapper = dict(paramwise_cfg=dict(no_decay=("cls_token", "mask_token")))
default_hooks = dict(selection=_base_._selection)
find_unused_parameters = True
schedule = dict(epochs=200, steps=[175])
