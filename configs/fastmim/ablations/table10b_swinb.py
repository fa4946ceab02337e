"""FastMIM ablation: side of the masked squares (b, in pixels) and mask ratio (r, in per cent).

Swin-B at 128 px, HOG, 400 epochs.

Paper:    FastMIM, Table 10b.
Command:  tools/dist_train.sh configs/fastmim/ablations/table10b_swinb.py:ROW 8
Figure:   with each row: ImageNet-1K top-1 of the paper, fine-tuned.
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16.
"""

_base_ = "../swinb_400e.py"
rows = {
    "b16_r50": (83.9, {"model.encoder.mask_size": 16, "model.masking.ratio.ratio": 0.5}),
    "b16_r65": (84.0, {"model.encoder.mask_size": 16, "model.masking.ratio.ratio": 0.65}),
    "b16_r75": (83.8, {"model.encoder.mask_size": 16}),
    "b16_r85": (83.6, {"model.encoder.mask_size": 16, "model.masking.ratio.ratio": 0.85}),
    "b32_r50": (83.9, {"model.masking.ratio.ratio": 0.5}),
    "b32_r65": (83.9, {"model.masking.ratio.ratio": 0.65}),
    "b32_r85": (83.8, {"model.masking.ratio.ratio": 0.85}),
    "b64_r50": (83.6, {"model.masking.ratio.ratio": 0.5, "model.masking.unit": 64}),
    "b64_r65": (83.1, {"model.masking.ratio.ratio": 0.65, "model.masking.unit": 64}),
}
