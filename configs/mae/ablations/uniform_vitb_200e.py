"""MAE with uniform masks, one visible patch in every 2x2, ViT-B/16, 200 epochs.

Paper:    Li et al., Uniform Masking: Enabling MAE Pre-training for Pyramid-based Vision Transformers with Locality,
          2022: its uniform sampling without its secondary masking.
Command:  tools/dist_train.sh configs/mae/ablations/uniform_vitb_200e.py 8
Figure:   ImageNet-1K top-1 of its public code, with secondary masking: 82.88 fine-tuned, as much as with random masks;
          GPA, Table 6, quotes 82.8.
Hardware: as configs/mae/vitb_200e.py.
"""

_base_ = "../vitb_200e.py"
model = dict(masking=dict(policy=dict(type="UniformPolicy")))
