"""GPA whose attention head predicts 768 channels and averages them.

Paper:    Global Patch-wise Attention is Masterful Facilitator for Masked Image Modeling, ACM MM 2024.
Command:  tools/dist_train.sh configs/gpa/ablations/mam_mean-of-768.py 8
Figure:   none; what its public code does, which reuses the head of the pixels.
Hardware: as configs/gpa/vitb_200e.py.
"""

_base_ = "../vitb_200e.py"
model = dict(tasks=dict(attention=dict(decoder=dict(mean_of=768))))
