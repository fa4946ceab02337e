"""FastMIM ablation: input size. ViT-B/16, normalised pixels, 200 epochs.

Paper:    FastMIM, Table 1a.
Command:  tools/dist_train.sh configs/fastmim/ablations/table1a_vitb.py:ROW 8
Figure:   with each row: ImageNet-1K top-1 of the paper, fine-tuned; with schedule.epochs=400 and 800 as well:
          configs/_papers/fastmim.yaml.
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16.
"""

_base_ = "../vitb_400e.py"
model = dict(tasks=dict(reconstruct=dict(target=dict(_delete_=True, type="PixelTarget", normalize=True))))
schedule = dict(epochs=200)
rows = {
    "64px": (81.89, {"data.size": 64}),
    "96px": (82.44, {"data.size": 96}),
    "128px": (82.72, {"data.size": 128}),
    "160px": (82.96, {"data.size": 160}),
    "192px": (83.03, {"data.size": 192}),
    "224px": (83.12, {"data.size": 224}),
}
