"""FastMIM ablation: target (HOG or normalised pixels) and input size. Swin-B, 800 epochs.

Paper:    FastMIM, Table 7.
Command:  tools/dist_train.sh configs/fastmim/ablations/table7_swinb.py:ROW 8
Figure:   with each row: ImageNet-1K top-1 of the paper, fine-tuned.
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16.
"""

_base_ = "../swinb_400e.py"
schedule = dict(epochs=800)
_pixels = {"model.tasks.reconstruct.target": dict(_delete_=True, type="PixelTarget", normalize=True)}
rows = {
    "hog_192px": (84.1, {"data.size": 192}),
    "pixel_192px": (84.0, {"data.size": 192, **_pixels}),
    "pixel_128px": (83.8, _pixels),
    "hog_128px": (84.1, {}),
}
