"""GPA whose attention task is compared at all patches, visible ones too.

Paper:    Global Patch-wise Attention is Masterful Facilitator for Masked Image Modeling, ACM MM 2024.
Command:  tools/dist_train.sh configs/gpa/ablations/mam_all-positions.py 8
Figure:   none; what its public code does, while Eq. 7 sums over masked patches.
Hardware: as configs/gpa/vitb_200e.py.
"""

_base_ = "../vitb_200e.py"
model = dict(tasks=dict(attention=dict(positions="all")))
