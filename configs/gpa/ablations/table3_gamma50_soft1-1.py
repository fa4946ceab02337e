"""GPA ablation: mask ratio 0.5, soft share 1 to 1.

Paper:    Global Patch-wise Attention is Masterful Facilitator for Masked Image Modeling, ACM MM 2024, Table 3.
Command:  tools/dist_train.sh configs/gpa/ablations/table3_gamma50_soft1-1.py 8
Figure:   ImageNet-1K top-1 of the paper: 82.53 fine-tuned.
Hardware: as configs/gpa/vitb_200e.py.
"""

_base_ = "../vitb_200e_teacher-only.py"
model = dict(masking=dict(policy=dict(soft_start=1.0, soft_end=1.0), ratio=dict(ratio=0.5)))
