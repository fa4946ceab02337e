"""GPA whose two decoders take turns: one step trains on pixels, the next one on attention.

Paper:    Global Patch-wise Attention is Masterful Facilitator for Masked Image Modeling, ACM MM 2024, section 3.3: "The
          RGB and attention decoder work in an alternating way". Eq. 8 and its public code sum the two losses.
Command:  tools/dist_train.sh configs/gpa/ablations/alternating.py 8
Figure:   none for this reading.
Hardware: as configs/gpa/vitb_200e.py.
"""

_base_ = "../vitb_200e.py"
model = dict(alternate=("reconstruct", "attention"))
find_unused_parameters = True
