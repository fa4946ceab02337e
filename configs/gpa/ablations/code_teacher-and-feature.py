"""GPA as a teacher and as a feature, as the model file of its public code has it, as a whole.

The soft share stays at 0.3, so that (hard, soft, random) go from (0, 44, 103) to (73, 44, 30) of 147. Attention is
compared at all patches; its head predicts 768 channels and averages them; its blocks start as a copy of the pixels'
and run after three quarters of the training, before which the mean of what they would be given is the prediction.

Paper:    Global Patch-wise Attention is Masterful Facilitator for Masked Image Modeling, ACM MM 2024; the recipe is
          that of configs/gpa/vitb_200e.py.
Command:  tools/dist_train.sh configs/gpa/ablations/code_teacher-and-feature.py 8
Figure:   none for this row; the paper, which describes vitb_200e.py, prints 83.22 fine-tuned and 64.9 linear.
Hardware: as configs/gpa/vitb_200e.py.
"""

_base_ = "../vitb_200e.py"
model = dict(
    masking=dict(policy=dict(soft_start=0.3, soft_end=0.3)),
    tasks=dict(
        attention=dict(
            decoder=dict(mean_of=768),
            positions="all",
            shortcut_until=0.75,
            blocks_from="reconstruct",
        ),
    ),
)
find_unused_parameters = True
