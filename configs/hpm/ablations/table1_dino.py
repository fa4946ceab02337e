"""HPM ablation: DINO features, masks at random, without and with loss prediction.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, Table 1, whose third row is
          configs/hpm/vitb_200e_dino-target.py.
Command:  tools/dist_train.sh configs/hpm/ablations/table1_dino.py:ROW 8
Figure:   with each row: ImageNet-1K top-1 of the paper.
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16 (or batch 128 and accumulative_counts=4 on 32 GB).
"""

_base_ = "../vitb_200e_dino-target.py"
model = dict(masking=dict(score=None, policy=dict(_delete_=True, type="RandomPolicy")), teachers=dict(ema=None))
rows = {
    "none": ({"fine-tuned": 83.46, "linear": 61.31, "k-NN": 41.53}, {"model.tasks.predict_loss": None}),
    "loss-prediction": ({"fine-tuned": 83.58, "linear": 63.25, "k-NN": 43.02}, {}),
}
