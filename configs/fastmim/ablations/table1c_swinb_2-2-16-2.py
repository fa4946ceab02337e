"""FastMIM, Swin-B with 16 blocks in its third stage at 128 px, 400 epochs.

Paper:    FastMIM (Empirical Study on Enhancing Efficiency in Masked Image Modeling Pre-training), Section 3, encoder
          depth; its target and epochs are not told.
Command:  tools/dist_train.sh configs/fastmim/ablations/table1c_swinb_2-2-16-2.py 8
Figure:   ImageNet-1K top-1 of the paper: 83.4 fine-tuned with new blocks in their place (load_options.least=0.6).
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16.
"""

_base_ = "../swinb_400e.py"
model = dict(encoder=dict(arch=dict(_delete_=True, embed_dim=128, depths=(2, 2, 16, 2), num_heads=(4, 8, 16, 32))))
