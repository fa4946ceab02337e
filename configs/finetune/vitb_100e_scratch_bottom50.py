"""ViT-B/16 from scratch on the half of the patches for which a pre-trained HPM predicts the lowest loss.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, supplement D ("bottom 50 %").
Command:  tools/dist_train.sh configs/finetune/vitb_100e_scratch_bottom50.py 8
Figure:   top-1 of the paper: 78.7 (all patches: 80.9).
Hardware: as configs/finetune/vitb_100e_scratch_top50.py.
"""

_base_ = "./vitb_100e_scratch_top50.py"
model = dict(select="lowest")
