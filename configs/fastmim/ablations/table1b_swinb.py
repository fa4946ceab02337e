"""FastMIM ablation: target, at 224 px. Swin-B, 800 epochs.

Paper:    FastMIM, Table 1b.
Command:  tools/dist_train.sh configs/fastmim/ablations/table1b_swinb.py:ROW 8
Figure:   with each row: ImageNet-1K top-1 of the paper, fine-tuned.
Hardware: 8 GPUs of 80 GB at batch 256 each, bf16 (or batch 128 and accumulative_counts=2 on 32 GB).
"""

_base_ = "../swinb_400e.py"
data = dict(size=224)
schedule = dict(epochs=800)
rows = {
    "pixel_224px": (
        {"fine-tuned": 84.0, "box AP": 52.3, "mask AP": 46.0},
        {"model.tasks.reconstruct.target": dict(_delete_=True, type="PixelTarget", normalize=True)},
    ),
    "hog_224px": ({"fine-tuned": 84.2, "box AP": 52.5, "mask AP": 46.3}, {}),
}
