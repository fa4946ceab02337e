"""GPA whose teacher is the student's moving average: no pre-trained model is needed.

Paper:    Global Patch-wise Attention is Masterful Facilitator for Masked Image Modeling, ACM MM 2024.
Command:  tools/dist_train.sh configs/gpa/ablations/ema-teacher.py 8
Figure:   none; the paper's teacher is trained before. The decay is HPM's.
Hardware: as configs/gpa/vitb_200e.py.
"""

_base_ = "../vitb_200e.py"
_teacher = dict(teacher="ema")
model = dict(
    masking=dict(score=_teacher),
    tasks=dict(attention=dict(target=_teacher)),
    teachers=dict(mae=None, ema=dict(type="EMATeacher", start=0.999, end=0.9999, ramp_epochs=100)),
)
