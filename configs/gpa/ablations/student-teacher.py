"""GPA whose teacher is the student itself, as it is in each step, shown the whole image.

Paper:    Global Patch-wise Attention is Masterful Facilitator for Masked Image Modeling, ACM MM 2024.
Command:  tools/dist_train.sh configs/gpa/ablations/student-teacher.py 8
Figure:   none; the paper's teacher is trained before.
Hardware: as configs/gpa/vitb_200e.py.
"""

_base_ = "../vitb_200e.py"
_teacher = dict(teacher="student")
model = dict(
    masking=dict(score=_teacher),
    tasks=dict(attention=dict(target=_teacher)),
    teachers=dict(mae=None, student=dict(type="StudentTeacher")),
)
