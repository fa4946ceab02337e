"""MAE with block-wise masks at ratio 0.5, ViT-B/16, 200 epochs.

Paper:    He et al., Masked Autoencoders Are Scalable Vision Learners, 2022, Table 1f. Blocks as in Bao et al., BEiT:
          BERT Pre-Training of Image Transformers, 2022, Algorithm 1.
Command:  tools/dist_train.sh configs/mae/ablations/block_vitb_200e.py 8
Figure:   none for ViT-B. The paper's ViT-L, 800 epochs, top-1 fine-tuned / linear: 83.9 / 72.3; with blocks at ratio
          0.75: 82.8 / 63.9; at random, 0.75: 84.9 / 73.5.
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16 (or batch 256 and accumulative_counts=2 on 32 GB); twice as many
          patches are visible.
"""

_base_ = "../vitb_200e.py"
model = dict(masking=dict(policy=dict(type="BlockPolicy"), ratio=dict(ratio=0.5)))
