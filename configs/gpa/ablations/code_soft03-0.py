"""GPA as a teacher only, with the soft share of its public code, 0.3 to 0.

Paper:    Global Patch-wise Attention is Masterful Facilitator for Masked Image Modeling, ACM MM 2024.
Command:  tools/dist_train.sh configs/gpa/ablations/code_soft03-0.py 8
Figure:   none for this row: what the public command for a teacher gives (its default shares), while the paper has
          0.5 to 0 (82.73). With the attention task its public code keeps 0.3: code_teacher-and-feature.py.
Hardware: as configs/gpa/vitb_200e.py.
"""

_base_ = "../vitb_200e_teacher-only.py"
model = dict(masking=dict(policy=dict(soft_start=0.3)))
