"""MAE, ViT-B/16, 200 epochs, normalised pixels: the host of SBAM, GPA and PASS.

Paper:    He et al., Masked Autoencoders Are Scalable Vision Learners, 2022; the baseline row of PASS and GPA, Table 1.
Command:  tools/dist_train.sh configs/mae/vitb_200e.py 8
Figure:   ImageNet-1K top-1 as PASS and GPA print it: 82.2 fine-tuned, 50.8 linear. They are HPM's (82.23, 50.80, 29.84
          k-NN), which are of plain pixels: configs/hpm/ablations/table1_rgb.py:none.
Hardware: 8 GPUs of 32 GB at batch 512 each, bf16.
"""

_base_ = [
    "../_base_/models/mae_vit-base.py",
    "../_base_/data/imagenet.py",
    "../_base_/runtime/default.py",
]
