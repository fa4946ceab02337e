"""MAE, ViT-B/16 at 224 px, a zero mask token in the decoder, raw pixels, 800 epochs.

Paper:    FastMIM (Empirical Study on Enhancing Efficiency in Masked Image Modeling Pre-training), Table 10a.
Command:  tools/dist_train.sh configs/fastmim/ablations/table10a_mae_zero.py 8
Figure:   ImageNet-1K top-1 of the paper: 83.2 fine-tuned.
Hardware: as configs/mae/vitb_200e.py.
"""

_base_ = "../../mae/vitb_200e.py"
model = dict(
    neck=dict(learn_token=False),
    tasks=dict(reconstruct=dict(target=dict(normalize=False))),
)
schedule = dict(epochs=800)
