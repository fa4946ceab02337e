"""FastMIM ablation: input size of MAE. ViT-B/16, raw pixels, 400 epochs.

Paper:    FastMIM, Table 15.
Command:  tools/dist_train.sh configs/fastmim/ablations/table15_mae-vitb.py:ROW 8
Figure:   with each row: ImageNet-1K top-1 of the paper, fine-tuned; with schedule.epochs=800 as well:
          configs/_papers/fastmim.yaml.
Hardware: as configs/mae/vitb_200e.py.
"""

_base_ = "../../mae/vitb_200e.py"
model = dict(encoder=dict(image_size="data.size"), tasks=dict(reconstruct=dict(target=dict(normalize=False))))
schedule = dict(epochs=400)
rows = {
    "96px": (82.47, {"data.size": 96}),
    "128px": (82.89, {"data.size": 128}),
    "160px": (83.02, {"data.size": 160}),
    "192px": (83.08, {"data.size": 192}),
    "224px": (83.15, {"data.size": 224}),
}
