"""GPA ablation: the first head of the first block.

Paper:    Global Patch-wise Attention is Masterful Facilitator for Masked Image Modeling, ACM MM 2024, Table 5.
Command:  tools/dist_train.sh configs/gpa/ablations/table5_b0h0.py 8
Figure:   ImageNet-1K top-1 of the paper: 82.31 fine-tuned (block 9, head 11: 82.73).
Hardware: as configs/gpa/vitb_200e.py.
"""

_base_ = "../vitb_200e_teacher-only.py"
model = dict(masking=dict(score=dict(block=0, head=0)))
