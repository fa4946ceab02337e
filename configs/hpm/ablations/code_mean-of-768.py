"""HPM whose loss predictor averages 768 channels.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, which says that a patch gets one number.
Command:  tools/dist_train.sh configs/hpm/ablations/code_mean-of-768.py 8
Figure:   none for this row; what its public code does, whose two decoders have heads of one size.
Hardware: as configs/hpm/vitb_200e.py.
"""

_base_ = "../vitb_200e.py"
model = dict(tasks=dict(predict_loss=dict(decoder=dict(mean_of=768))))
