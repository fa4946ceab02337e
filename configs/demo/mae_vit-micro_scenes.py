"""MAE, a micro ViT on the embedded scenes at 64x64: the baseline of the demo.

Paper:    He et al., Masked Autoencoders Are Scalable Vision Learners, 2022; its recipe scaled down.
Command:  python tools/train.py configs/demo/mae_vit-micro_scenes.py   (after python tools/make_scenes.py data/scenes)
Figure:   none in the paper; the run measures k-NN itself (metrics.json in its work folder).
Hardware: any; minutes on 2 CPU cores.
"""

_base_ = [
    "../_base_/models/mae_vit-micro.py",
    "../_base_/data/scenes.py",
    "../_base_/runtime/default.py",
]
model = dict(encoder=dict(patch_size=8))
train_dataloader = dict(batch_size=32)
optim_wrapper = dict(optimizer=dict(lr=4e-3))
schedule = dict(epochs=4, warmup_epochs=1)
default_hooks = dict(logger=dict(interval=10))
