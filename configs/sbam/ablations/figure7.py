"""AMR ablation: half the range of the ratio around 0.75, and the salience above which patches count.

Paper:    Choi et al., Salience-Based Adaptive Masking: Revisiting Token Dynamics for Enhanced Pre-training, 2024,
          Figure 7, ViT-L; the values are in a figure only.
Command:  tools/dist_train.sh configs/sbam/ablations/figure7.py:ROW 8
Figure:   its Figure 7, ViT-L: stable when fine-tuned, sensitive in the linear probe, best at a range of 0.15 and a
          threshold of 0.1 (no number in the text).
Hardware: as configs/sbam/mae-vitl_400e.py.
"""

_base_ = "../mae-vitl_400e_amr.py"
rows = {
    "spread005": (None, {"model.masking.ratio.spread": 0.05}),
    "spread01": (None, {"model.masking.ratio.spread": 0.1}),
    "spread02": (None, {"model.masking.ratio.spread": 0.2}),
    "threshold005": (None, {"model.masking.ratio.threshold": 0.05}),
    "threshold02": (None, {"model.masking.ratio.threshold": 0.2}),
}
