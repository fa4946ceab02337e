"""MAE, a micro ViT on every fifth training image of CIFAR-10, 10 epochs: all images, what PASS is compared with.

Paper:    He et al., Masked Autoencoders Are Scalable Vision Learners, 2022; its recipe scaled down.
Command:  python tools/train.py configs/cifar10/pass_mae-vit-micro_10k_full.py --seed 0
Figure:   none in the paper.
Hardware: any; 2 CPU cores.
"""

_base_ = "./mae_vit-micro_10k.py"
schedule = dict(epochs=10)
