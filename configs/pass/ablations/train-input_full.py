"""PASS whose predictor is trained on the full image, as it is used, not on visible patches and mask tokens.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, which does not say.
Command:  tools/dist_train.sh configs/pass/ablations/train-input_full.py 8
Figure:   none.
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16 (or batch 128 and accumulative_counts=4 on 32 GB); a step of the
          predictor's epochs takes another pass of the encoder.
"""

_base_ = "../mae-vitb_200e.py"
model = dict(tasks=dict(predict_loss=dict(train_input="full")))
