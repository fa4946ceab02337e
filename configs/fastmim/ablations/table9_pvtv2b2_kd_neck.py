"""FastMIM with distillation of the last tokens through the neck, PVTv2-B2 at 128 px, 400 epochs.

Paper:    FastMIM, 5.6 and Table 9: the linear layer reads the 256 channels that the HOG decoder gets, too.
Command:  tools/dist_train.sh configs/fastmim/ablations/table9_pvtv2b2_kd_neck.py 8
Figure:   none for this reading.
Hardware: as configs/fastmim/pvtv2b2_400e_kd.py.
"""

_base_ = "../pvtv2b2_400e_kd.py"
model = dict(tasks=dict(distill=dict(reads="neck")))
