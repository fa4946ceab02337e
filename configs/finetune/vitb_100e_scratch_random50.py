"""ViT-B/16 from scratch on a random half of the patches.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, supplement D ("random 50 %").
Command:  tools/dist_train.sh configs/finetune/vitb_100e_scratch_random50.py 8
Figure:   top-1 of the paper: 79.1 (all patches: 80.9).
Hardware: 8 GPUs of 16 GB at batch 128 each, bf16.
"""

_base_ = "./vitb_100e_scratch.py"
model = dict(type="PartClassifier", select="random", share=0.5)
