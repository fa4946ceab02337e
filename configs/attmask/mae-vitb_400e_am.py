"""AM on MAE, ViT-B/16, 400 epochs: patches drawn by attention, 75 % masked, none thrown away.

Paper:    Liu et al., Good Helper Is around You: Attention-Driven Masked Image Modeling, 2023: its masking without its
          throwing, the default ratios of its public code.
Command:  tools/dist_train.sh configs/attmask/mae-vitb_400e_am.py 8
Figure:   ImageNet-1K top-1: 82.5 fine-tuned (as quoted by SBAM, Table 2), by configs/finetune/amt_vitb_100e.py.
Hardware: as configs/attmask/mae-vitb_400e_attmask-high.py.
"""

_base_ = "./mae-vitb_400e_amt.py"
model = dict(masking=dict(policy=dict(throw=0.0, start_ratio=None), ratio=dict(ratio=0.75)))
