"""FastMIM with distillation of the last tokens through the neck, ViT-B/16 at 128 px, 400 epochs.

Paper:    FastMIM, 5.6 and Table 9, read with i as tokens: the linear layer reads the 256 channels that the HOG decoder
          gets, too, and is compared with the teacher's last tokens behind its final norm.
Command:  tools/dist_train.sh configs/fastmim/ablations/table9_vitb_kd_neck.py 8
Figure:   none for this reading.
Hardware: as configs/fastmim/vitb_400e_kd.py.
"""

_base_ = "../vitb_400e_kd.py"
model = dict(tasks=dict(distill=dict(reads="neck", target=dict(block=None))))
