"""GPA ablation: mask ratio 0.5, soft share 0.5 to 0.

Paper:    Global Patch-wise Attention is Masterful Facilitator for Masked Image Modeling, ACM MM 2024, Tables 3 and 4.
Command:  tools/dist_train.sh configs/gpa/ablations/table3_gamma50_soft05-0.py 8
Figure:   ImageNet-1K top-1 of the paper: 82.54 fine-tuned.
Hardware: as configs/gpa/vitb_200e.py.
"""

_base_ = "../vitb_200e_teacher-only.py"
model = dict(masking=dict(ratio=dict(ratio=0.5)))
