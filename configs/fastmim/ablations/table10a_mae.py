"""FastMIM ablation: MAE with a learned or a zero mask token in the decoder.

ViT-B/16 at 224 px, raw pixels, 800 epochs.

Paper:    FastMIM, Table 10a.
Command:  tools/dist_train.sh configs/fastmim/ablations/table10a_mae.py:ROW 8
Figure:   with each row: ImageNet-1K top-1 of the paper, fine-tuned.
Hardware: as configs/mae/vitb_200e.py.
"""

_base_ = "../../mae/vitb_200e.py"
model = dict(tasks=dict(reconstruct=dict(target=dict(normalize=False))))
schedule = dict(epochs=800)
rows = {
    "zero": (83.2, {"model.neck.learn_token": False}),
    "learned": (83.6, {}),
}
