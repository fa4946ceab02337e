"""PASS on FastMIM, ViT-B/16 at 128 px, HOG, 200 epochs.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, on a host that it does
          not try: FastMIM.
Command:  tools/dist_train.sh configs/pass/fastmim-vitb_200e.py 8
Figure:   none in the papers.
Hardware: as configs/fastmim/vitb_400e.py.
"""

_base_ = [
    "../_base_/models/fastmim.py",
    "../_base_/data/imagenet_128.py",
    "../_base_/runtime/default.py",
    "../_base_/recipes/pass.py",
]
model = dict(
    encoder=dict(
        type="DenseViT",
        arch="base",
        patch_size=16,
        image_size="data.size",
        layer_scale=None,
        positions="sincos",
        init="xavier",
        mask_at="pixels",
    ),
    tasks=dict(predict_loss=_base_._predict_loss),
)
default_hooks = dict(selection=_base_._selection)
find_unused_parameters = True
schedule = dict(epochs=200)
