"""HPM ablation: CLIP features, masks at random, without and with loss prediction.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, Table 1, whose third row is
          configs/hpm/vitb_200e_clip-target.py.
Command:  tools/dist_train.sh configs/hpm/ablations/table1_clip.py:ROW 8
Figure:   with each row: ImageNet-1K top-1 of the paper.
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16 (or batch 128 and accumulative_counts=4 on 32 GB).
"""

_base_ = "../vitb_200e_clip-target.py"
model = dict(masking=dict(score=None, policy=dict(_delete_=True, type="RandomPolicy")), teachers=dict(ema=None))
rows = {
    "none": ({"fine-tuned": 83.2, "linear": 59.8, "k-NN": 42.51}, {"model.tasks.predict_loss": None}),
    "loss-prediction": ({"fine-tuned": 83.31, "linear": 60.62, "k-NN": 43.26}, {}),
}
