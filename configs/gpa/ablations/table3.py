"""GPA ablation: mask ratio (gamma, in per cent), and soft share from start to end.

Paper:    Global Patch-wise Attention is Masterful Facilitator for Masked Image Modeling, ACM MM 2024, Table 3; rows
          with soft05-0 are in Table 4, too.
Command:  tools/dist_train.sh configs/gpa/ablations/table3.py:ROW 8
Figure:   with each row: ImageNet-1K top-1 of the paper, fine-tuned.
Hardware: as configs/gpa/vitb_200e.py.
"""

_base_ = "../vitb_200e_teacher-only.py"


def _soft(start, end):
    return {"model.masking.policy.soft_start": start, "model.masking.policy.soft_end": end}


rows = {
    "gamma75_soft0-0": (82.69, _soft(0.0, 0.0)),
    "gamma75_soft1-0": (82.69, _soft(1.0, 0.0)),
    "gamma75_soft1-1": (82.7, _soft(1.0, 1.0)),
    "gamma50_soft0-0": (82.5, {**_soft(0.0, 0.0), "model.masking.ratio.ratio": 0.5}),
    "gamma50_soft05-0": (82.54, {"model.masking.ratio.ratio": 0.5}),
    "gamma50_soft1-1": (82.53, {**_soft(1.0, 1.0), "model.masking.ratio.ratio": 0.5}),
    "gamma90_soft0-0": (82.41, {**_soft(0.0, 0.0), "model.masking.ratio.ratio": 0.9}),
    "gamma90_soft05-0": (82.51, {"model.masking.ratio.ratio": 0.9}),
    "gamma90_soft1-1": (82.37, {**_soft(1.0, 1.0), "model.masking.ratio.ratio": 0.9}),
}
