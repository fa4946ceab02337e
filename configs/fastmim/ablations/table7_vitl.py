"""FastMIM ablation: target (HOG or normalised pixels) and input size. ViT-L/16, 800 epochs.

Paper:    FastMIM, Table 7.
Command:  tools/dist_train.sh configs/fastmim/ablations/table7_vitl.py:ROW 8
Figure:   with each row: ImageNet-1K top-1 of the paper, fine-tuned.
Hardware: 8 GPUs of 80 GB at batch 256 each, bf16 (or batch 64 and accumulative_counts=4 on 32 GB). pixel_128px: 8 GPUs
          of 32 GB at batch 256 each, bf16.
"""

_base_ = "../vitl_800e.py"
_pixels = {"model.tasks.reconstruct.target": dict(_delete_=True, type="PixelTarget", normalize=True)}
rows = {
    "pixel_224px": (84.9, {"data.size": 224, **_pixels}),
    "pixel_128px": (84.4, _pixels),
    "hog_224px": (85.1, {"data.size": 224}),
}
