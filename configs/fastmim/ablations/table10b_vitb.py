"""FastMIM ablation: side of the masked squares (b, in pixels) and mask ratio (r, in per cent).

ViT-B/16 at 128 px, HOG, 400 epochs.

Paper:    FastMIM, Table 10b.
Command:  tools/dist_train.sh configs/fastmim/ablations/table10b_vitb.py:ROW 8
Figure:   with each row: ImageNet-1K top-1 of the paper, fine-tuned.
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16.
"""

_base_ = "../vitb_400e.py"
rows = {
    "b8_r50": (83.3, {"model.encoder.mask_size": 8, "model.masking.ratio.ratio": 0.5}),
    "b8_r65": (83.4, {"model.encoder.mask_size": 8, "model.masking.ratio.ratio": 0.65}),
    "b8_r75": (83.3, {"model.encoder.mask_size": 8}),
    "b8_r85": (82.9, {"model.encoder.mask_size": 8, "model.masking.ratio.ratio": 0.85}),
    "b16_r50": (83.3, {"model.masking.ratio.ratio": 0.5}),
    "b16_r65": (83.5, {"model.masking.ratio.ratio": 0.65}),
    "b16_r85": (83.5, {"model.masking.ratio.ratio": 0.85}),
    "b32_r50": (83.6, {"model.masking.ratio.ratio": 0.5, "model.masking.unit": 32}),
    "b32_r65": (83.4, {"model.masking.ratio.ratio": 0.65, "model.masking.unit": 32}),
    "b32_r75": (83.2, {"model.masking.unit": 32}),
    "b32_r85": (83.0, {"model.masking.ratio.ratio": 0.85, "model.masking.unit": 32}),
}
