"""Fine-tuning of FastMIM's CMT-S on ImageNet-1K, 200 epochs.

Paper:    FastMIM, Tables 4 and 12; rate, layer decay and drop path of this backbone are not told, these are Swin-B's.
          Classifier of the public code: a convolution to 1280 channels, BatchNorm, Swish, mean, dropout, linear; the
          encoder has no final norm.
Command:  tools/dist_train.sh configs/finetune/cmts_200e.py 8 --init work_dirs/fastmim/cmts_800e/epoch_800.pth
Figure:   ImageNet-1K top-1 of the paper: 83.9 after 800 epochs of pre-training.
Hardware: 8 GPUs of 24 GB at batch 128 each, bf16.
"""

_base_ = "./vitb_100e.py"
model = dict(
    encoder=dict(
        _delete_=True,
        type="DenseBackbone",
        backbone=dict(type="CMT", arch="small", drop_path=0.1),
        image_size=224,
    ),
    norm=None,
    expand=1280,
    dropout=0.1,
)
optim_wrapper = dict(
    optimizer=dict(lr=1e-3),
    paramwise_cfg=dict(_delete_=True, layer_decay=0.8),
)
schedule = dict(epochs=200)
