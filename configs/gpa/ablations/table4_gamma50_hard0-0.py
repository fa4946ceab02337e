"""GPA ablation: mask ratio 0.5, hard share 0 to 0.

Paper:    Global Patch-wise Attention is Masterful Facilitator for Masked Image Modeling, ACM MM 2024, Table 4.
Command:  tools/dist_train.sh configs/gpa/ablations/table4_gamma50_hard0-0.py 8
Figure:   ImageNet-1K top-1 of the paper: 82.22 fine-tuned.
Hardware: as configs/gpa/vitb_200e.py.
"""

_base_ = "../vitb_200e_teacher-only.py"
model = dict(masking=dict(policy=dict(hard_start=0.0, hard_end=0.0), ratio=dict(ratio=0.5)))
