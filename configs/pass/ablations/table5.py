"""PASS ablation: mask ratio, in training and in selection.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, Table 5.
Command:  tools/dist_train.sh configs/pass/ablations/table5.py:ROW 8
Figure:   with each row: ImageNet-1K top-1 of the paper, fine-tuned, and how many times as fast as MAE at that ratio.
Hardware: as configs/pass/mae-vitb_200e.py; with ratio40 and ratio60 more patches are visible.
"""

_base_ = "../mae-vitb_200e.py"
rows = {
    "ratio40": ({"speed-up": 1.92, "fine-tuned": 82.72}, {"model.masking.ratio.ratio": 0.4}),
    "ratio60": ({"speed-up": 1.83, "fine-tuned": 82.89}, {"model.masking.ratio.ratio": 0.6}),
    "ratio90": ({"speed-up": 1.51, "fine-tuned": 82.25}, {"model.masking.ratio.ratio": 0.9}),
}
