"""PASS whose predictor's loss is the mean over the masked patches, 4/3 of what Eq. 5 gives.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, beside Eq. 5.
Command:  tools/dist_train.sh configs/pass/ablations/divide-by-masked.py 8
Figure:   none.
Hardware: as configs/pass/mae-vitb_200e.py.
"""

_base_ = "../mae-vitb_200e.py"
model = dict(tasks=dict(predict_loss=dict(loss=dict(divide_by="masked"))))
