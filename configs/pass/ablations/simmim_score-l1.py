"""PASS on SimMIM, whose images are scored by its own L1 loss.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, which names the L2
          distance for every host.
Command:  tools/dist_train.sh configs/pass/ablations/simmim_score-l1.py 8
Figure:   none.
Hardware: as configs/pass/simmim-vitb_200e.py.
"""

_base_ = [
    "../../_base_/models/simmim.py",
    "../../_base_/data/imagenet_simmim.py",
    "../../_base_/runtime/default.py",
    "../../_base_/recipes/pass.py",
]
_decoder = dict(type="TransformerDecoder", depth=8, dim=512)
model = dict(
    encoder=dict(type="DenseViT", arch="base", patch_size=16, image_size="data.size", drop_path=0.1),
    tasks=dict(predict_loss=dict(_base_._predict_loss, decoder=_decoder)),
)
optim_wrapper = dict(paramwise_cfg=dict(no_decay=("cls_token", "mask_token")))
_selector = dict(type="WSSSelector", tau=0.1, score_loss="task")
default_hooks = dict(selection=dict(_base_._selection, selector=_selector))
find_unused_parameters = True
schedule = dict(epochs=200, steps=[175])
