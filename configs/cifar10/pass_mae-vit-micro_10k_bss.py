"""Basic sample selection on MAE: the highest losses under random masks. CIFAR-10, 10 epochs, of which it sees 37 %.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024; its recipe scaled down.
Command:  python tools/train.py configs/cifar10/pass_mae-vit-micro_10k_bss.py --seed 0
Figure:   none in the paper.
Hardware: any; 2 CPU cores.
"""

_base_ = [
    "../_base_/models/mae_vit-micro.py",
    "../_base_/data/cifar10_10k.py",
    "../_base_/runtime/default.py",
]
default_hooks = dict(
    selection=dict(
        type="SelectionHook",
        selector=dict(type="BSSSelector"),
        warmup_epochs=1,
        interval=5,
        budget=0.37,
        dt_epochs=3,
        keep_last_block=True,
        transform=[dict(type="LoadImage"), dict(type="mmpretrain.PackInputs", meta_keys=("img_path",))],
    ),
)
# ten thousand images for a few epochs: what 2 CPU cores train in minutes
optim_wrapper = dict(optimizer=dict(lr=4e-3))
schedule = dict(epochs=10, warmup_epochs=1)
