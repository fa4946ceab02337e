"""PASS whose predictor does not train the encoder.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, which does not say.
Command:  tools/dist_train.sh configs/pass/ablations/detach.py 8
Figure:   none.
Hardware: as configs/pass/mae-vitb_200e.py.
"""

_base_ = "../mae-vitb_200e.py"
model = dict(tasks=dict(predict_loss=dict(detach=True)))
