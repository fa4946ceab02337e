"""GPA with the soft share of its public code, 0.3 to 0.

Paper:    Global Patch-wise Attention is Masterful Facilitator for Masked Image Modeling, ACM MM 2024.
Command:  tools/dist_train.sh configs/gpa/ablations/code_soft03-0.py 8
Figure:   none; what the commands of its public code give, while the paper has 0.5 to 0.
Hardware: as configs/gpa/vitb_200e.py.
"""

_base_ = "../vitb_200e.py"
model = dict(masking=dict(policy=dict(soft_start=0.3)))
