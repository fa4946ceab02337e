"""FastMIM ablation: input size of MAE. ViT-B/16, raw pixels, 400 epochs.

Paper:    FastMIM, Table 15.
Command:  tools/dist_train.sh configs/fastmim/ablations/table15_mae-vitb.py:ROW 8
Figure:   with each row: ImageNet-1K top-1 of the paper, fine-tuned; with schedule.epochs=800 as well:
          configs/_papers/fastmim.yaml.
Hardware: as configs/mae/vitb_200e.py.
"""

_base_ = "../../mae/vitb_200e.py"
model = dict(tasks=dict(reconstruct=dict(target=dict(normalize=False))))
schedule = dict(epochs=400)


def _px(size):
    return {"model.encoder.image_size": size, "train_dataloader.dataset.dataset.pipeline.1.scale": size}


rows = {
    "96px": (82.47, _px(96)),
    "128px": (82.89, _px(128)),
    "160px": (83.02, _px(160)),
    "192px": (83.08, _px(192)),
    "224px": (83.15, _px(224)),
}
