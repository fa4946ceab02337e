"""PASS on MAE, a micro ViT on every fifth training image of CIFAR-10, 10 epochs, of which it sees 37 %.

The first epoch on all images, then on the 30 % that are hardest, chosen before the second and the seventh. A selection
costs about as much as a full epoch, so that it has to serve several.
Images are scored as they are: they fill their frame.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024; its recipe scaled down.
Command:  python tools/train.py configs/cifar10/pass_mae-vit-micro_10k.py --seed 0
Figure:   none in the paper.
Hardware: any; 2 CPU cores.
"""

_base_ = [
    "../_base_/models/mae_vit-micro.py",
    "../_base_/data/cifar10_10k.py",
    "../_base_/runtime/default.py",
]
model = dict(
    tasks=dict(
        predict_loss=dict(
            type="Task",
            decoder=dict(type="TransformerDecoder", depth=2),
            target=dict(type="PatchLossTarget", task="reconstruct"),
            loss=dict(type="AbsolutePatchLoss", target="raw", divide_by="all"),
        ),
    ),
)
default_hooks = dict(
    selection=dict(
        type="SelectionHook",
        selector=dict(type="WSSSelector", tau=0.1),
        warmup_epochs=1,
        interval=5,
        budget=0.37,
        dt_epochs=1,
        keep_last_block=True,
        transform=[dict(type="LoadImage"), dict(type="mmpretrain.PackInputs", meta_keys=("img_path",))],
    ),
)
find_unused_parameters = True
# ten thousand images for a few epochs: what 2 CPU cores train in minutes
optim_wrapper = dict(optimizer=dict(lr=4e-3))
schedule = dict(epochs=10, warmup_epochs=1)
