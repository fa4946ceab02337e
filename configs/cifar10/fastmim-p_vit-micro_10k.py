"""FastMIM-P, HOG at 16, 24 and 32 px, a micro ViT on every fifth training image of CIFAR-10, 6 epochs.

Paper:    FastMIM, scaled down.
Command:  python tools/train.py configs/cifar10/fastmim-p_vit-micro_10k.py --seed 0
Figure:   none in the paper; the run measures k-NN itself (metrics.json in its work folder).
Hardware: any; 2 CPU cores.
"""

_base_ = "./fastmim_vit-micro_10k.py"
schedule = dict(stages=[dict(epoch=0, size=16), dict(epoch=2, size=24), dict(epoch=4, size=32)])
