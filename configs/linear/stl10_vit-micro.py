"""Linear probe of a micro ViT on STL-10.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023; its recipe scaled down.
Command:  python tools/train.py configs/linear/stl10_vit-micro.py --init work_dirs/stl10/hpm_vit-micro/epoch_200.pth
Figure:   none in the papers.
Hardware: any; one GPU or 2 CPU cores.
"""

_base_ = [
    "../_base_/models/vit-base_linear.py",
    "../_base_/datasets/stl10_labelled.py",
    "../_base_/schedules/linear_sgd.py",
    "../_base_/classification_runtime.py",
]
model = dict(
    data_preprocessor=dict(type="ImagePreprocessor", **_base_._statistics),
    encoder=dict(arch="micro", patch_size=8),
    num_classes=_base_._num_classes,
)
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=_base_._linear)))
optim_wrapper = dict(precision="fp32", optimizer=dict(lr=0.1))
