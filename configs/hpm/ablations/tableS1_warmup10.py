"""HPM with the warm-up of 10 epochs that its table has for ViT-B.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, Table S1.
Command:  tools/dist_train.sh configs/hpm/ablations/tableS1_warmup10.py 8
Figure:   ImageNet-1K top-1 of the paper: 82.95 fine-tuned, 54.92 linear, 36.09 k-NN, if it was this warm-up; its public
          scripts have 40 epochs (configs/hpm/vitb_200e.py).
Hardware: as configs/hpm/vitb_200e.py.
"""

_base_ = "../vitb_200e.py"
schedule = dict(warmup_epochs=10)
