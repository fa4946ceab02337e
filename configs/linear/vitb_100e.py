"""Linear probe of a pre-trained ViT-B/16 on ImageNet-1K: HPM's, SGD and BatchNorm, 100 epochs.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, Table S3, batch 4096:
          the mean patch token; its code takes the class token (model.pool=cls).
Command:  tools/dist_train.sh configs/linear/vitb_100e.py 8 --init work_dirs/hpm/vitb_200e/epoch_200.pth
Figure:   top-1 of the paper: 54.92 (HPM, 200 epochs of pre-training), 50.80 (MAE). Of PASS: 52.5,
          beside MAE's 50.8.
Hardware: 8 GPUs of 16 GB at batch 512 each, bf16.
"""

_base_ = [
    "../_base_/models/vit-base_linear.py",
    "../_base_/datasets/imagenet_labelled.py",
    "../_base_/schedules/linear_sgd.py",
    "../_base_/classification_runtime.py",
]
model = dict(
    data_preprocessor=dict(type="ImagePreprocessor", **_base_._statistics),
    num_classes=_base_._num_classes,
)
train_dataloader = dict(batch_size=512, dataset=dict(dataset=dict(pipeline=_base_._linear)))
