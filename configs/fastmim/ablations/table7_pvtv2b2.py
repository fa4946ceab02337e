"""FastMIM ablation: target (HOG or normalised pixels) and input size. PVTv2-B2, 800 epochs.

Paper:    FastMIM, Table 7.
Command:  tools/dist_train.sh configs/fastmim/ablations/table7_pvtv2b2.py:ROW 8
Figure:   with each row: ImageNet-1K top-1 of the paper, fine-tuned.
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16.
"""

_base_ = "../pvtv2b2_800e.py"
_pixels = {"model.tasks.reconstruct.target": dict(_delete_=True, type="PixelTarget", normalize=True)}
rows = {
    "pixel_224px": (82.5, {"data.size": 224, **_pixels}),
    "pixel_128px": (82.2, _pixels),
    "hog_224px": (82.7, {"data.size": 224}),
}
