"""GPA whose attention task begins after three quarters of the training.

Before that the public code compares the mean of the decoder's input with the attention, which looks like a remnant
(code_teacher-and-feature.py has it so); here the task is left out.

Paper:    Global Patch-wise Attention is Masterful Facilitator for Masked Image Modeling, ACM MM 2024.
Command:  tools/dist_train.sh configs/gpa/ablations/mam_late.py 8
Figure:   none; near to its public code, whose attention decoder runs after three quarters only.
Hardware: as configs/gpa/vitb_200e.py.
"""

_base_ = "../vitb_200e.py"
model = dict(tasks=dict(attention=dict(start=0.75)))
find_unused_parameters = True
