"""Fine-tuning of a pre-trained ViT-B/16 on ImageNet-1K, 100 epochs.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, Table S2.
          MAE's own recipe, with layer decay 0.65, is configs/finetune/mae_vitb_100e.py.
Command:  tools/dist_train.sh configs/finetune/vitb_100e.py 8 --init work_dirs/hpm/vitb_200e/epoch_200.pth
Figure:   top-1 after 200 epochs of pre-training: 82.95 (HPM; 84.2 after 800), 82.23 (MAE, as HPM and GPA report it),
          83.2 (GPA).
Hardware: 8 GPUs of 16 GB at batch 128 each, bf16.
"""

_base_ = [
    "../_base_/models/vit-base_finetune.py",
    "../_base_/datasets/imagenet_labelled.py",
    "../_base_/schedules/finetune.py",
    "../_base_/classification_runtime.py",
]
model = dict(
    data_preprocessor=dict(type="ImagePreprocessor", **_base_._statistics),
    encoder=dict(image_size=_base_._size),
    num_classes=_base_._num_classes,
)
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=_base_._finetune)))
