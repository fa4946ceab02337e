"""MAE on random subsets, as many images as PASS keeps. CIFAR-10, 10 epochs, of which it sees 37 %.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024; its recipe scaled down.
Command:  python tools/train.py configs/cifar10/pass_mae-vit-micro_10k_random.py --seed 0
Figure:   none in the paper.
Hardware: any; 2 CPU cores.
"""

_base_ = ["./pass_mae-vit-micro_10k_full.py", "../_base_/pass.py"]
_hook = dict(
    _base_._selection, warmup_epochs=1, interval=5, transform=_base_._as_it_is, selector=dict(type="RandomSelector")
)
default_hooks = dict(selection=_hook)
