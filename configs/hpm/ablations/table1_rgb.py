"""HPM ablation: pixels, masks at random, without and with loss prediction.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, Table 1, whose third row is
          configs/hpm/vitb_200e.py.
Command:  tools/dist_train.sh configs/hpm/ablations/table1_rgb.py:ROW 8
Figure:   with each row: ImageNet-1K top-1 of the paper.
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16 (or batch 128 and accumulative_counts=4 on 32 GB).
"""

_base_ = "../vitb_200e.py"
model = dict(masking=dict(score=None, policy=dict(_delete_=True, type="RandomPolicy")), teachers=dict(ema=None))
rows = {
    # MAE on plain pixels, the baseline of the paper
    "none": ({"fine-tuned": 82.23, "linear": 50.8, "k-NN": 29.84}, {"model.tasks.predict_loss": None}),
    "loss-prediction": ({"fine-tuned": 82.49, "linear": 51.26, "k-NN": 31.98}, {}),
}
