"""FastMIM ablation: a learned or a zero mask token, in the image or in embedded patches.

ViT-B/16, raw pixels, 800 epochs.

Paper:    FastMIM, Table 10a; 224 px is an assumption.
Command:  tools/dist_train.sh configs/fastmim/ablations/table10a_mim.py:ROW 8
Figure:   with each row: ImageNet-1K top-1 of the paper, fine-tuned.
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16.
"""

_base_ = "../vitb_800e.py"
data = dict(size=224)
model = dict(
    tasks=dict(reconstruct=dict(target=dict(_delete_=True, type="PixelTarget", normalize=False))),
)
rows = {
    "patch_zero": (83.6, {"model.encoder.mask_at": "tokens", "model.encoder.learn_token": False}),
    "patch_learned": (83.7, {"model.encoder.mask_at": "tokens"}),
    "image_zero": (83.6, {"model.encoder.mask_at": "pixels", "model.encoder.learn_token": False}),
    "image_learned": (83.7, {"model.encoder.mask_at": "pixels"}),
}
