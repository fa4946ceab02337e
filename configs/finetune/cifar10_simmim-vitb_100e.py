"""Fine-tuning on CIFAR-10 of a ViT-B/16 that SimMIM trained on ImageNet-1K, 100 epochs.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, Table 1, which says "in
          accordance with the setting of simMIM" and nothing of images and batches. Ours: the whole image at 224 px
          (crops of it in training), ImageNet's mean and deviation; the rest is SimMIM's recipe for ImageNet.
Command:  tools/dist_train.sh configs/finetune/cifar10_simmim-vitb_100e.py 8 --init CHECKPOINT
Figure:   top-1 of the paper after 200 epochs of pre-training: 95.0 (SimMIM), 94.6 (BSS), 97.1 (PASS).
Hardware: as configs/finetune/simmim_vitb_100e.py.
"""

_base_ = "./simmim_vitb_100e.py"
data = dict(
    train=dict(data_root="data/cifar10/train"),
    test=dict(data_root="data/cifar10/test"),
    classes=10,
    center_crop=1.0,  # the whole image
)
