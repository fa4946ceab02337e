"""Fine-tuning on STL-10 of a ViT-B/16 that was pre-trained on ImageNet-1K, 100 epochs.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, Table 1, which says "in
          accordance with the setting of MAE" and nothing of images and batches. Ours: the whole image at 224 px (crops
          of it in training), ImageNet's mean and deviation, batch 256, so that an epoch of 5000 images has 19 steps;
          the rest is MAE's recipe for ImageNet.
Command:  tools/dist_train.sh configs/finetune/stl10_vitb_100e.py 8 --init CHECKPOINT
Figure:   top-1 of the paper after 200 epochs of pre-training: 95.9 (MAE), 95.4 (BSS), 96.4 (PASS).
Hardware: 8 GPUs of 16 GB at batch 32 each, bf16.
"""

_base_ = "./mae_vitb_100e.py"
_evaluate = [dict(type="LoadImage"), dict(type="CenterResizedCrop", scale=224, crop_fraction=1.0), _base_._pack]
model = dict(num_classes=10)
train_dataloader = dict(
    batch_size=32,
    dataset=dict(dataset=dict(data_root="data/stl10/train")),
)
_test = dict(data_root="data/stl10/test", pipeline=_evaluate)
val_dataloader = dict(dataset=_test)
test_dataloader = dict(dataset=_test)
