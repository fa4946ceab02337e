"""FastMIM ablation: target (HOG or normalised pixels) and input size. CMT-B, 800 epochs.

Paper:    FastMIM, Table 7.
Command:  tools/dist_train.sh configs/fastmim/ablations/table7_cmtb.py:ROW 8
Figure:   with each row: ImageNet-1K top-1 of the paper, fine-tuned.
Hardware: 8 GPUs of 80 GB at batch 256 each, bf16 (or batch 128 and accumulative_counts=2 on 32 GB; BatchNorm then
          averages over 128). pixel_128px: 8 GPUs of 32 GB at batch 256 each, bf16.
"""

_base_ = "../cmtb_800e.py"
_pixels = {"model.tasks.reconstruct.target": dict(_delete_=True, type="PixelTarget", normalize=True)}
rows = {
    "pixel_224px": (85.0, {"data.size": 224, **_pixels}),
    "pixel_128px": (84.6, _pixels),
    "hog_224px": (85.3, {"data.size": 224}),
}
