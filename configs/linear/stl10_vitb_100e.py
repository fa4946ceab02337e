"""Linear probe on STL-10 of a ViT-B/16 that was pre-trained on ImageNet-1K, 100 epochs.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, Table 1, which says "in
          accordance with the setting of MAE" and nothing of images and batches; its ImageNet column (50.8) is what
          HPM's probe gives. Ours: that probe, the whole image at 224 px (crops of it in training), ImageNet's mean and
          deviation, batch 256, base rate 0.1 as in configs/linear/cifar10_vit-micro.py.
Command:  python tools/train.py configs/linear/stl10_vitb_100e.py --init CHECKPOINT
Figure:   top-1 of the paper after 200 epochs of pre-training: 85.3 (MAE), 82.1 (BSS), 86.1 (PASS).
Hardware: one GPU at batch 256, bf16.
"""

_base_ = "./vitb_100e.py"
_evaluate = [dict(type="LoadImage"), dict(type="CenterResizedCrop", scale=224, crop_fraction=1.0), _base_._pack]
model = dict(num_classes=10)
optim_wrapper = dict(optimizer=dict(lr=0.1))
train_dataloader = dict(
    batch_size=256,
    dataset=dict(dataset=dict(data_root="data/stl10/train")),
)
_test = dict(data_root="data/stl10/test", pipeline=_evaluate)
val_dataloader = dict(dataset=_test)
test_dataloader = dict(dataset=_test)
