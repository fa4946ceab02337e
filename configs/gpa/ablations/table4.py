"""GPA ablation: mask ratio (gamma, in per cent), and hard share from start to end.

Paper:    Global Patch-wise Attention is Masterful Facilitator for Masked Image Modeling, ACM MM 2024, Table 4; its rows
          of hard 0 to 0.5 are in table3.py.
Command:  tools/dist_train.sh configs/gpa/ablations/table4.py:ROW 8
Figure:   with each row: ImageNet-1K top-1 of the paper, fine-tuned.
Hardware: as configs/gpa/vitb_200e.py.
"""

_base_ = "../vitb_200e_teacher-only.py"


def _hard(start, end):
    return {"model.masking.policy.hard_start": start, "model.masking.policy.hard_end": end}


rows = {
    "gamma75_hard0-0": (82.25, _hard(0.0, 0.0)),
    "gamma75_hard0-1": (82.71, _hard(0.0, 1.0)),
    "gamma75_hard1-1": (82.27, _hard(1.0, 1.0)),
    "gamma50_hard0-0": (82.22, {**_hard(0.0, 0.0), "model.masking.ratio.ratio": 0.5}),
    "gamma50_hard0-1": (82.37, {**_hard(0.0, 1.0), "model.masking.ratio.ratio": 0.5}),
    "gamma90_hard0-0": (82.2, {**_hard(0.0, 0.0), "model.masking.ratio.ratio": 0.9}),
    "gamma90_hard0-1": (81.82, {**_hard(0.0, 1.0), "model.masking.ratio.ratio": 0.9}),
}
