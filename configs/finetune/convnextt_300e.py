"""Fine-tuning of FastMIM's ConvNeXt-T on ImageNet-1K, 300 epochs.

Paper:    FastMIM, Tables 4 and 12; rate, layer decay and drop path of this backbone are not told, these are Swin-B's.
Command:  tools/dist_train.sh configs/finetune/convnextt_300e.py 8 --init work_dirs/fastmim/convnextt_800e/epoch_800.pth
Figure:   ImageNet-1K top-1 of the paper: 82.6 after 800 epochs of pre-training.
Hardware: as configs/finetune/vitb_100e.py.
"""

_base_ = "./vitb_100e.py"
model = dict(
    encoder=dict(_delete_=True, type="DenseBackbone", backbone="convnext_tiny", image_size=224, drop_path=0.1),
)
optim_wrapper = dict(
    optimizer=dict(lr=1e-3),
    paramwise_cfg=dict(_delete_=True, layer_decay=0.8),
)
schedule = dict(epochs=300)
