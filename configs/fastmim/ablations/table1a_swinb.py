"""FastMIM ablation: input size, and windows that keep their share of it. Swin-B, normalised pixels, 100 epochs.

Paper:    FastMIM, Table 1a.
Command:  tools/dist_train.sh configs/fastmim/ablations/table1a_swinb.py:ROW 8
Figure:   with each row: ImageNet-1K top-1 of the paper, fine-tuned; with schedule.epochs=400 and 800 as well:
          configs/_papers/fastmim.yaml.
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16. 224px: 8 GPUs of 80 GB at batch 256 each, bf16 (or batch 128 and
          accumulative_counts=2 on 32 GB).
"""

_base_ = "../swinb_400e.py"
model = dict(tasks=dict(reconstruct=dict(target=dict(_delete_=True, type="PixelTarget", normalize=True))))
schedule = dict(epochs=100)
rows = {
    "64px": (82.82, {"data.size": 64}),
    "96px": (83.24, {"data.size": 96}),
    "128px": (83.32, {"data.size": 128}),
    "160px": (83.38, {"data.size": 160}),
    "192px": (83.46, {"data.size": 192}),
    "224px": (83.58, {"data.size": 224}),
}
