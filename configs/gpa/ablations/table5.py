"""GPA ablation: which head of which block the attention is of, counted from 0.

Paper:    Global Patch-wise Attention is Masterful Facilitator for Masked Image Modeling, ACM MM 2024, Table 5.
Command:  tools/dist_train.sh configs/gpa/ablations/table5.py:ROW 8
Figure:   with each row: ImageNet-1K top-1 of the paper, fine-tuned (block 9, head 11: 82.73).
Hardware: as configs/gpa/vitb_200e.py.
"""

_base_ = "../vitb_200e_teacher-only.py"


def _head(block, head):
    return {"model.masking.score.block": block, "model.masking.score.head": head}


rows = {
    "b0h0": (82.31, _head(0, 0)),
    "b11h11": (82.7, _head(11, 11)),
    "b11-all": (82.34, _head(11, None)),  # the sum over all heads
    "b10h10": (82.68, _head(10, 10)),  # which one labelled image selects
}
