"""FastMIM ablation: target (HOG or normalised pixels) and input size. Swin-L, 800 epochs.

Paper:    FastMIM, Table 7; rate times 0.1 at 7/8 of the epochs, as configs/fastmim/swinl_400e.py (schedule.steps=None:
          a cosine).
Command:  tools/dist_train.sh configs/fastmim/ablations/table7_swinl.py:ROW 8
Figure:   with each row: ImageNet-1K top-1 of the paper, fine-tuned.
Hardware: 8 GPUs of 80 GB at batch 256 each, bf16 (or batch 128 and accumulative_counts=2 on 32 GB). pixel_128px: 8 GPUs
          of 32 GB at batch 256 each, bf16.
"""

_base_ = "../swinl_800e.py"
_pixels = {"model.tasks.reconstruct.target": dict(_delete_=True, type="PixelTarget", normalize=True)}
rows = {
    "hog_192px": (85.6, {"data.size": 192}),
    "pixel_192px": (85.5, {"data.size": 192, **_pixels}),
    "pixel_128px": (85.1, _pixels),
}
