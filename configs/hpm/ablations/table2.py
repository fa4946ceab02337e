"""HPM ablation: mask ratio (gamma, in per cent), and share of hard patches (alpha) from start to end.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, Table 2.
Command:  tools/dist_train.sh configs/hpm/ablations/table2.py:ROW 8
Figure:   with each row: ImageNet-1K top-1 of the paper, fine-tuned.
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16 (or batch 128 and accumulative_counts=4 on 32 GB).
"""

_base_ = "../vitb_200e.py"
_random = {
    "model.masking.score": None,
    "model.teachers.ema": None,
    "model.masking.policy": dict(_delete_=True, type="RandomPolicy"),
}


def _alpha(start, end):
    return {"model.masking.policy.alpha_start": start, "model.masking.policy.alpha_end": end}


rows = {
    "gamma75_alpha0-1": (82.67, _alpha(0.0, 1.0)),
    "gamma75_alpha1-1": (81.4, _alpha(1.0, 1.0)),
    "gamma50_alpha0-0": (82.36, {**_random, "model.masking.ratio.ratio": 0.5}),
    "gamma50_alpha0-05": (82.56, {"model.masking.ratio.ratio": 0.5}),
    "gamma50_alpha1-1": (82.19, {**_alpha(1.0, 1.0), "model.masking.ratio.ratio": 0.5}),
    "gamma90_alpha0-0": (82.48, {**_random, "model.masking.ratio.ratio": 0.9}),
    "gamma90_alpha0-05": (82.66, {"model.masking.ratio.ratio": 0.9}),
    "gamma90_alpha1-1": (80.59, {**_alpha(1.0, 1.0), "model.masking.ratio.ratio": 0.9}),
}
