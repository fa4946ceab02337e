"""FastMIM ablation: target (HOG or normalised pixels) and input size. ViT-B/16, 800 epochs.

Paper:    FastMIM, Table 7 (Table 1b, too).
Command:  tools/dist_train.sh configs/fastmim/ablations/table7_vitb.py:ROW 8
Figure:   with each row: ImageNet-1K top-1 of the paper, fine-tuned (hog_224px: 83.9 in Table 1b).
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16.
"""

_base_ = "../vitb_800e.py"
_pixels = {"model.tasks.reconstruct.target": dict(_delete_=True, type="PixelTarget", normalize=True)}
rows = {
    "pixel_224px": (83.8, {"data.size": 224, **_pixels}),
    "hog_224px": (83.8, {"data.size": 224}),
    "pixel_128px": (83.6, _pixels),
}
