"""GPA as Eq. 5 is printed: a patch's query against the keys of all other patches.

Paper:    Global Patch-wise Attention is Masterful Facilitator for Masked Image Modeling, ACM MM 2024, Eq. 5.
Command:  tools/dist_train.sh configs/gpa/ablations/eq5_axis-query.py 8
Figure:   none; its introduction and its public code sum a patch's key over all queries.
Hardware: as configs/gpa/vitb_200e.py.
"""

_base_ = "../vitb_200e.py"
_attention = dict(axis="query", with_self=False, with_class=False)
model = dict(masking=dict(score=_attention), tasks=dict(attention=dict(target=_attention)))
