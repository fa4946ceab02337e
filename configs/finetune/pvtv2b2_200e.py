"""Fine-tuning of FastMIM's PVTv2-B2 on ImageNet-1K, 200 epochs.

Paper:    FastMIM, Tables 4 and 12; rate, layer decay and drop path of this backbone are not told, these are Swin-B's.
Command:  tools/dist_train.sh configs/finetune/pvtv2b2_200e.py 8 --init work_dirs/fastmim/pvtv2b2_800e/epoch_800.pth
Figure:   ImageNet-1K top-1 of the paper: 82.6 after 800 epochs of pre-training.
Hardware: as configs/finetune/vitb_100e.py.
"""

_base_ = [
    "../_base_/recipes/finetune.py",
    "../_base_/data/imagenet_labelled.py",
    "../_base_/runtime/classification.py",
]
model = dict(
    encoder=dict(
        type="DenseBackbone",
        backbone="pvt_v2_b2",
        image_size="data.size",
        drop_path=0.1,
        between="precedes",
    ),
    norm=None,
)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
schedule = dict(epochs=200)
