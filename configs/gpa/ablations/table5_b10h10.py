"""GPA ablation: block 10, head 10, which one labelled image selects.

Paper:    Global Patch-wise Attention is Masterful Facilitator for Masked Image Modeling, ACM MM 2024, Table 5.
Command:  tools/dist_train.sh configs/gpa/ablations/table5_b10h10.py 8
Figure:   ImageNet-1K top-1 of the paper: 82.68 fine-tuned (block 9, head 11: 82.73).
Hardware: as configs/gpa/vitb_200e.py.
"""

_base_ = "../vitb_200e_teacher-only.py"
model = dict(masking=dict(score=dict(block=10, head=10)))
