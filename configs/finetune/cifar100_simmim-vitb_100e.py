"""Fine-tuning on CIFAR-100 of a ViT-B/16 that SimMIM trained on ImageNet-1K, 100 epochs.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, Table 1, which says "in
          accordance with the setting of simMIM" and nothing of images and batches. Ours: the whole image at 224 px
          (crops of it in training), ImageNet's mean and deviation; the rest is SimMIM's recipe for ImageNet.
Command:  tools/dist_train.sh configs/finetune/cifar100_simmim-vitb_100e.py 8 --init CHECKPOINT
Figure:   top-1 of the paper after 200 epochs of pre-training: 80.3 (SimMIM), 80.2 (BSS), 81.7 (PASS).
Hardware: as configs/finetune/simmim_vitb_100e.py.
"""

_base_ = "./simmim_vitb_100e.py"
data = dict(
    train=dict(data_root="data/cifar100/train"),
    test=dict(data_root="data/cifar100/test"),
    classes=100,
    center_crop=1.0,  # the whole image
)
